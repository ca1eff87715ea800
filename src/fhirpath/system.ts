/** Values of FHIRPath's own types (https://hl7.org/fhirpath/N1/#literals) as items, and items read as such values. */
import { Item, nothing } from '../definitions/item.ts';
import { isA, type TypeDef } from '../definitions/types.ts';
import { FhirPathError } from './errors.ts';

/** Those of all System types, and of no other: it tells them apart. */
const noElements: TypeDef['elements'] = new Map();

const systemType = (name: string, fhir: string): TypeDef => ({
  name: fhir,
  kind: fhir === 'Quantity' ? 'complex' : 'primitive',
  url: `http://hl7.org/fhirpath/System.${name}`,
  open: false,
  elements: noElements,
});

export const isSystemType = (type: TypeDef): boolean => type.elements === noElements;

/** Named as the FHIR type that says the same, so that a result can be written as FHIR; told apart by identity. */
export const systemTypes = {
  Boolean: systemType('Boolean', 'boolean'),
  String: systemType('String', 'string'),
  Integer: systemType('Integer', 'integer'),
  Decimal: systemType('Decimal', 'decimal'),
  Date: systemType('Date', 'date'),
  DateTime: systemType('DateTime', 'dateTime'),
  Time: systemType('Time', 'time'),
  Quantity: systemType('Quantity', 'Quantity'),
} as const;

const names: ReadonlyMap<TypeDef | undefined, string> = new Map(
  Object.entries(systemTypes).map(([name, type]): [TypeDef, string] => [type, name]),
);

/** `Boolean`, `String` …, when the item is a value of FHIRPath itself and not of FHIR. */
export const systemTypeName = (type: TypeDef | undefined): string | undefined => names.get(type);

const temporal: ReadonlyMap<string, TypeDef> = new Map([
  ['date', systemTypes.Date],
  ['dateTime', systemTypes.DateTime],
  ['instant', systemTypes.DateTime],
  ['time', systemTypes.Time],
]);

/** The System type that a FHIR primitive (or Quantity) is converted to where one is needed. */
export function systemTypeOf({ json, type }: Item): TypeDef | undefined {
  if (typeof json === 'boolean') return systemTypes.Boolean;
  if (typeof json === 'number')
    return type?.name === 'decimal' || (type === undefined && !Number.isInteger(json))
      ? systemTypes.Decimal
      : systemTypes.Integer;
  if (typeof json === 'string') return (type === undefined ? undefined : temporal.get(type.name)) ?? systemTypes.String;
  return isA(type, 'Quantity') ? systemTypes.Quantity : undefined;
}

const trueItems: readonly Item[] = Object.freeze([new Item(true, systemTypes.Boolean)]);
const falseItems: readonly Item[] = Object.freeze([new Item(false, systemTypes.Boolean)]);

/** True, false, or (undefined) empty: the three values of FHIRPath's logic. */
export type Truth = boolean | undefined;

export const truthItems = (truth: Truth): readonly Item[] =>
  truth === undefined ? nothing : truth ? trueItems : falseItems;

export const stringItem = (value: string): Item => new Item(value, systemTypes.String);
export const integerItem = (value: number): Item => new Item(value, systemTypes.Integer);
export const decimalItem = (value: number): Item => new Item(value, systemTypes.Decimal);

/** The truth of a collection where one boolean is wanted: one item that is no boolean is true (N1 §4.5). */
export function truthOf(items: readonly Item[], what: string): Truth {
  if (items.length === 0) return undefined;
  if (items.length > 1) throw several(what);
  return truthOfItem(items[0] as Item);
}

export function truthOfItem({ json, type }: Item): Truth {
  if (typeof json === 'boolean') return json;
  return json === undefined && type?.name === 'boolean' ? undefined : true;
}

/** The one item of a collection, or undefined. */
export function single(items: readonly Item[], what: string): Item | undefined {
  if (items.length > 1) throw several(what);
  return items[0];
}

export const several = (what: string): FhirPathError =>
  new FhirPathError(`one value is expected, and there are several: ${what}`);

const article = (type: string): string => (/^[aeiou]/u.test(type) ? `an ${type}` : `a ${type}`);

/** What an item is, for messages: its type, never its value. */
export const shownType = (item: Item): string => {
  const name = names.get(item.type) === undefined ? item.type?.name : systemTypeOf(item)?.name;
  return article(name ?? (typeof item.json === 'object' ? 'object' : typeof item.json));
};

/** The text of a string, code, uri, date …; undefined for nothing. Numbers and booleans are no strings. */
export function stringOf(items: readonly Item[], what: string): string | undefined {
  const item = single(items, what);
  return item === undefined ? undefined : textOf(item, what);
}

export function textOf(item: Item, what: string): string | undefined {
  if (typeof item.json === 'string') return item.json;
  if (item.json === undefined) return undefined;
  throw new FhirPathError(
    `a string is expected, and there is ${shownType(item)}${typeof item.json === 'object' ? '' : ' (.toString() makes a string of it)'}: ${what}`,
  );
}

export function numberOf(items: readonly Item[], what: string): number | undefined {
  const item = single(items, what);
  if (item === undefined || item.json === undefined) return undefined;
  if (typeof item.json === 'number') return item.json;
  throw new FhirPathError(`a number is expected, and there is ${shownType(item)}: ${what}`);
}

export function integerOf(items: readonly Item[], what: string): number | undefined {
  const value = numberOf(items, what);
  if (value !== undefined && !Number.isInteger(value))
    throw new FhirPathError(`an integer is expected, and there is a decimal: ${what}`);
  return value;
}

export const isDecimal = (item: Item): boolean => systemTypeOf(item) === systemTypes.Decimal;
