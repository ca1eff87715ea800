/** What a map reads: JSON with its type, and the children of it by name. Written for being read, not for speed. */
import { isObject, type JsonObject } from '../../../src/definitions/item.ts';
import type { ElementDef, TypeDef, TypeTable } from '../../../src/definitions/types.ts';

export type Primitive = string | number | boolean;

export type Value = {
  /** Undefined: a primitive that has id or extensions only. */
  readonly json: Primitive | JsonObject | undefined;
  /** Absent for plain JSON. */
  readonly type?: TypeDef;
  /** Id and extensions of a primitive. */
  readonly extra?: JsonObject;
};

export const isPrimitive = (json: unknown): json is Primitive =>
  typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean';

/** An object with nothing but empty objects and lists in it. */
export const isVoid = (json: unknown): boolean =>
  Array.isArray(json) ? json.every(isVoid) : isObject(json) ? Object.values(json).every(isVoid) : json === null;

/** JSON as a value of a type; a resource says itself what it is. Undefined when there is nothing. */
export function valueOf(types: TypeTable, json: unknown, type?: TypeDef, extra?: unknown): Value | undefined {
  if (isObject(json)) {
    const own = json['resourceType'];
    const known = (typeof own === 'string' ? types.get(own) : undefined) ?? type;
    return { json, ...(known === undefined ? {} : { type: known }) };
  }
  if (!isPrimitive(json) && !isObject(extra)) return undefined;
  return {
    json: isPrimitive(json) ? json : undefined,
    ...(type === undefined ? {} : { type }),
    ...(isObject(extra) ? { extra } : {}),
  };
}

/** In a logical model the declared type says what a sender meant who writes numbers as strings, or the reverse. */
function asDeclared(value: Value): Value {
  const { json, type } = value;
  if (typeof json === 'string' && type?.name === 'boolean' && (json === 'true' || json === 'false'))
    return { ...value, json: json === 'true' };
  if (typeof json === 'string' && (type?.name === 'integer' || type?.name === 'decimal'))
    return /^-?\d+(?:\.\d+)?$/u.test(json.trim()) ? { ...value, json: Number(json) } : value;
  return type?.name === 'string' && isPrimitive(json) ? { ...value, json: String(json) } : value;
}

/** One or many, with what stands in the `_` twin, as a list. */
function valuesOf(types: TypeTable, json: unknown, type: TypeDef | undefined, extra: unknown): readonly Value[] {
  if (!Array.isArray(json) && !Array.isArray(extra)) {
    const only = valueOf(types, json, type, extra);
    return only === undefined ? [] : [only];
  }
  const items: readonly unknown[] = Array.isArray(json) ? json : [json];
  const extras: readonly unknown[] = Array.isArray(extra) ? extra : [extra];
  return Array.from({ length: Math.max(items.length, extras.length) }, (_, index) =>
    valueOf(types, items[index], type, extras[index]),
  ).filter((value) => value !== undefined);
}

const own = (json: JsonObject, key: string): unknown => (Object.hasOwn(json, key) ? json[key] : undefined);

/** The children that a name leads to: `value` finds any `value[x]`, `*` is all; a primitive's `value` is itself. */
export function childrenOf(types: TypeTable, parent: Value, name: string): readonly Value[] {
  const { json, type, extra } = parent;
  if (!isObject(json)) {
    // The value alone: id and extensions have names of their own.
    if (name === 'value' && json !== undefined) return [{ json, ...(type === undefined ? {} : { type }) }];
    if (extra === undefined) return [];
    const element = types.get('Element');
    return childrenOf(types, { json: extra, ...(element === undefined ? {} : { type: element }) }, name);
  }
  if (type === undefined || type.elements.size === 0) return untypedChildren(types, json, name);
  if (type.open && name !== '*' && types.element(type, name) === undefined) return untypedChildren(types, json, name);
  const children = typedChildren(types, json, type, name);
  const others = Object.keys(json).filter((key) => types.element(type, key) === undefined);
  return [
    ...(type.kind === 'logical' ? children.map(asDeclared) : children),
    ...(type.open && name === '*' ? others.flatMap((key) => untypedChildren(types, json, key)) : []),
  ];
}

function typedChildren(types: TypeTable, json: JsonObject, type: TypeDef, name: string): readonly Value[] {
  if (name === '*') return inOrder(types, json, type).flatMap((def) => ofElement(types, json, def));
  const found = types.element(type, name);
  if (found === undefined) return [];
  const { def, key } = found;
  return key === undefined
    ? ofElement(types, json, def)
    : valuesOf(types, own(json, key.key), key.type, own(json, key.extraKey));
}

/** The elements that an object has, in the order of the JSON. */
const inOrder = (types: TypeTable, json: JsonObject, type: TypeDef): readonly ElementDef[] => [
  ...new Set(Object.keys(json).flatMap((key) => types.element(type, key.replace(/^_/u, ''))?.def ?? [])),
];

const ofElement = (types: TypeTable, json: JsonObject, def: ElementDef): readonly Value[] =>
  def.keys
    .map(({ key, extraKey, type }) => valuesOf(types, own(json, key), type, own(json, extraKey)))
    .find((values) => values.length > 0) ?? [];

function untypedChildren(types: TypeTable, json: JsonObject, name: string): readonly Value[] {
  const named = (key: string): readonly Value[] => valuesOf(types, own(json, key), undefined, own(json, `_${key}`));
  if (name === '*')
    return Object.keys(json)
      .filter((key) => key !== 'resourceType' && !key.startsWith('_'))
      .flatMap(named);
  const exact = named(name);
  if (exact.length > 0 || name !== 'value') return exact;
  const choice = Object.keys(json).find((key) => /^value[A-Z]/u.test(key));
  return choice === undefined ? [] : named(choice);
}
