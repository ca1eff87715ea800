/** `=`, `~`, `<` of what stands on both sides (https://hl7.org/fhirpath/N1/#equality, #comparison). */
import { Item } from '../../definitions/item.ts';
import { compareItems, equalCollections, equalItems, equivalentCollections, temporalKind } from '../equality.ts';
import { foundFrom, truthNode, type Items, type Node } from '../node.ts';
import { several, systemTypes } from '../system.ts';

/** `=`, and `!=` when `negated`; empty when a side is. A literal on the right is compared without lists. */
export function equals(left: Node, right: Node, negated: boolean): Node {
  const numbers = bothNumbers(left, right, (order) => (order === 0) !== negated);
  if (numbers !== undefined) return numbers;
  const { items: a } = left;
  const constant = right.constant;
  const text = constant?.type === systemTypes.String ? constant.json : undefined;
  if (constant !== undefined) {
    const found = foundFrom(left);
    return truthNode((focus, scope) => {
      const one = found(focus, scope);
      if (one === undefined) return undefined;
      let item = one;
      if (!(item instanceof Item)) {
        if (item.length !== 1) return item.length === 0 ? undefined : negated;
        item = item[0] as Item;
      }
      const equal =
        text !== undefined && typeof item.json === 'string' && temporalKind(item) === undefined
          ? item.json === text
          : equalItems(item, constant);
      return equal === undefined ? undefined : equal !== negated;
    });
  }
  const { items: b } = right;
  return truthNode((focus, scope) => {
    const equal = equalCollections(a(focus, scope), b(focus, scope));
    return equal === undefined ? undefined : equal !== negated;
  });
}

/** `~`: never empty. */
export const equivalent = (a: Items, b: Items): Node =>
  truthNode((focus, scope) => equivalentCollections(a(focus, scope), b(focus, scope)));

/** `!~`: never empty. */
export const notEquivalent = (a: Items, b: Items): Node =>
  truthNode((focus, scope) => !equivalentCollections(a(focus, scope), b(focus, scope)));

/** `<`, `<=`, `>`, `>=`: whether the order of the two (below, at or above zero) `fits`; `what` is the text, for messages. */
export function ordered(left: Node, right: Node, fits: (order: number) => boolean, what: string): Node {
  const numbers = bothNumbers(left, right, fits);
  if (numbers !== undefined) return numbers;
  const { items: a } = left;
  const { items: b } = right;
  return truthNode((focus, scope) => {
    const left = a(focus, scope);
    if (left.length === 0) return undefined;
    const right = b(focus, scope);
    if (right.length === 0) return undefined;
    if (left.length > 1 || right.length > 1) throw several(what);
    const order = compareItems(left[0] as Item, right[0] as Item, what);
    return order === undefined ? undefined : fits(order);
  });
}

/** Counts and lengths against numbers need no items. */
function bothNumbers(left: Node, right: Node, fits: (order: number) => boolean): Node | undefined {
  const { number: a } = left;
  const { number: b } = right;
  if (a === undefined || b === undefined) return undefined;
  return truthNode((focus, scope) => {
    const one = a(focus, scope);
    const other = b(focus, scope);
    return one === undefined || other === undefined ? undefined : fits(one - other);
  });
}
