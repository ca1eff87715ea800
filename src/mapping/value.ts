/** Values that a map reads: JSON with the FHIR type it has, when that is known. Never changed. */
import type { TypeTable } from './types.ts';

export type Primitive = string | number | boolean;
export type JsonObject = { readonly [key: string]: unknown };

export type Value = {
  readonly json: Primitive | JsonObject;
  /** FHIR type, or the path of a backbone element; absent for plain JSON. */
  readonly type?: string;
  /** Id and extensions of a primitive (`_birthDate`). */
  readonly extra?: JsonObject;
};

export const isPrimitive = (json: unknown): json is Primitive =>
  typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean';

export const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** The value with its type; a resource says itself which it is. */
export const valueOf = (json: unknown, type?: string, extra?: unknown): Value | undefined => {
  const more = isObject(extra) ? { extra } : {};
  if (isObject(json)) {
    const own = typeof json['resourceType'] === 'string' ? json['resourceType'] : type;
    return { json, ...(own === undefined ? {} : { type: own }) };
  }
  if (isPrimitive(json)) return { json, ...(type === undefined ? {} : { type }), ...more };
  // A primitive may have extensions and no value.
  return isObject(extra) ? { json: '', ...(type === undefined ? {} : { type }), ...more } : undefined;
};

const itemsOf = (json: unknown, type: string | undefined, extra: unknown): Value[] => {
  if (!Array.isArray(json) && !Array.isArray(extra)) {
    const value = valueOf(json, type, extra);
    return value === undefined ? [] : [value];
  }
  const items: unknown[] = Array.isArray(json) ? json : [];
  const extras: unknown[] = Array.isArray(extra) ? extra : [];
  return Array.from({ length: Math.max(items.length, extras.length) }, (_, index) =>
    valueOf(items[index], type, extras[index]),
  ).filter((value) => value !== undefined);
};

/** The children of a value by element name (FML §source): `value` finds any `value[x]`, `*` is all of them. */
export function childrenOf(types: TypeTable, parent: Value, element: string): Value[] {
  const { json } = parent;
  if (!isObject(json)) {
    if (element === 'value') return [parent];
    return parent.extra === undefined ? [] : childrenOf(types, { json: parent.extra, type: 'Element' }, element);
  }
  const type = types.get(parent.type);
  if (element === '*')
    return [...(type?.elements.keys() ?? Object.keys(json))].flatMap((name) => childrenOf(types, parent, name));
  const found = type === undefined ? undefined : types.element(type, element);
  if (found?.def.choice === true && found.fixed === undefined) {
    for (const code of found.def.types) {
      const key = `${found.def.name}${code.charAt(0).toUpperCase()}${code.slice(1)}`;
      const items = itemsOf(own(json, key), code, own(json, `_${key}`));
      if (items.length > 0) return items;
    }
    return [];
  }
  const elementType = found?.fixed ?? (found === undefined ? undefined : found.def.types[0]);
  const items = itemsOf(own(json, element), elementType, own(json, `_${element}`));
  if (items.length > 0 || type !== undefined || element !== 'value') return items;
  const key = Object.keys(json).find((name) => /^value[A-Z]/u.test(name));
  return key === undefined ? [] : itemsOf(json[key], undefined, own(json, `_${key}`));
}

const own = (json: JsonObject, key: string): unknown => (Object.hasOwn(json, key) ? json[key] : undefined);
