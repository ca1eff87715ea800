/** Paths of several names in one go: for what lies between the start and the end, no items and no lists are made. */
import { asDeclared, Item, stepTo, typeOf, type JsonObject, type Step } from './item.ts';
import { readerOf, worthMaking, type Reader } from './generated.ts';
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

/** What a walk ends with where there is not one value under one key all the way. */
const general = Symbol('general');

/** The names of a path after its start. It finds what one `stepTo` after the other finds. */
export function pathTo(types: TypeTable, names: readonly string[]): Path {
  const hops = names.map((name) => new Hop(types, name));
  const steps = names.map((name) => stepTo(types, name));
  const end = hops.length - 1;

  /** The type of what the last walk ended with, and whether that stands in a logical model. */
  let type: TypeDef | undefined;
  let lenient = false;
  /** Where the last walk that was `general` came to. */
  let reached: unknown;
  let at = 0;

  /** Code for the type that comes by most often, the last one that was there when it was made. */
  let usual: TypeDef | undefined;
  let ending: { readonly type: TypeDef | undefined; readonly lenient: boolean } = { type: undefined, lenient: false };
  const usualReader = worthMaking((): Reader | undefined => {
    const keys: ElementKey[] = [];
    let holder = usual;
    for (const hop of hops) {
      const key = hop.keyIn(holder);
      if (key === undefined) return undefined;
      keys.push(key);
      ending = { type: key.type, lenient: holder?.kind === 'logical' };
      holder = key.type;
    }
    return readerOf(keys);
  });

  /** The value at the end; undefined where there is none. */
  const walk = (item: Item): unknown => {
    let { json: value, type: its } = item;
    const reader = usualReader();
    if (reader === undefined) usual = its;
    else if (its === usual && typeof value === 'object' && value !== null) {
      const read = reader(value, general);
      if (read !== general) {
        ({ type } = ending);
        lenient = ending.lenient && typeof read !== 'object';
        return read;
      }
    }
    for (let index = 0; index <= end; index += 1) {
      const key = (hops[index] as Hop).keyIn(its);
      const own =
        key === undefined || typeof value !== 'object' || value === null ? null : (value as JsonObject)[key.key];
      if (typeof own === 'object' && own !== null && !Array.isArray(own)) {
        value = own;
        its = typeOf(types, own as JsonObject, (key as ElementKey).type);
        continue;
      }
      if (own !== null && !Array.isArray(own)) {
        const { type: to, extraKey } = key as ElementKey;
        const mayHaveExtra = to === undefined || to.kind === 'primitive';
        if (!mayHaveExtra || (value as JsonObject)[extraKey] === undefined) {
          if (own === undefined) return undefined;
          if (index === end) {
            lenient = its?.kind === 'logical';
            type = to;
            return own;
          }
        }
      }
      reached = value;
      type = its;
      at = index;
      return general;
    }
    lenient = false;
    type = its;
    return value;
  };

  /** The rest of the way where there are lists, choices, or ids and extensions of primitives. */
  const rest = (start: Item): readonly Item[] => {
    let items: Item[] = [at === 0 ? start : new Item(reached, type)];
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
      const value = walk(item);
      if (value === undefined) return undefined;
      return value === general ? rest(item) : new Item(lenient ? asDeclared(value, type) : value, type);
    },
    present: (item) => {
      const value = walk(item);
      return value === general ? rest(item).length > 0 : value !== undefined;
    },
  };
}
