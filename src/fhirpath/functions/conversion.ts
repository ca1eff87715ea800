/** https://hl7.org/fhirpath/N1/#conversion: to…() and convertsTo…() */
import { Item, nothing } from '../../definitions/item.ts';
import { numberText } from '../decimal.ts';
import { temporalKind } from '../equality.ts';
import { truthNode } from '../node.ts';
import { convertQuantity, isQuantity, quantityItem, quantityOf, type Quantity } from '../quantity.ts';
import { decimalItem, integerItem, single, stringItem, stringOf, systemTypes, truthItems } from '../system.ts';
import { readTemporal, type Temporal } from '../temporal.ts';
import { onItems, onItemsTruth, parameter, type BuiltIn, type BuiltIns } from './define.ts';

type Convert = (item: Item) => Item | undefined;

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', '1', '1.0'].map((text): [string, boolean] => [text, true]),
  ...['false', 'f', 'no', 'n', '0', '0.0'].map((text): [string, boolean] => [text, false]),
]);

const toBoolean: Convert = ({ json }) => {
  const value =
    typeof json === 'boolean'
      ? json
      : typeof json === 'string' || typeof json === 'number'
        ? truths.get(String(json).toLowerCase())
        : undefined;
  return value === undefined ? undefined : truthItems(value)[0];
};

const toInteger: Convert = ({ json }) => {
  if (typeof json === 'boolean') return integerItem(Number(json));
  if (typeof json === 'number') return Number.isInteger(json) ? integerItem(json) : undefined;
  return typeof json === 'string' && /^[+-]?\d+$/u.test(json) ? integerItem(Number(json)) : undefined;
};

const toDecimal: Convert = ({ json }) => {
  if (typeof json === 'boolean' || typeof json === 'number') return decimalItem(Number(json));
  return typeof json === 'string' && /^[+-]?\d+(?:\.\d+)?$/u.test(json) ? decimalItem(Number(json)) : undefined;
};

/** `5 'mg'`, `6 months`. */
const quantityText = ({ value, unit, calendar }: Quantity): string =>
  `${numberText(value)} ${calendar ? (value === 1 ? unit : `${unit}s`) : `'${unit}'`}`;

const toText: Convert = (item) => {
  const { json } = item;
  if (typeof json === 'string') return item.type === systemTypes.String ? item : stringItem(json);
  if (typeof json === 'number') return stringItem(numberText(json));
  if (typeof json === 'boolean') return stringItem(String(json));
  const quantity = isQuantity(item) ? quantityOf(item) : undefined;
  return quantity === undefined ? undefined : stringItem(quantityText(quantity));
};

const temporalTypes = { date: systemTypes.Date, dateTime: systemTypes.DateTime, time: systemTypes.Time };

const toTemporal =
  (kind: Temporal['kind']): Convert =>
  ({ json, type }) => {
    if (typeof json !== 'string') return undefined;
    const own = temporalKind(new Item(json, type));
    if ((own === 'time') !== (kind === 'time') && own !== undefined) return undefined;
    const text = kind === 'date' ? (json.split('T', 1)[0] ?? json) : kind === 'time' ? json.replace(/^T/u, '') : json;
    // A text is a date only as a whole; a dateTime has one.
    if (kind === 'date' && own === undefined && text !== json && readTemporal(json, 'dateTime') === undefined)
      return undefined;
    return readTemporal(text, kind) === undefined ? undefined : new Item(text, temporalTypes[kind]);
  };

const quantityPattern =
  /^(?<value>[+-]?\d+(?:\.\d+)?)\s*(?:'(?<unit>[^']+)'|(?<word>year|month|week|day|hour|minute|second|millisecond)s?)?$/u;

const toQuantity: Convert = (item) => {
  const { json } = item;
  if (typeof json === 'boolean') return quantityItem({ value: Number(json), unit: '1', calendar: false });
  if (typeof json === 'string') {
    const { value, unit, word } = quantityPattern.exec(json)?.groups ?? {};
    if (value === undefined) return undefined;
    return quantityItem({ value: Number(value), unit: unit ?? word ?? '1', calendar: word !== undefined });
  }
  const quantity = quantityOf(item);
  return quantity === undefined ? undefined : quantityItem(quantity);
};

const converting = (convert: Convert): BuiltIn =>
  onItems((items, what) => {
    const item = single(items, what);
    const converted = item === undefined ? undefined : convert(item);
    return converted === undefined ? nothing : [converted];
  });

const convertible = (convert: Convert): BuiltIn =>
  onItemsTruth((items, what) => {
    const item = single(items, what);
    return item === undefined ? undefined : convert(item) !== undefined;
  });

/** toQuantity(unit) also changes the unit. */
const toQuantityOf: BuiltIn = {
  min: 0,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const wanted = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const item = single(items(focus, scope), call.what);
        const converted = item === undefined ? undefined : toQuantity(item);
        const unit = stringOf(wanted(focus, scope), call.what);
        if (converted === undefined || unit === undefined) return converted === undefined ? nothing : [converted];
        const quantity = quantityOf(converted);
        const changed = quantity === undefined ? undefined : convertQuantity(quantity, unit);
        return changed === undefined ? nothing : [quantityItem(changed)];
      },
    };
  },
};

const convertsToQuantity: BuiltIn = {
  min: 0,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const convert = toQuantityOf.compile(call).items;
    return truthNode((focus, scope) =>
      items(focus, scope).length === 0 ? undefined : convert(focus, scope).length > 0,
    );
  },
};

const toDate = toTemporal('date');
const toDateTime = toTemporal('dateTime');
const toTime = toTemporal('time');

export const conversion: BuiltIns = {
  toBoolean: converting(toBoolean),
  toInteger: converting(toInteger),
  toDecimal: converting(toDecimal),
  toString: converting(toText),
  toDate: converting(toDate),
  toDateTime: converting(toDateTime),
  toTime: converting(toTime),
  toQuantity: toQuantityOf,
  convertsToBoolean: convertible(toBoolean),
  convertsToInteger: convertible(toInteger),
  convertsToDecimal: convertible(toDecimal),
  convertsToString: convertible(toText),
  convertsToDate: convertible(toDate),
  convertsToDateTime: convertible(toDateTime),
  convertsToTime: convertible(toTime),
  convertsToQuantity,
};
