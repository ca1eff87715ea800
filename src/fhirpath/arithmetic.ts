/** `+ - * / div mod &` (https://hl7.org/fhirpath/N1/#math). */
import { Item, nothing } from '../definitions/item.ts';
import { cleaned } from './decimal.ts';
import { temporalKind } from './equality.ts';
import { FhirPathError } from './errors.ts';
import { computeQuantities, isQuantity, quantityItem, quantityOf } from './quantity.ts';
import { decimalItem, integerItem, isDecimal, shownType, stringItem, systemTypes } from './system.ts';
import { addDuration, readTemporal } from './temporal.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | 'div' | 'mod';

/** Empty where the standard has no answer: division by zero, overflow, units that do not go together. */
export function compute(operator: ArithmeticOperator, a: Item, b: Item, what: string): readonly Item[] {
  const left = a.json;
  const right = b.json;
  if (typeof left === 'number' && typeof right === 'number')
    return numbers(operator, left, right, isDecimal(a) || isDecimal(b));
  if (left === undefined || right === undefined) return nothing;
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return [stringItem(left + right)];
  if ((operator === '+' || operator === '-') && typeof left === 'string' && isQuantity(b))
    return changedDate(operator, a, left, b, what);
  if (operator !== 'div' && operator !== 'mod' && (isQuantity(a) || isQuantity(b))) {
    const [one, other] = [quantityOf(a), quantityOf(b)];
    const result = one === undefined || other === undefined ? undefined : computeQuantities(operator, one, other);
    if (result !== undefined) return [quantityItem(result)];
    if (
      typeof left !== 'string' &&
      typeof right !== 'string' &&
      typeof left !== 'boolean' &&
      typeof right !== 'boolean'
    )
      return nothing;
  }
  throw new FhirPathError(
    `${operator} does not go between ${shownType(a)} and ${shownType(b)}${operator === '+' ? ' (& joins texts, .toString() makes a text of a number)' : ''}: ${what}`,
  );
}

function numbers(operator: ArithmeticOperator, a: number, b: number, decimal: boolean): readonly Item[] {
  switch (operator) {
    case '+':
      return numberItems(a + b, decimal);
    case '-':
      return numberItems(a - b, decimal);
    case '*':
      return numberItems(a * b, decimal);
    case '/':
      return b === 0 ? nothing : numberItems(a / b, true);
    case 'div':
      return b === 0 ? nothing : numberItems(Math.trunc(cleaned(a / b)), false);
    case 'mod':
      break;
  }
  return b === 0 ? nothing : numberItems(a % b, decimal);
}

export const numberItems = (value: number, decimal: boolean): readonly Item[] =>
  Number.isFinite(value) ? [decimal ? decimalItem(cleaned(value)) : integerItem(value)] : nothing;

function changedDate(operator: '+' | '-', date: Item, text: string, by: Item, what: string): readonly Item[] {
  const kind = temporalKind(date) ?? (text.includes('T') ? 'dateTime' : 'date');
  if (date.type !== undefined && temporalKind(date) === undefined)
    throw new FhirPathError(`a date or time is expected before ${operator}, and there is ${shownType(date)}: ${what}`);
  const temporal = readTemporal(text, kind);
  const amount = quantityOf(by);
  if (temporal === undefined || amount === undefined) return nothing;
  const type = { date: systemTypes.Date, dateTime: systemTypes.DateTime, time: systemTypes.Time }[kind];
  return [new Item(addDuration(text, temporal, operator === '+' ? amount.value : -amount.value, amount.unit), type)];
}
