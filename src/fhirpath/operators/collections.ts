/** `in`, `contains`, `|` (https://hl7.org/fhirpath/N1/#collections) and `[…]`. */
import { nothing } from '../../definitions/item.ts';
import { includesItem } from '../equality.ts';
import { united } from '../functions/filtering.ts';
import { existsFrom, truthNode, type Exists, type Items, type Node } from '../node.ts';
import { numberOf, single } from '../system.ts';

/** `in`, and `contains` the other way round; `what` is the text, for messages. */
export function included(one: Items, many: Items, what: string): Node {
  return truthNode((focus, scope) => {
    const item = single(one(focus, scope), what);
    return item === undefined ? undefined : includesItem(many(focus, scope), item);
  });
}

/** `|`: without duplicates. */
export function union(left: Node, right: Node): Node {
  const { items: a } = left;
  const { items: b } = right;
  return { items: (focus, scope) => united(a(focus, scope), b(focus, scope)), exists: either(left, right) };
}

function either(left: Node, right: Node): Exists {
  const [a, b] = [existsFrom(left), existsFrom(right)];
  return (focus, scope) => a(focus, scope) || b(focus, scope);
}

/** `[…]`: the item at a place, counted from zero. */
export function itemAt({ items }: Node, at: Node, what: string): Node {
  return {
    items: (focus, scope) => {
      const index = numberOf(at.items(focus, scope), what);
      const item = index === undefined ? undefined : items(focus, scope)[index];
      return item === undefined ? nothing : [item];
    },
  };
}
