/** Visits every typed element of a resource, by the schemas that the validator has loaded. */
import { tryGetDataType, type InternalTypeSchema } from '@medplum/core';

export type Visit = (element: { readonly path: string; readonly type: string; readonly json: unknown }) => void;

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** The type of `key` in a type: of an element, or of one of the names of a choice. */
function typeOf(schema: InternalTypeSchema, key: string): string | undefined {
  const element = Object.hasOwn(schema.elements, key) ? schema.elements[key] : undefined;
  if (element !== undefined) return element.type[0]?.code;
  for (const [name, choice] of Object.entries(schema.elements)) {
    if (!name.endsWith('[x]') || !key.startsWith(name.slice(0, -3))) continue;
    const suffix = key.slice(name.length - 3);
    const type = choice.type.find(({ code }) => code.charAt(0).toUpperCase() + code.slice(1) === suffix);
    if (type !== undefined) return type.code;
  }
  return undefined;
}

export function walk(json: unknown, type: string, path: string, visit: Visit): void {
  visit({ path, type, json });
  if (!isObject(json)) return;
  const own = type === 'Resource' && typeof json['resourceType'] === 'string' ? json['resourceType'] : type;
  const schema = tryGetDataType(own);
  if (schema === undefined) return;
  for (const [key, value] of Object.entries(json)) {
    const elementType = typeOf(schema, key);
    if (elementType === undefined) continue;
    if (Array.isArray(value))
      value.forEach((item: unknown, index) => walk(item, elementType, `${path}.${key}[${index}]`, visit));
    else walk(value, elementType, `${path}.${key}`, visit);
  }
}
