/** Paths: the names that lead from items to their elements (https://hl7.org/fhirpath/N1/#path-selection). */
import { isObject, Item } from '../definitions/item.ts';
import { pathTo, type Found } from '../definitions/path.ts';
import { isA, type TypeTable } from '../definitions/types.ts';
import { append } from './functions/filtering.ts';
import { foundNode, listOf, type FoundOf, type Node } from './node.ts';
import type { CompileOptions } from './options.ts';

/**
 * The first name of a path: the type of the focus (`Patient.name`), an element of it, or a variable. `inner`: in a
 * parameter that is evaluated for each item of another path, where a bare name is the item's.
 */
export function pathStart(name: string, inner: boolean, options: CompileOptions): Node {
  const { types } = options;
  const path = pathTo(types, [name]);
  const mayBeType = /^[A-Z]/u.test(name);
  const variable = options.bareVariables === true ? options.variable?.(name) : undefined;
  const from = (item: Item): Found => (mayBeType && isNamed(item, name) ? item : path.from(item));
  const found = (focus: readonly Item[]): Found => {
    if (focus.length === 1) return from(focus[0] as Item);
    const out: Item[] = [];
    for (let index = 0; index < focus.length; index += 1) append(out, listOf(from(focus[index] as Item)));
    return out;
  };
  if (variable === undefined)
    return {
      found,
      items: (focus) => listOf(found(focus)),
      exists: (focus) => {
        for (let index = 0; index < focus.length; index += 1) {
          const item = focus[index] as Item;
          if ((mayBeType && isNamed(item, name)) || path.present(item)) return true;
        }
        return false;
      },
    };
  const own = (item: Item): boolean => {
    if (mayBeType && isNamed(item, name)) return true;
    const { type, json } = item;
    if (type !== undefined && type.elements.size > 0) {
      if (types.element(type, name) !== undefined) return true;
      if (!type.open) return false;
    }
    return inner || (isObject(json) && (Object.hasOwn(json, name) || Object.hasOwn(json, `_${name}`)));
  };
  return foundNode((focus, { env }) => (focus.length > 0 && focus.some(own) ? found(focus) : variable(env)));
}

/** The names after the start of a path, all at once: `from` finds what the first of them is an element of. */
export function steps(types: TypeTable, from: FoundOf, names: readonly string[]): Node {
  const path = pathTo(types, names);
  const found: FoundOf = (focus, scope) => {
    const one = from(focus, scope);
    if (one === undefined || one instanceof Item) return one === undefined ? one : path.from(one);
    const out: Item[] = [];
    for (let index = 0; index < one.length; index += 1) append(out, listOf(path.from(one[index] as Item)));
    return out;
  };
  return {
    found,
    items: (focus, scope) => listOf(found(focus, scope)),
    exists: (focus, scope) => {
      const one = from(focus, scope);
      if (one === undefined || one instanceof Item) return one !== undefined && path.present(one);
      for (let index = 0; index < one.length; index += 1) if (path.present(one[index] as Item)) return true;
      return false;
    },
  };
}

const isNamed = ({ type, json }: Item, name: string): boolean =>
  type === undefined ? isObject(json) && json['resourceType'] === name : isA(type, name);
