/**
 * One value that an expression or a map reads: JSON as it stands, with its type where that is known. Never changed.
 * FHIRPath, FML and the validator all read data through this, so that a path means the same to each.
 */
import type { ElementDef, ElementKey, TypeDef, TypeTable } from './types.ts';

export type JsonObject = { readonly [key: string]: unknown };

/** A class, so that all items have one shape. */
export class Item {
  /** A primitive, or an object. `undefined`: a primitive that has id or extensions and no value. */
  readonly json: unknown;
  /** Absent for plain JSON. */
  readonly type: TypeDef | undefined;
  /** Id and extensions of a primitive (`_birthDate`). */
  readonly extra: JsonObject | undefined;

  constructor(json: unknown, type: TypeDef | undefined, extra?: JsonObject) {
    this.json = json;
    this.type = type;
    this.extra = extra;
  }
}

export const nothing: readonly Item[] = Object.freeze([]);

export const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** A whole input as an item: a resource says itself what it is. Undefined for null, lists and undefined. */
export function itemOf(types: TypeTable, json: unknown, type?: TypeDef): Item | undefined {
  if (isObject(json)) {
    const own = json['resourceType'];
    return new Item(json, typeof own === 'string' ? (types.get(own) ?? type) : type);
  }
  return json === undefined || json === null || Array.isArray(json) ? undefined : new Item(json, type);
}

/** Appends to `out` the children that a name leads to. Made once for each step of a path. */
export type Step = (item: Item, out: Item[]) => void;

/**
 * A step by name: `value` finds any `value[x]`, `valueQuantity` the one type; a single value where a list is defined,
 * and a list where one value is, are read as they are. On a primitive, `id` and `extension` come from its `_` twin.
 */
export function stepTo(types: TypeTable, name: string): Step {
  // One type at a time comes by in practice: remember what the name meant in the last one.
  let last: TypeDef | undefined;
  let key: ElementKey | undefined;
  let choice: JsonKeys | undefined;
  const extraName = `_${name}`;
  return (item, out) => {
    const { json, type } = item;
    if (typeof json !== 'object' || json === null) {
      // A primitive is an element too, and its value a child of it (`linkId.value`, `birthDate.value`).
      if (name === 'value') {
        if (json !== undefined && json !== null) out.push(item.extra === undefined ? item : new Item(json, item.type));
        return;
      }
      if (item.extra !== undefined && (name === 'id' || name === 'extension'))
        collect(
          types,
          item.extra,
          name,
          extraName,
          name === 'id' ? types.get('string') : types.get('Extension'),
          false,
          out,
        );
      return;
    }
    const object = json as JsonObject;
    if (type === undefined || type.elements.size === 0) {
      untyped(types, object, name, extraName, out);
      return;
    }
    if (type !== last) {
      last = type;
      const found = types.element(type, name);
      choice = found !== undefined && found.key === undefined && found.def.choice ? choiceKeys(found.def) : undefined;
      key = found?.key ?? found?.def.keys[0];
    }
    if (choice !== undefined) oneOf(types, object, choice, type.kind === 'logical', out);
    else if (key !== undefined) collect(types, object, key.key, key.extraKey, key.type, type.kind === 'logical', out);
    else if (type.open) untyped(types, object, name, extraName, out);
  };
}

/** Every child of an item, in the order of the JSON. */
export function childrenOf(types: TypeTable, item: Item): Item[] {
  const out: Item[] = [];
  const { json, type } = item;
  if (!isObject(json)) {
    if (item.extra !== undefined) for (const name of ['id', 'extension']) stepTo(types, name)(item, out);
    return out;
  }
  const known = type === undefined || type.elements.size === 0 ? undefined : keysOf(type);
  const lenient = type?.kind === 'logical';
  const keys = Object.keys(json);
  for (let index = 0; index < keys.length; index += 1) {
    const name = keys[index] as string;
    const key = known?.get(name);
    if (key !== undefined) {
      // A value and its twin are one child.
      if (name === key.key || json[key.key] === undefined)
        collect(types, json, key.key, key.extraKey, key.type, lenient, out);
    } else if ((known === undefined || type?.open === true) && name !== 'resourceType' && !name.startsWith('_'))
      collect(types, json, name, `_${name}`, undefined, false, out);
  }
  return out;
}

/** JSON name, or that of the `_` twin → the element's key. */
type JsonKeys = ReadonlyMap<string, ElementKey>;

const keysOfTypes = new WeakMap<TypeDef, JsonKeys>();
const keysOfChoices = new WeakMap<ElementDef, JsonKeys>();

const jsonKeys = (keys: readonly ElementKey[]): JsonKeys =>
  new Map(
    keys.flatMap((key): [string, ElementKey][] => [
      [key.key, key],
      [key.extraKey, key],
    ]),
  );

function keysOf(type: TypeDef): JsonKeys {
  const standing = keysOfTypes.get(type);
  if (standing !== undefined) return standing;
  const made = jsonKeys([...type.elements.values()].flatMap(({ keys }) => keys));
  keysOfTypes.set(type, made);
  return made;
}

function choiceKeys(def: ElementDef): JsonKeys {
  const standing = keysOfChoices.get(def);
  if (standing !== undefined) return standing;
  const made = jsonKeys(def.keys);
  keysOfChoices.set(def, made);
  return made;
}

/** An object has few keys, an extension's value fifty types. */
function oneOf(types: TypeTable, object: JsonObject, choice: JsonKeys, lenient: boolean, out: Item[]): void {
  const names = Object.keys(object);
  for (let index = 0; index < names.length; index += 1) {
    const key = choice.get(names[index] as string);
    if (key === undefined) continue;
    const before = out.length;
    collect(types, object, key.key, key.extraKey, key.type, lenient, out);
    if (out.length > before) return;
  }
}

/** Plain JSON: the key itself; else, as senders of FHIR-like JSON write, the one key of a choice (`value` → `valueCode`). */
function untyped(types: TypeTable, object: JsonObject, name: string, extraName: string, out: Item[]): void {
  const before = out.length;
  collect(types, object, name, extraName, undefined, false, out);
  if (out.length > before || name !== 'value') return;
  const key = Object.keys(object).find((each) => /^value[A-Z]/u.test(each));
  if (key !== undefined) collect(types, object, key, `_${key}`, undefined, false, out);
}

function collect(
  types: TypeTable,
  object: JsonObject,
  key: string,
  extraKey: string,
  type: TypeDef | undefined,
  lenient: boolean,
  out: Item[],
): void {
  // Names of definitions are never those of Object.prototype; names of plain JSON may be.
  const json = type !== undefined || Object.hasOwn(object, key) ? object[key] : undefined;
  const extra = type === undefined || type.kind === 'primitive' ? object[extraKey] : undefined;
  if (Array.isArray(json) || Array.isArray(extra)) {
    const items: readonly unknown[] = Array.isArray(json) ? json : [];
    const extras: readonly unknown[] = Array.isArray(extra) ? extra : [];
    const length = Math.max(items.length, extras.length);
    for (let index = 0; index < length; index += 1) put(types, items[index], extras[index], type, lenient, out);
  } else put(types, json, extra, type, lenient, out);
}

function put(
  types: TypeTable,
  json: unknown,
  extra: unknown,
  type: TypeDef | undefined,
  lenient: boolean,
  out: Item[],
): void {
  if (json === undefined || json === null) {
    if (isObject(extra)) out.push(new Item(undefined, type, extra));
  } else if (typeof json === 'object') {
    out.push(new Item(json, typeOf(types, json as JsonObject, type)));
  } else out.push(new Item(lenient ? asDeclared(json, type) : json, type, isObject(extra) ? extra : undefined));
}

/** What an object is where `type` is asked for: a resource says it itself. */
export function typeOf(types: TypeTable, json: JsonObject, type: TypeDef | undefined): TypeDef | undefined {
  if (type !== undefined && (type.kind === 'complex' || type.kind === 'backbone')) return type;
  const own = json['resourceType'];
  return typeof own === 'string' ? (types.get(own) ?? type) : type;
}

/** Senders write numbers and booleans as strings; the type that a logical model declares says what is meant. */
export function asDeclared(json: unknown, type: TypeDef | undefined): unknown {
  if (typeof json === 'string') {
    if (type?.name === 'boolean') return json === 'true' ? true : json === 'false' ? false : json;
    if (type?.name === 'integer' || type?.name === 'decimal')
      return /^-?\d+(?:\.\d+)?$/u.test(json.trim()) ? Number(json) : json;
    return json;
  }
  return type?.name === 'string' ? String(json) : json;
}
