/**
 * Quantities (https://hl7.org/fhirpath/N1/#quantity): those of FHIR whose system is UCUM, and FHIRPath's own. With the
 * same unit they are computed here; converting units is UCUM's affair, which the library knows.
 */
import { isObject, Item } from '../definitions/item.ts';
import { isA } from '../definitions/types.ts';
import { cleaned, equalNumbers, equivalentNumbers } from './decimal.ts';
import { ucumConversion, ucumOperation, type QuantityOperator } from './library.ts';
import { systemTypes } from './system.ts';

export type Quantity = {
  readonly value: number;
  /** A UCUM code, or a calendar word in the singular. */
  readonly unit: string;
  readonly calendar: boolean;
};

const ucum = 'http://unitsofmeasure.org';

/** UCUM codes that FHIR reads as calendar durations. */
const calendarOf: Readonly<Record<string, string>> = {
  a: 'year',
  mo: 'month',
  wk: 'week',
  d: 'day',
  h: 'hour',
  min: 'minute',
  s: 'second',
  ms: 'millisecond',
};

export const isQuantity = (item: Item): boolean => isObject(item.json) && isA(item.type, 'Quantity');

/** A number counts as a quantity of unit `1`. Undefined: no quantity, or one without value or UCUM unit. */
export function quantityOf({ json, type }: Item): Quantity | undefined {
  if (typeof json === 'number') return { value: json, unit: '1', calendar: false };
  if (!isObject(json) || !isA(type, 'Quantity')) return undefined;
  const { value, code, system, unit } = json;
  if (typeof value !== 'number' || json['comparator'] !== undefined) return undefined;
  if (type === systemTypes.Quantity && code === undefined && typeof unit === 'string')
    return { value, unit, calendar: true };
  return system === ucum && typeof code === 'string' ? { value, unit: code, calendar: false } : undefined;
}

export const quantityItem = ({ value, unit, calendar }: Quantity): Item =>
  new Item(calendar ? { value, unit } : { value, unit, system: ucum, code: unit }, systemTypes.Quantity);

/** `1 'min'` of FHIR and `1 minute` are the same where a calendar word stands on the other side. */
function aligned(a: Quantity, b: Quantity): readonly [Quantity, Quantity] {
  if (a.calendar === b.calendar) return [a, b];
  const named = (quantity: Quantity): Quantity => {
    const word = quantity.calendar ? undefined : calendarOf[quantity.unit];
    // Above weeks a calendar's months and years are not UCUM's.
    return word === undefined ? quantity : { ...quantity, unit: word, calendar: true };
  };
  return [named(a), named(b)];
}

/** Below zero, zero, above zero; undefined when the units cannot be compared. */
export function compareQuantities(left: Quantity, right: Quantity): number | undefined {
  const [a, b] = aligned(left, right);
  if (a.unit === b.unit) return equalNumbers(a.value, b.value) ? 0 : a.value - b.value;
  const equal = ucumOperation('=', a, b);
  if (equal === true) return 0;
  const less = ucumOperation('<', a, b);
  return typeof less === 'boolean' ? (less ? -1 : 1) : undefined;
}

export function equalQuantities(left: Quantity, right: Quantity): boolean | undefined {
  const [a, b] = aligned(left, right);
  if (a.unit === b.unit) return equalNumbers(a.value, b.value);
  const equal = ucumOperation('=', a, b);
  return typeof equal === 'boolean' ? equal : undefined;
}

export function equivalentQuantities(left: Quantity, right: Quantity): boolean {
  const [a, b] = aligned(left, right);
  return a.unit === b.unit ? equivalentNumbers(a.value, b.value) : ucumOperation('~', a, b) === true;
}

/** Undefined when the units do not go together. */
export function computeQuantities(
  operator: QuantityOperator & ('+' | '-' | '*' | '/'),
  left: Quantity,
  right: Quantity,
): Quantity | undefined {
  const [a, b] = aligned(left, right);
  if (operator === '/' && b.value === 0) return undefined;
  if (a.unit === b.unit && (operator === '+' || operator === '-'))
    return { ...a, value: cleaned(operator === '+' ? a.value + b.value : a.value - b.value) };
  if (operator === '*' && b.unit === '1') return { ...a, value: cleaned(a.value * b.value) };
  if (operator === '*' && a.unit === '1') return { ...b, value: cleaned(a.value * b.value) };
  if (operator === '/' && b.unit === '1') return { ...a, value: cleaned(a.value / b.value) };
  if (operator === '/' && a.unit === b.unit) return { value: cleaned(a.value / b.value), unit: '1', calendar: false };
  const result = ucumOperation(operator, a, b);
  return typeof result === 'object' ? result : undefined;
}

/** Undefined when the units do not go together. */
export function convertQuantity(quantity: Quantity, unit: string): Quantity | undefined {
  if (quantity.unit === unit) return quantity;
  return ucumConversion(quantity, unit);
}
