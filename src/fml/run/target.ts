/**
 * What a map builds: FHIR JSON as it will be sent, and for each variable a `Target` that knows the type of its object
 * and where it stands. What was made and never filled is taken out when somebody reads, and at the end.
 */
import { isObject, Item, type JsonObject } from '../../definitions/item.ts';
import type { ElementDef, ElementKey, TypeDef } from '../../definitions/types.ts';
import { Box, copyOf, isEmpty, isVoid, type Json } from './json.ts';
import type { Primitive } from './primitive.ts';

export class Target {
  /** The object; of a primitive the `Box` that holds its place. */
  json: Json;
  type: TypeDef | undefined;
  /** Whether it is a primitive, so that `json` is its box. */
  boxed: boolean;
  /** Of a primitive: its value once it has one. */
  value: Primitive | undefined;
  /** Where it stands. A target that stands nowhere yet is put in place itself; a second time it is copied. */
  parent: Target | undefined;
  key: string;
  /** Its content was not written by rules alone, so that what stands in a choice has to be looked for. */
  readonly foreign: boolean;
  /** The choices that rules have written: definition and key in turn. */
  choices: (ElementDef | ElementKey)[] | undefined;
  /** Of a primitive: the object of its id and extensions. */
  part: Target | undefined;

  constructor(json: Json, type: TypeDef | undefined, foreign = false) {
    this.json = json;
    this.type = type;
    this.boxed = false;
    this.value = undefined;
    this.parent = undefined;
    this.key = '';
    this.foreign = foreign;
    this.choices = undefined;
    this.part = undefined;
  }
}

export const isPrimitiveTarget = ({ boxed }: Target): boolean => boxed;

/** Whether `inner` is `outer`, or stands in it. */
export function standsIn(inner: Target, outer: Target): boolean {
  for (let at: Target | undefined = inner; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
}

/** A list whose first or last places were asked for. */
type Ordered = { firsts: number; lasts: number };

export class Output {
  /** Whether any primitive was given id or extensions by rules. */
  hasExtras = false;
  /** Objects that were made empty, in order. */
  #pending: Target[] = [];
  #boxed: Target[] = [];
  /** Lists of primitives with `_` twins, which are made equally long at the end. */
  #twins: { readonly json: Json; readonly key: string; readonly extraKey: string }[] | undefined;
  #given: { readonly json: Json; readonly key: string }[] | undefined;
  #ordered: Map<unknown, Ordered> | undefined;
  /** Where a cleaned copy was read: what each object in it is a copy of. */
  #originals: Map<object, Json> | undefined;
  /** Targets whose content was read: only through them does an object of the output come into an expression. */
  #read: Set<Target> | undefined;

  /** A new object that may stay empty. */
  made(target: Target): Target {
    this.#pending.push(target);
    return target;
  }

  /** A primitive that rules can write to. */
  primitive(type: TypeDef | undefined, value?: Primitive): Target {
    const target = new Target({}, type);
    target.value = value;
    target.boxed = true;
    target.json = new Box(() => target.value) as unknown as Json;
    this.#boxed.push(target);
    return target;
  }

  /** A list that was given empty, and may stay so. */
  given(json: Json, key: string): void {
    (this.#given ??= []).push({ json, key });
  }

  /** Adds to a list; `mode` says whether it goes to one end of it. Returns its place. */
  insert(parent: Json, key: string, value: unknown, mode: 'first' | 'last' | undefined): number {
    const standing = parent[key];
    if (standing === undefined) {
      const list = [value];
      parent[key] = list;
      if (mode !== undefined) this.#order(list, mode);
      return 0;
    }
    const list: unknown[] = Array.isArray(standing) ? standing : [standing];
    if (list !== standing) parent[key] = list;
    if (mode === undefined && this.#ordered === undefined) {
      return list.push(value) - 1;
    }
    const order = mode === undefined ? this.#ordered?.get(list) : this.#order(list, mode);
    if (order === undefined || mode === 'last') return list.push(value) - 1;
    const index = mode === 'first' ? order.firsts - 1 : list.length - order.lasts;
    list.splice(index, 0, value);
    const extras = parent[`_${key}`];
    if (Array.isArray(extras) && index < extras.length) extras.splice(index, 0, null);
    return index;
  }

  #order(list: unknown[], mode: 'first' | 'last'): Ordered {
    this.#ordered ??= new Map();
    let order = this.#ordered.get(list);
    if (order === undefined) this.#ordered.set(list, (order = { firsts: 0, lasts: 0 }));
    if (mode === 'first') order.firsts += 1;
    else order.lasts += 1;
    return order;
  }

  /** Id and extensions of the primitive that stands at `index` of a list, or (-1) alone. */
  setExtra(parent: Json, key: string, extraKey: string, extra: JsonObject, index: number): void {
    this.hasExtras = true;
    if (index < 0) {
      parent[extraKey] = extra;
      return;
    }
    const standing = parent[extraKey];
    const list: unknown[] = Array.isArray(standing) ? standing : [];
    while (list.length < index) list.push(null);
    list[index] = extra;
    parent[extraKey] = list;
    this.#twins ??= [];
    this.#twins.push({ json: parent, key, extraKey });
  }

  /** Takes out what stayed empty. Nothing may be written afterwards. */
  finish(): void {
    for (const { json, key } of this.#given ?? []) if (isVoid(json[key])) delete json[key];
    for (let index = this.#boxed.length - 1; index >= 0; index -= 1) unbox(this.#boxed[index] as Target);
    const pending = this.#pending;
    for (let index = pending.length - 1; index >= 0; index -= 1) {
      const target = pending[index] as Target;
      if (isEmpty(target.json)) detach(target);
    }
    if (this.#twins !== undefined) for (const { json, key, extraKey } of this.#twins) align(json, key, extraKey);
  }

  /** The object as it may be read: itself when nothing in it is empty, else a copy without that. */
  read(json: Json): Json {
    if (this.#pending.length > 0) this.#pending = this.#pending.filter(({ json: own }) => isVoid(own));
    if (this.#pending.length === 0 && this.#boxed.length === 0) return json;
    return this.#clean(json);
  }

  #clean(json: Json): Json {
    let copy: Json | undefined;
    for (const key of Object.keys(json)) {
      const own = json[key];
      if (typeof own !== 'object' || own === null) continue;
      const clean =
        own instanceof Box
          ? own.value
          : Array.isArray(own)
            ? this.#cleanList(own)
            : isVoid(own)
              ? undefined
              : this.#clean(own as Json);
      if (clean === own) continue;
      copy ??= { ...json };
      if (clean === undefined) delete copy[key];
      else copy[key] = clean;
    }
    if (copy === undefined) return json;
    (this.#originals ??= new Map()).set(copy, json);
    return copy;
  }

  #cleanList(list: readonly unknown[]): readonly unknown[] | undefined {
    let changed = false;
    const clean: unknown[] = [];
    for (const own of list) {
      if (own instanceof Box && own.value !== undefined) {
        changed = true;
        clean.push(own.value);
        continue;
      }
      if (isObject(own) && isVoid(own)) {
        changed = true;
        continue;
      }
      const item = isObject(own) ? this.#clean(own) : own;
      if (item !== own) changed = true;
      clean.push(item);
    }
    return changed ? (clean.length === 0 ? undefined : clean) : list;
  }

  /** The object that rules write to, of which `json` may be a cleaned copy. */
  originalOf(json: JsonObject): Json {
    return this.#originals?.get(json) ?? json;
  }

  /** Whether an object that was read stands in one of the outputs, so that it may be written to. */
  owns(json: JsonObject, outputs: readonly Target[]): boolean {
    // Most of what is asked about was read from a source: the whole output is not walked for it.
    if (this.#read === undefined || ![...this.#read].some((target) => holds(target.json, json))) return false;
    return outputs.some((output) => holds(output.json, json));
  }

  /** A target as a source or an expression reads it. Undefined for a primitive that has no value yet. */
  itemOf(target: Target): Item | undefined {
    if (isPrimitiveTarget(target)) {
      const extra = target.part === undefined || isVoid(target.part.json) ? undefined : target.part.json;
      return target.value === undefined && extra === undefined ? undefined : new Item(target.value, target.type, extra);
    }
    (this.#read ??= new Set()).add(target);
    return new Item(this.read(target.json), target.type);
  }
}

function holds(tree: unknown, json: JsonObject): boolean {
  if (tree === json) return true;
  if (Array.isArray(tree)) return tree.some((each) => holds(each, json));
  return isObject(tree) && Object.values(tree).some((each) => holds(each, json));
}

/** Puts the value in the place of its box; without a value, the place goes, unless it has extensions. */
function unbox(target: Target): void {
  const { parent, key, value, json: box } = target;
  if (parent === undefined) return;
  const standing = parent.json[key];
  if (!Array.isArray(standing)) {
    if (standing !== box) return;
    if (value !== undefined) parent.json[key] = value;
    else {
      delete parent.json[key];
      if (isEmpty(parent.json)) detach(parent);
    }
    return;
  }
  const index = standing.indexOf(box);
  if (index < 0) return;
  const extras = parent.json[`_${key}`];
  if (value !== undefined) standing[index] = value;
  else if (Array.isArray(extras) && !isVoid(extras[index])) standing[index] = null;
  else detach(target);
}

function detach(target: Target): void {
  const { parent, key } = target;
  if (parent === undefined) return;
  const standing = parent.json[key];
  if (Array.isArray(standing)) {
    const index = standing.indexOf(target.json);
    if (index < 0) return;
    if (key.startsWith('_')) {
      standing[index] = null;
      return;
    }
    standing.splice(index, 1);
    const extras = parent.json[`_${key}`];
    if (Array.isArray(extras)) extras.splice(index, 1);
    if (standing.length === 0) delete parent.json[key];
  } else if (standing === target.json) delete parent.json[key];
  if (isEmpty(parent.json)) detach(parent);
}

/** A list and its `_` twin have the same length, and are left out when they hold nothing. */
function align(json: Json, key: string, extraKey: string): void {
  const [list, extras] = [json[key], json[extraKey]];
  if (!Array.isArray(extras)) return;
  if (Array.isArray(list)) {
    while (extras.length < list.length) extras.push(null);
    if (list.every((item) => item === null)) delete json[key];
  }
}

/** An object of its own, to be written to: a copy of what is read. */
export function targetFrom(item: Item): Target | undefined {
  const { json, type } = item;
  if (isObject(json)) {
    const copy = copyOf(json);
    return copy === undefined ? undefined : new Target(copy as Json, type, true);
  }
  return undefined;
}
