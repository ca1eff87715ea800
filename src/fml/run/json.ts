/** JSON that a map writes: deep copies, and what counts as empty. */
import { isObject, type JsonObject } from '../../definitions/item.ts';
import type { TypeDef, TypeTable } from '../../definitions/types.ts';
import { Fault } from './fault.ts';
import { castPrimitive, isPrimitive, type Primitive } from './primitive.ts';

export type Json = Record<string, unknown>;

/** Names that an object of JavaScript has without being given them: nobody may write them. */
export function refuseUnsafe(name: string): void {
  if (name in Object.prototype || name === 'prototype')
    throw new Fault('unknown-element', `“${name}” is not allowed as the name of an element`);
}

/**
 * Stands in the output for a primitive that a variable names, so that later rules write to that one and no other; its
 * value takes the place at the end.
 */
export class Box {
  readonly #value: () => Primitive | undefined;

  constructor(value: () => Primitive | undefined) {
    this.#value = value;
  }

  get value(): Primitive | undefined {
    return this.#value();
  }
}

export function isEmpty(json: object): boolean {
  for (const _ in json) return false;
  return true;
}

/** Whether nothing would be left of it: an object or list with nothing but empty ones inside. */
export function isVoid(json: unknown): boolean {
  if (typeof json !== 'object') return json === undefined;
  if (json === null) return true;
  if (json instanceof Box) return json.value === undefined;
  if (Array.isArray(json)) return json.every(isVoid);
  for (const key in json) if (!isVoid((json as Json)[key])) return false;
  return true;
}

/** A deep copy without what is empty; undefined when nothing is left. `null` stays in lists, where positions count. */
export function copyOf(json: unknown): unknown {
  if (typeof json !== 'object') return json;
  if (json === null) return undefined;
  if (Array.isArray(json)) {
    const copy: unknown[] = [];
    let filled = false;
    for (let index = 0; index < json.length; index += 1) {
      const own: unknown = json[index];
      const item = own === null ? null : copyOf(own);
      if (item === undefined) continue;
      if (item !== null) filled = true;
      copy.push(item);
    }
    return filled ? copy : undefined;
  }
  let copy: Json | undefined;
  for (const key of Object.keys(json)) {
    refuseUnsafe(key);
    const item = copyOf((json as JsonObject)[key]);
    if (item === undefined) continue;
    if (copy === undefined) copy = {};
    copy[key] = item;
  }
  return copy;
}

/**
 * A deep copy of JSON whose type was not known (plain, or a logical model) as a type of FHIR: lists where that defines
 * lists and single values where it does not.
 */
export function copyAs(types: TypeTable, type: TypeDef, json: JsonObject): Json | undefined {
  const copy: Json = {};
  for (const key of Object.keys(json)) {
    refuseUnsafe(key);
    const written = json[key];
    if (key === 'resourceType') {
      if (type.kind === 'resource') copy[key] = type.name;
      continue;
    }
    if (key.startsWith('_')) {
      const extra = copyOf(written);
      if (extra !== undefined) copy[key] = extra;
      continue;
    }
    const found = types.element(type, key);
    const elementType = found?.key?.type ?? found?.def.types[0];
    const items = (Array.isArray(written) ? written : [written])
      .map((item: unknown) =>
        isObject(item) && elementType !== undefined && elementType.elements.size > 0 && elementType.kind !== 'primitive'
          ? copyAs(
              types,
              typeof item['resourceType'] === 'string' ? (types.get(item['resourceType']) ?? elementType) : elementType,
              item,
            )
          : elementType?.kind === 'primitive' && isPrimitive(item)
            ? (castPrimitive(item, elementType.name) ?? item)
            : copyOf(item),
      )
      .filter((item) => item !== undefined);
    if (items.length === 0) continue;
    copy[key] = (found?.def.repeats ?? Array.isArray(written)) ? items : items[0];
  }
  return isEmpty(copy) ? undefined : copy;
}

/** A deep copy with all that is empty, for an output to go on from; tells where empty lists are. */
export function copyWhole(json: unknown, emptyList: (json: Json, key: string) => void): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => copyWhole(item, emptyList));
  const copy: Json = {};
  for (const key of Object.keys(json)) {
    refuseUnsafe(key);
    const own = (json as JsonObject)[key];
    copy[key] = copyWhole(own, emptyList);
    if (Array.isArray(own) && own.length === 0) emptyList(copy, key);
  }
  return copy;
}
