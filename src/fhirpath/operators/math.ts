/** `+ - * / div mod &` of what stands on both sides, and the sign (https://hl7.org/fhirpath/N1/#math). */
import { nothing, type Item } from '../../definitions/item.ts';
import { compute, numberItems, type ArithmeticOperator } from '../arithmetic.ts';
import { FhirPathError } from '../errors.ts';
import { foundNode, textFrom, type Items, type Node } from '../node.ts';
import { isQuantity, quantityItem, quantityOf } from '../quantity.ts';
import { isDecimal, several, shownType, single, stringItem } from '../system.ts';

/** Empty when a side is; `what` is the text, for messages. */
export function arithmetic(operator: ArithmeticOperator, a: Items, b: Items, what: string): Node {
  return {
    items: (focus, scope) => {
      const left = a(focus, scope);
      if (left.length === 0) return nothing;
      const right = b(focus, scope);
      if (right.length === 0) return nothing;
      if (left.length > 1 || right.length > 1) throw several(what);
      return compute(operator, left[0] as Item, right[0] as Item, what);
    },
  };
}

/** `&`: a side that is empty is the empty text. */
export function concatenation(left: Node, right: Node, what: string): Node {
  const [a, b] = [textFrom(left, what), textFrom(right, what)];
  return foundNode((focus, scope) => stringItem((a(focus, scope) ?? '') + (b(focus, scope) ?? '')));
}

/** Of a number or a quantity. */
export function sign(operator: '+' | '-', { items }: Node, what: string): Node {
  return {
    items: (focus, scope) => {
      const item = single(items(focus, scope), what);
      if (item === undefined) return nothing;
      const factor = operator === '-' ? -1 : 1;
      if (typeof item.json === 'number') return numberItems(factor * item.json, isDecimal(item));
      const quantity = isQuantity(item) ? quantityOf(item) : undefined;
      if (quantity !== undefined) return [quantityItem({ ...quantity, value: factor * quantity.value })];
      throw new FhirPathError(`a number is expected after ${operator}, and there is ${shownType(item)}: ${what}`);
    },
  };
}
