/** Paths of several names in one go: for what lies between the start and the end, no items and no lists are made. */
import { asDeclared, Item, stepTo, type JsonObject, type Step } from './item.ts';
import type { ElementKey, TypeDef, TypeTable } from './types.ts';

/** What a path leads to; one item, which most paths lead to, without a list around it. */
export type Found = Item | readonly Item[] | undefined;

export type Path = {
  readonly from: (item: Item) => Found;
  /** Whether it leads to anything. */
  readonly present: (item: Item) => boolean;
};

/** One name of a path. Remembers what the name meant in the type that came by last. */
class Hop {
  readonly #types: TypeTable;
  readonly #name: string;
  readonly #plain: ElementKey | undefined;
  #last: TypeDef | undefined;
  #key: ElementKey | undefined;

  constructor(types: TypeTable, name: string) {
    this.#types = types;
    this.#name = name;
    // In plain JSON `value` may be any `value…`, and a name may be one that every object has.
    this.#plain =
      name === 'value' || name in Object.prototype ? undefined : { key: name, extraKey: `_${name}`, type: undefined };
  }

  /** The one key under which the name stands; undefined where it takes more than that to find it. */
  keyIn(type: TypeDef | undefined): ElementKey | undefined {
    if (type === undefined) return this.#plain;
    if (type === this.#last) return this.#key;
    this.#last = type;
    const found = type.elements.size === 0 ? undefined : this.#types.element(type, this.#name);
    if (found !== undefined) this.#key = found.key ?? (found.def.choice ? undefined : found.def.keys[0]);
    else this.#key = type.elements.size === 0 || type.open ? this.#plain : undefined;
    return this.#key;
  }
}

const absent = Symbol('absent');
const general = Symbol('general');

/** The names of a path after its start. It finds what one `stepTo` after the other finds. */
export function pathTo(types: TypeTable, names: readonly string[]): Path {
  const hops = names.map((name) => new Hop(types, name));
  const steps = names.map((name) => stepTo(types, name));
  const end = hops.length - 1;

  /** Where the last walk ended: the value, its type, and whether that is of a logical model. */
  let value: unknown;
  let type: TypeDef | undefined;
  let lenient = false;
  let at = 0;

  /** Down as long as there is one value under one key. `general` with `value`, `type` and `at` where there is not. */
  const walk = (item: Item): typeof absent | typeof general | undefined => {
    value = item.json;
    type = item.type;
    for (at = 0; at <= end; at += 1) {
      if (typeof value !== 'object' || value === null) return general;
      const key = (hops[at] as Hop).keyIn(type);
      if (key === undefined) return general;
      const own = (value as JsonObject)[key.key];
      if (typeof own === 'object') {
        if (own === null || Array.isArray(own)) return general;
        lenient = false;
        value = own;
        type = key.type;
        if (type === undefined || (type.kind !== 'complex' && type.kind !== 'backbone')) {
          const written = (own as JsonObject)['resourceType'];
          if (typeof written === 'string') type = types.get(written) ?? type;
        }
        continue;
      }
      const mayHaveExtra = key.type === undefined || key.type.kind === 'primitive';
      if (mayHaveExtra && (value as JsonObject)[key.extraKey] !== undefined) return general;
      if (own === undefined) return absent;
      if (at < end) return general;
      lenient = type?.kind === 'logical';
      value = own;
      type = key.type;
    }
    return undefined;
  };

  /** The rest of the way where there are lists, choices, or ids and extensions of primitives. */
  const rest = (start: Item): readonly Item[] => {
    let items: Item[] = [at === 0 ? start : new Item(value, type)];
    for (let index = at; index <= end && items.length > 0; index += 1) {
      const step = steps[index] as Step;
      const next: Item[] = [];
      for (let each = 0; each < items.length; each += 1) step(items[each] as Item, next);
      items = next;
    }
    return items;
  };

  return {
    from: (item) => {
      const ended = walk(item);
      if (ended === undefined) return new Item(lenient ? asDeclared(value, type) : value, type);
      return ended === absent ? undefined : rest(item);
    },
    present: (item) => {
      const ended = walk(item);
      return ended === undefined || (ended === general && rest(item).length > 0);
    },
  };
}
