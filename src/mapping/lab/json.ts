/** Reading the typed tree of HL7 v2 as plain JSON. */
import { isObject, type JsonObject } from '../../definitions/item.ts';

/** `""` says that the sender has deleted the value (HL7 v2.8.2 §2.5.3): there is none. */
export const explicitNull = '""';

/** What is written there; undefined for nothing, blanks and an explicit null. */
export function given(json: unknown): string | undefined {
  if (typeof json !== 'string' || json === '') return undefined;
  const text = json.trim();
  return text === '' || text === explicitNull ? undefined : text;
}

export const part = (json: unknown, name: string): string | undefined =>
  isObject(json) ? given(json[name]) : undefined;

export const object = (json: unknown): JsonObject => (isObject(json) ? json : {});

export const list = (json: unknown): readonly unknown[] =>
  json === undefined ? [] : Array.isArray(json) ? (json as unknown[]) : [json];

/** An object without what is undefined. */
export function compact(fields: Readonly<Record<string, unknown>>): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept;
}
