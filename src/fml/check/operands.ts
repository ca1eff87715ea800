/** Which operands an operator of FHIRPath does not take, or can never find true: known from their types alone. */
import { isA, type TypeDef } from '../../definitions/types.ts';
import type { BinaryOperator } from '../../fhirpath/ast.ts';
import { inWords, sortOf, type Shape } from './shape.ts';

/** What an operand is to an operator. Quantities go with many things, and are not judged. */
type Operand = 'truth' | 'number' | 'moment' | 'time' | 'text' | 'object';

export type Misfit = {
  readonly severity: 'error' | 'warn';
  readonly what: string;
  readonly suggestion?: string;
};

function operandOf(type: TypeDef): Operand | undefined {
  if (type.kind !== 'primitive') return isA(type, 'Quantity') ? undefined : 'object';
  const sort = sortOf(type);
  return sort !== 'time' ? sort : type.name === 'time' ? 'time' : 'moment';
}

/** What all the types of a shape are; undefined when they differ or are not known. */
function operandIn(shape: Shape): Operand | undefined {
  const [first, ...others] = new Set(shape?.types.map(operandOf));
  return others.length === 0 ? first : undefined;
}

const nameIt = 'Name the element that is meant.';
const makeText = 'Write .toString() after it.';

/** Whether texts can be made of it as it stands: dates are written as texts. */
export function notAText(shape: Shape): Misfit | undefined {
  const operand = operandIn(shape);
  if (shape === undefined || operand === undefined || operand === 'text' || operand === 'moment' || operand === 'time')
    return undefined;
  return {
    severity: 'error',
    what: `${inWords(shape.types)} is no text`,
    suggestion: operand === 'object' ? nameIt : makeText,
  };
}

const isText = (operand: Operand): boolean => operand === 'text' || operand === 'moment' || operand === 'time';

/** What is wrong with an operator between two operands, if that is certain. */
export function misfit(operator: BinaryOperator, left: Shape, right: Shape): Misfit | undefined {
  if (operator === '&') return notAText(left) ?? notAText(right);
  const [one, other] = [operandIn(left), operandIn(right)];
  if (left === undefined || right === undefined || one === undefined || other === undefined) return undefined;
  const between = `between ${inWords(left.types)} and ${inWords(right.types)}`;
  const error = (suggestion?: string): Misfit => ({
    severity: 'error',
    what: `${operator} does not go ${between}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  const objects = one === 'object' || other === 'object';
  switch (operator) {
    case '+':
      if (objects) return error(nameIt);
      if (isText(one) && isText(other)) return undefined;
      return one === 'number' && other === 'number'
        ? undefined
        : error('Join texts with &; .toString() makes one of a number.');
    case '-':
    case '*':
    case '/':
    case 'div':
    case 'mod':
      if (one === 'number' && other === 'number') return undefined;
      return error(objects ? nameIt : '.toDecimal() and .toInteger() make numbers of texts.');
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (one === other && one !== 'object' && one !== 'truth') return undefined;
      if (objects) return error(nameIt);
      return error(
        one === 'moment' || other === 'moment'
          ? 'Write a date as @2026-05-06, and make one of a text with .toDate() or .toDateTime().'
          : '.toDecimal() and .toInteger() make numbers of texts.',
      );
    case '=':
    case '~':
      if (one === other || (isText(one) && isText(other))) return undefined;
      return {
        severity: 'warn',
        what: `${operator} is never true ${between}`,
        suggestion: objects ? nameIt : makeText,
      };
    case '!=':
    case '!~':
    case '|':
    case 'in':
    case 'contains':
    case 'and':
    case 'or':
    case 'xor':
    case 'implies':
    default:
      return undefined;
  }
}
