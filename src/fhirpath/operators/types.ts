/** `is`, `as`, and the functions of these names and ofType() (https://hl7.org/fhirpath/N1/#types). */
import type { Item } from '../../definitions/item.ts';
import { truthNode, type Node } from '../node.ts';
import { single } from '../system.ts';

/** `as` filters: R4's own invariants (dom-3) use it on many items. `what` is the text, for messages. */
export function typed({ items }: Node, operator: 'is' | 'as', test: (item: Item) => boolean, what: string): Node {
  if (operator === 'as') return { items: (focus, scope) => items(focus, scope).filter(test) };
  return truthNode((focus, scope) => {
    const item = single(items(focus, scope), what);
    return item === undefined ? undefined : test(item);
  });
}
