/** https://hl7.org/fhirpath/N1/#existence */
import type { Item } from '../../definitions/item.ts';
import { distinctItems, includesItem } from '../equality.ts';
import { existsFrom, truthFrom, truthNode, walk, type Call, type Node } from '../node.ts';
import { integerItem, type Truth } from '../system.ts';
import { onItems, onItemsTruth, parameter, type BuiltIn, type BuiltIns } from './define.ts';

/** Whether an item of the input fulfils the criterion, which is the first parameter. */
function anyFulfils(call: Call): Node {
  const { items } = call.of;
  const criterion = truthFrom(call.parameters[0] as Node, call.what);
  return truthNode((focus, scope) => {
    const input = items(focus, scope);
    if (input.length === 0) return false;
    const inner = walk(scope);
    for (let index = 0; index < input.length; index += 1) {
      inner.index = index;
      if (criterion([input[index] as Item], inner) === true) return true;
    }
    return false;
  });
}

/** allTrue() and its kin: every (any) item is one boolean. */
const booleans = (every: boolean, wanted: boolean): BuiltIn =>
  onItemsTruth((items): Truth => {
    const is = ({ json }: Item): boolean => json === wanted;
    return every ? items.every(is) : items.some(is);
  });

const subset = (swap: boolean): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const other = parameter(call, 0);
    return truthNode((focus, scope) => {
      const [inner, outer] = swap
        ? [other(focus, scope), items(focus, scope)]
        : [items(focus, scope), other(focus, scope)];
      return inner.every((item) => includesItem(outer, item));
    });
  },
});

export const existence: BuiltIns = {
  empty: {
    min: 0,
    max: 0,
    compile: ({ of }) => {
      const exists = existsFrom(of);
      return truthNode((focus, scope) => !exists(focus, scope));
    },
  },
  exists: {
    min: 0,
    max: 1,
    perItem: true,
    compile: (call) => (call.parameters.length > 0 ? anyFulfils(call) : truthNode(existsFrom(call.of))),
  },
  all: {
    min: 1,
    max: 1,
    perItem: true,
    compile: ({ of: { items }, parameters, what }) => {
      const criterion = truthFrom(parameters[0] as Node, what);
      return truthNode((focus, scope) => {
        const input = items(focus, scope);
        if (input.length === 0) return true;
        const inner = walk(scope);
        for (let index = 0; index < input.length; index += 1) {
          inner.index = index;
          if (criterion([input[index] as Item], inner) !== true) return false;
        }
        return true;
      });
    },
  },
  not: {
    min: 0,
    max: 0,
    compile: ({ of, what }) => {
      const truth = truthFrom(of, what);
      return truthNode((focus, scope) => {
        const value = truth(focus, scope);
        return value === undefined ? undefined : !value;
      });
    },
  },
  allTrue: booleans(true, true),
  anyTrue: booleans(false, true),
  allFalse: booleans(true, false),
  anyFalse: booleans(false, false),
  subsetOf: subset(false),
  supersetOf: subset(true),
  count: {
    min: 0,
    max: 0,
    compile: ({ of: { items } }) => ({
      items: (focus, scope) => [integerItem(items(focus, scope).length)],
      number: (focus, scope) => items(focus, scope).length,
    }),
  },
  distinct: onItems(distinctItems),
  isDistinct: onItemsTruth((items) => distinctItems(items).length === items.length),
};
