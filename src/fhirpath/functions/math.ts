/** https://hl7.org/fhirpath/N1/#math-2 */
import { nothing, type Item } from '../../definitions/item.ts';
import { numberItems } from '../arithmetic.ts';
import { roundTo } from '../decimal.ts';
import { FhirPathError } from '../errors.ts';
import { isQuantity, quantityItem, quantityOf } from '../quantity.ts';
import { integerOf, isDecimal, numberOf, shownType, single } from '../system.ts';
import { onItems, parameter, type BuiltIn, type BuiltIns } from './define.ts';

/** `kind`: an integer, a decimal, or what the input is. Empty for what is no real number. */
const ofNumber = (apply: (value: number) => number, kind: 'integer' | 'decimal' | 'same'): BuiltIn =>
  onItems((items, what) => {
    const item = single(items, what);
    if (item === undefined) return nothing;
    if (kind === 'same' && isQuantity(item)) {
      const quantity = quantityOf(item);
      return quantity === undefined ? nothing : [quantityItem({ ...quantity, value: apply(quantity.value) })];
    }
    const value = numberOf(items, what);
    return value === undefined
      ? nothing
      : numberItems(apply(value), kind === 'decimal' || (kind === 'same' && isDecimal(item)));
  });

const withNumber = (apply: (value: number, other: number) => number, keepsInteger: boolean): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const other = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const input = items(focus, scope);
        const given = other(focus, scope);
        const value = numberOf(input, call.what);
        const second = numberOf(given, call.what);
        if (value === undefined || second === undefined) return nothing;
        const result = apply(value, second);
        const whole =
          keepsInteger && !isDecimal(input[0] as Item) && !isDecimal(given[0] as Item) && Number.isInteger(result);
        return numberItems(result, !whole);
      },
    };
  },
});

const round: BuiltIn = {
  min: 0,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const decimals = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const input = items(focus, scope);
        const places = integerOf(decimals(focus, scope), call.what) ?? 0;
        if (places < 0) throw new FhirPathError(`the number of decimals cannot be below zero: ${call.what}`);
        const quantity = input.length === 1 && isQuantity(input[0] as Item) ? quantityOf(input[0] as Item) : undefined;
        if (quantity !== undefined) return [quantityItem({ ...quantity, value: roundTo(quantity.value, places) })];
        const value = numberOf(input, call.what);
        return value === undefined ? nothing : numberItems(roundTo(value, places), true);
      },
    };
  },
};

const total = (items: readonly Item[], what: string): number => {
  let sum = 0;
  for (const item of items) {
    if (typeof item.json !== 'number')
      throw new FhirPathError(`a number is expected, and there is ${shownType(item)}: ${what}`);
    sum += item.json;
  }
  return sum;
};

export const math: BuiltIns = {
  abs: ofNumber(Math.abs, 'same'),
  ceiling: ofNumber(Math.ceil, 'integer'),
  floor: ofNumber(Math.floor, 'integer'),
  truncate: ofNumber(Math.trunc, 'integer'),
  exp: ofNumber(Math.exp, 'decimal'),
  ln: ofNumber(Math.log, 'decimal'),
  sqrt: ofNumber(Math.sqrt, 'decimal'),
  log: withNumber((value, base) => Math.log(value) / Math.log(base), false),
  power: withNumber((value, exponent) => value ** exponent, true),
  round,
  // Of FHIRPath's later ballots; map authors use it.
  sum: onItems((items, what) =>
    items.length === 0 ? nothing : numberItems(total(items, what), items.some(isDecimal)),
  ),
};
