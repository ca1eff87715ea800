/** Every operator between two sides, by its sign. */
import type { BinaryOperator } from '../ast.ts';
import { truthFrom, type Node } from '../node.ts';
import { included, union } from './collections.ts';
import { equals, equivalent, notEquivalent, ordered } from './comparison.ts';
import { logic } from './logic.ts';
import { arithmetic, concatenation } from './math.ts';

/** `what` is the text of the whole, `parts` those of the two sides, for messages. */
export function binary(
  operator: BinaryOperator,
  left: Node,
  right: Node,
  what: string,
  parts: readonly string[],
): Node {
  const { items: a } = left;
  const { items: b } = right;
  switch (operator) {
    case 'and':
    case 'or':
    case 'xor':
    case 'implies':
      return logic(operator, truthFrom(left, parts[0] ?? what), truthFrom(right, parts[1] ?? what));
    case '=':
      return equals(left, right, false);
    case '!=':
      return equals(left, right, true);
    case '~':
      return equivalent(a, b);
    case '!~':
      return notEquivalent(a, b);
    case '<':
      return ordered(left, right, (order) => order < 0, what);
    case '<=':
      return ordered(left, right, (order) => order <= 0, what);
    case '>':
      return ordered(left, right, (order) => order > 0, what);
    case '>=':
      return ordered(left, right, (order) => order >= 0, what);
    case 'in':
      return included(a, b, what);
    case 'contains':
      return included(b, a, what);
    case '|':
      return union(left, right);
    case '&':
      return concatenation(left, right, what);
    case '+':
    case '-':
    case '*':
    case '/':
    case 'div':
    case 'mod':
      break;
  }
  return arithmetic(operator, a, b, what);
}
