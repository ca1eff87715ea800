/**
 * Filtering, projection, subsetting, combining and tree navigation (https://hl7.org/fhirpath/N1/#filtering-and-projection
 * to #tree-navigation), iif() and aggregate().
 */
import { childrenOf, nothing, type Item } from '../../definitions/item.ts';
import { distinctItems, includesItem } from '../equality.ts';
import { foundFrom, foundNode, truthFrom, walk, type Call, type Items, type Node } from '../node.ts';
import { integerOf, several, stringOf } from '../system.ts';
import { onItems, parameter, type BuiltIn, type BuiltIns } from './define.ts';

/** Appends, without the limit that spreading a list into a call has. */
export function append(out: Item[], items: readonly Item[]): void {
  for (let index = 0; index < items.length; index += 1) out.push(items[index] as Item);
}

function where({ of: { items }, parameters, what }: Call): Node {
  const criterion = truthFrom(parameters[0] as Node, what);
  return {
    items: (focus, scope) => {
      const input = items(focus, scope);
      if (input.length === 0) return nothing;
      const inner = walk(scope);
      const out: Item[] = [];
      for (let index = 0; index < input.length; index += 1) {
        inner.index = index;
        const item = input[index] as Item;
        if (criterion([item], inner) === true) out.push(item);
      }
      return out;
    },
    exists: (focus, scope) => {
      const input = items(focus, scope);
      if (input.length === 0) return false;
      const inner = walk(scope);
      for (let index = 0; index < input.length; index += 1) {
        inner.index = index;
        if (criterion([input[index] as Item], inner) === true) return true;
      }
      return false;
    },
  };
}

function select({ of: { items }, parameters }: Call): Node {
  const projection = (parameters[0] as Node).items;
  return {
    items: (focus, scope) => {
      const input = items(focus, scope);
      if (input.length === 0) return nothing;
      const inner = walk(scope);
      const out: Item[] = [];
      for (let index = 0; index < input.length; index += 1) {
        inner.index = index;
        append(out, projection([input[index] as Item], inner));
      }
      return out;
    },
  };
}

/** Items that were met before are not taken again, so that a circle comes to its end. */
function repeat({ of: { items }, parameters }: Call): Node {
  const projection = (parameters[0] as Node).items;
  return {
    items: (focus, scope) => {
      const out: Item[] = [];
      const met = new Set<unknown>();
      let next = items(focus, scope);
      const inner = walk(scope);
      while (next.length > 0) {
        const found: Item[] = [];
        for (const item of next)
          for (const each of projection([item], inner)) {
            const key = JSON.stringify(each.json ?? each.extra);
            if (met.has(key)) continue;
            met.add(key);
            found.push(each);
          }
        append(out, found);
        next = found;
      }
      return out;
    },
  };
}

function aggregate(call: Call): Node {
  const { items } = call.of;
  const step = (call.parameters[0] as Node).items;
  const start = parameter(call, 1);
  return {
    items: (focus, scope) => {
      const input = items(focus, scope);
      const inner = walk(scope);
      inner.total = start(focus, scope);
      for (let index = 0; index < input.length; index += 1) {
        inner.index = index;
        inner.total = step([input[index] as Item], inner);
      }
      return inner.total;
    },
  };
}

/** The parameters see the input as `$this`, and only the one that is chosen is evaluated. */
function iif(call: Call): Node {
  const { items } = call.of;
  const criterion = truthFrom(call.parameters[0] as Node, call.what);
  const yes = foundFrom(call.parameters[1] as Node);
  const no = call.parameters[2] === undefined ? undefined : foundFrom(call.parameters[2]);
  return foundNode((focus, scope) => {
    const input = items(focus, scope);
    return criterion(input, scope) === true ? yes(input, scope) : no?.(input, scope);
  });
}

const withOther = (combine: (items: readonly Item[], other: readonly Item[]) => readonly Item[]): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const other = parameter(call, 0);
    return { items: (focus, scope) => combine(items(focus, scope), other(focus, scope)) };
  },
});

const withCount = (cut: (items: readonly Item[], count: number) => readonly Item[]): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const count = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const input = items(focus, scope);
        const number = integerOf(count(focus, scope), call.what);
        return number === undefined ? nothing : cut(input, Math.max(0, number));
      },
    };
  },
});

/** `|`: both, without doubles. */
export const united = (a: readonly Item[], b: readonly Item[]): readonly Item[] =>
  b.length === 0 ? distinctItems(a) : a.length === 0 ? distinctItems(b) : distinctItems([...a, ...b]);

function trace(call: Call): Node {
  const { items } = call.of;
  const name = parameter(call, 0);
  const projection: Items | undefined = call.parameters[1]?.items;
  return {
    items: (focus, scope) => {
      const input = items(focus, scope);
      const { trace: tell } = scope.env;
      if (tell !== undefined)
        tell(
          stringOf(name(focus, scope), call.what) ?? '',
          projection === undefined ? input : input.flatMap((item) => projection([item], scope)),
        );
      return input;
    },
  };
}

const children: BuiltIn = {
  min: 0,
  max: 0,
  compile: ({ of, types }) => ({
    items: (focus, scope) => {
      const out: Item[] = [];
      for (const item of of.items(focus, scope)) append(out, childrenOf(types, item));
      return out;
    },
  }),
};

const descendants: BuiltIn = {
  min: 0,
  max: 0,
  compile: ({ of, types }) => ({
    items: (focus, scope) => {
      const out: Item[] = [];
      for (const item of of.items(focus, scope)) append(out, childrenOf(types, item));
      for (let index = 0; index < out.length; index += 1) append(out, childrenOf(types, out[index] as Item));
      return out;
    },
  }),
};

export const filtering: BuiltIns = {
  where: { min: 1, max: 1, perItem: true, compile: where },
  select: { min: 1, max: 1, perItem: true, compile: select },
  repeat: { min: 1, max: 1, perItem: true, compile: repeat },
  aggregate: { min: 1, max: 2, perItem: true, compile: aggregate },
  iif: { min: 2, max: 3, perItem: true, compile: iif },
  trace: { min: 1, max: 2, perItem: true, compile: trace },
  single: onItems((items, what) => {
    if (items.length > 1) throw several(what);
    return items;
  }),
  first: onItems((items) => (items.length < 2 ? items : [items[0] as Item])),
  last: onItems((items) => (items.length < 2 ? items : [items.at(-1) as Item])),
  tail: onItems((items) => (items.length < 2 ? nothing : items.slice(1))),
  skip: withCount((items, count) => (count === 0 ? items : items.slice(count))),
  take: withCount((items, count) => items.slice(0, count)),
  union: withOther(united),
  combine: withOther((items, other) => [...items, ...other]),
  intersect: withOther((items, other) => distinctItems(items.filter((item) => includesItem(other, item)))),
  exclude: withOther((items, other) => items.filter((item) => !includesItem(other, item))),
  children,
  descendants,
};
