/** `=`, `~`, `<` of items and collections (https://hl7.org/fhirpath/N1/#equality, #comparison). */
import { isObject, type Item } from '../definitions/item.ts';
import { equalNumbers, equivalentNumbers } from './decimal.ts';
import { FhirPathError } from './errors.ts';
import { compareQuantities, equalQuantities, equivalentQuantities, isQuantity, quantityOf } from './quantity.ts';
import { shownType, type Truth } from './system.ts';
import { compareTemporal, equivalentTemporal, readTemporal, type Temporal } from './temporal.ts';

const temporalKinds: Readonly<Record<string, Temporal['kind']>> = {
  date: 'date',
  dateTime: 'dateTime',
  instant: 'dateTime',
  time: 'time',
};

/** `date`, `dateTime` or `time` when the type of the item is one. */
export const temporalKind = (item: Item): Temporal['kind'] | undefined =>
  item.type === undefined ? undefined : temporalKinds[item.type.name];

/** A date of FHIR or FHIRPath; of plain JSON (no type) a string beside a date. */
function temporalOf(item: Item, beside: Item): Temporal | undefined {
  if (typeof item.json !== 'string') return undefined;
  const kind = temporalKind(item);
  if (kind !== undefined) return readTemporal(item.json, kind);
  if (item.type !== undefined) return undefined;
  const other = temporalKind(beside);
  if (other === undefined) return undefined;
  return readTemporal(item.json, other === 'time' ? 'time' : item.json.includes('T') ? 'dateTime' : 'date');
}

/** Whether two items are equal; undefined when that cannot be said: dates of different precision, foreign units. */
export function equalItems(a: Item, b: Item): Truth {
  const left = a.json;
  const right = b.json;
  if (typeof left === 'string' && typeof right === 'string') {
    if (temporalKind(a) === undefined && temporalKind(b) === undefined) return left === right;
    const [one, other] = [temporalOf(a, b), temporalOf(b, a)];
    if (one === undefined || other === undefined) return left === right;
    if ((one.kind === 'time') !== (other.kind === 'time')) return false;
    const order = compareTemporal(one, other);
    return order === undefined ? undefined : order === 0;
  }
  if (typeof left === 'number' && typeof right === 'number') return equalNumbers(left, right);
  if (isQuantity(a) || isQuantity(b)) {
    const [one, other] = [quantityOf(a), quantityOf(b)];
    if (one !== undefined && other !== undefined) return equalQuantities(one, other);
  }
  if (left === undefined && right === undefined) return sameJson(a.extra, b.extra);
  return sameJson(left, right);
}

export function equivalentItems(a: Item, b: Item): boolean {
  const left = a.json;
  const right = b.json;
  if (typeof left === 'string' && typeof right === 'string') {
    const [one, other] = [temporalOf(a, b), temporalOf(b, a)];
    return one !== undefined && other !== undefined && (one.kind === 'time') === (other.kind === 'time')
      ? equivalentTemporal(one, other)
      : folded(left) === folded(right);
  }
  if (typeof left === 'number' && typeof right === 'number') return equivalentNumbers(left, right);
  if (isQuantity(a) || isQuantity(b)) {
    const [one, other] = [quantityOf(a), quantityOf(b)];
    if (one !== undefined && other !== undefined) return equivalentQuantities(one, other);
  }
  return similarJson(left, right);
}

const folded = (text: string): string => text.toUpperCase().replaceAll(/\p{White_Space}/gu, ' ');

/** The same JSON, whatever the order of keys. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return equalNumbers(a, b);
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => sameJson(each, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** As `sameJson`, with texts and numbers compared as `~` does, and lists in any order. */
function similarJson(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return folded(a) === folded(b);
  if (typeof a === 'number' && typeof b === 'number') return equivalentNumbers(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return matched(a, b, similarJson);
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && similarJson(a[key], b[key]))
  );
}

/** Whether each of one list has a partner of its own in the other. */
function matched<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((each) => {
    const found = left.findIndex((other) => same(each, other));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

/** `=` of collections: empty when one is empty; else the same items in the same order. */
export function equalCollections(a: readonly Item[], b: readonly Item[]): Truth {
  if (a.length === 0 || b.length === 0) return undefined;
  if (a.length !== b.length) return false;
  if (a.length === 1) return equalItems(a[0] as Item, b[0] as Item);
  let unknown = false;
  for (let index = 0; index < a.length; index += 1) {
    const equal = equalItems(a[index] as Item, b[index] as Item);
    if (equal === false) return false;
    if (equal === undefined) unknown = true;
  }
  return unknown ? undefined : true;
}

/** `~` of collections: in any order; two empty ones are equivalent. */
export const equivalentCollections = (a: readonly Item[], b: readonly Item[]): boolean =>
  matched(a, b, equivalentItems);

export const includesItem = (items: readonly Item[], item: Item): boolean =>
  items.some((each) => equalItems(each, item) === true);

/** The items without those that equal one before them. Strings, most of what is united, by a set. */
export function distinctItems(items: readonly Item[]): readonly Item[] {
  if (items.length < 2) return items;
  const out: Item[] = [];
  const texts = new Set<string>();
  for (const item of items)
    if (typeof item.json === 'string' && temporalKind(item) === undefined) {
      if (!texts.has(item.json)) {
        texts.add(item.json);
        out.push(item);
      }
    } else if (!includesItem(out, item)) out.push(item);
  return out;
}

/** Below zero, zero, above zero; undefined when it cannot be said. Throws where the types have no order. */
export function compareItems(a: Item, b: Item, what: string): number | undefined {
  const left = a.json;
  const right = b.json;
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return equalNumbers(left, right) ? 0 : left - right;
  if (typeof left === 'string' && typeof right === 'string') {
    const kinds = [temporalKind(a), temporalKind(b)];
    if (kinds[0] === undefined && kinds[1] === undefined) return left < right ? -1 : left > right ? 1 : 0;
    const [one, other] = [temporalOf(a, b), temporalOf(b, a)];
    if (one !== undefined && other !== undefined && (one.kind === 'time') === (other.kind === 'time'))
      return compareTemporal(one, other);
    // A text that should have been a date is the sender's mistake; a string beside a date is the author's.
    if (kinds[0] !== undefined && kinds[1] !== undefined && (kinds[0] === 'time') === (kinds[1] === 'time'))
      return undefined;
  } else if (isQuantity(a) || isQuantity(b)) {
    const [one, other] = [quantityOf(a), quantityOf(b)];
    if (one !== undefined && other !== undefined) return compareQuantities(one, other);
    if (isQuantity(a) && isQuantity(b)) return undefined;
  }
  throw new FhirPathError(`${shownType(a)} and ${shownType(b)} cannot be compared: ${what}`);
}
