/**
 * Dates, times and what is done with them (https://hl7.org/fhirpath/N1/#date). They are texts as FHIR writes them;
 * seconds and milliseconds are one precision. A time without an offset is read as UTC, so that an answer does not
 * depend on the machine.
 */
import { FhirPathError } from './errors.ts';

/** Year, month, day, hour, minute, second with fraction; or, of a time, hour, minute, second. */
export type Temporal = {
  readonly kind: 'date' | 'dateTime' | 'time';
  readonly fields: readonly number[];
  /** Minutes east of UTC, where the text says so. */
  readonly offset: number | undefined;
};

const moment =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/u;
const clock = /^T?(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?$/u;

const offsetOf = (text: string): number =>
  text === 'Z' ? 0 : (text.startsWith('-') ? -1 : 1) * (Number(text.slice(1, 3)) * 60 + Number(text.slice(4, 6)));

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const inRange = ([, month = 1, day = 1, hour = 0, minute = 0, second = 0]: readonly number[]): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 24 && minute < 60 && second < 61;

/** Undefined when the text is no date or time. */
export function readTemporal(text: string, kind: Temporal['kind']): Temporal | undefined {
  if (kind === 'time') {
    const found = clock.exec(text);
    if (found === null) return undefined;
    const fields = found
      .slice(1, 4)
      .filter((part) => part !== undefined)
      .map(Number);
    return inRange([1, 1, 1, ...fields]) ? { kind, fields, offset: undefined } : undefined;
  }
  const found = moment.exec(text);
  if (found === null) return undefined;
  const fields = found
    .slice(1, 7)
    .filter((part) => part !== undefined)
    .map(Number);
  const zone = found[7];
  if (
    !inRange(fields) ||
    (fields.length > 2 && (fields[2] as number) > daysIn(fields[0] as number, fields[1] as number))
  )
    return undefined;
  return { kind, fields, offset: zone === undefined ? undefined : offsetOf(zone) };
}

/** The same instant with its fields in UTC. */
function inUtc({ fields, offset }: Temporal): readonly number[] {
  if (offset === undefined || offset === 0 || fields.length < 4) return fields;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields;
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute) - offset * 60_000);
  return [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    second,
  ].slice(0, fields.length);
}

/** Below zero, zero, above zero; undefined when the precision of one does not reach far enough to say. */
export function compareTemporal(a: Temporal, b: Temporal): number | undefined {
  const left = inUtc(a);
  const right = inUtc(b);
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length === right.length ? 0 : undefined;
}

/** `~`: the same precision and the same fields. */
export const equivalentTemporal = (a: Temporal, b: Temporal): boolean => compareTemporal(a, b) === 0;

/** Field that a unit changes, and how many of that field it is; of calendar words and of UCUM. */
const units: ReadonlyMap<string, readonly [field: number, times: number]> = new Map(
  (
    [
      [0, 1, 'year', 'years', 'a'],
      [1, 1, 'month', 'months', 'mo'],
      [2, 7, 'week', 'weeks', 'wk'],
      [2, 1, 'day', 'days', 'd'],
      [3, 1, 'hour', 'hours', 'h'],
      [4, 1, 'minute', 'minutes', 'min'],
      [5, 1, 'second', 'seconds', 's'],
      [5, 0.001, 'millisecond', 'milliseconds', 'ms'],
    ] as const
  ).flatMap(([field, times, ...words]) =>
    words.map((word): [string, readonly [number, number]] => [word, [field, times]]),
  ),
);

/** How many of a field make one of the field before it, for amounts finer than the precision of a date. */
const perCoarser = [1, 12, 30, 24, 60, 60];

/** Adds a duration. Amounts above seconds count whole; finer ones than the date's precision are converted and cut off. */
export function addDuration(text: string, temporal: Temporal, amount: number, unit: string): string {
  const known = units.get(unit);
  if (known === undefined)
    throw new FhirPathError(
      `a date or time can only be changed by years, months, weeks, days, hours, minutes, seconds or milliseconds`,
    );
  let [field, times] = known;
  let count = (field === 5 ? amount : Math.trunc(amount)) * times;
  const { kind, offset } = temporal;
  if (kind === 'time') {
    if (field < 3)
      throw new FhirPathError('a time of day can only be changed by hours, minutes, seconds or milliseconds');
    return addToTime(temporal, count, field - 3);
  }
  const last = temporal.fields.length - 1;
  if (field > last) {
    // Days become years directly, at 365; the months between would make it 360.
    if (last === 0 && field >= 2) {
      for (; field > 2; field -= 1) count = count / (perCoarser[field] as number);
      count /= 365;
    } else for (; field > last; field -= 1) count = count / (perCoarser[field] as number);
    count = Math.trunc(cleanFraction(count));
    field = last;
  }
  const fields = [...temporal.fields];
  if (field <= 1) addMonths(fields, field === 0 ? count * 12 : count);
  else addMilliseconds(fields, count * ([0, 0, 86_400_000, 3_600_000, 60_000, 1000][field] as number));
  return written(fields, kind, offset, text);
}

const cleanFraction = (value: number): number => Number(value.toPrecision(15));

function addMonths(fields: number[], months: number): void {
  const total = (fields[0] as number) * 12 + ((fields[1] ?? 1) - 1) + months;
  fields[0] = Math.floor(total / 12);
  if (fields.length > 1) fields[1] = (total % 12) + 1;
  if (fields.length > 2) fields[2] = Math.min(fields[2] as number, daysIn(fields[0], fields[1] as number));
}

function addMilliseconds(fields: number[], milliseconds: number): void {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields;
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute) + Math.round(second * 1000 + milliseconds));
  const next = [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds() + at.getUTCMilliseconds() / 1000,
  ];
  for (let index = 0; index < fields.length; index += 1) fields[index] = next[index] as number;
}

function addToTime({ fields }: Temporal, count: number, field: number): string {
  const last = fields.length - 1;
  let whole = count;
  let at = field;
  for (; at > last; at -= 1) whole = Math.trunc(whole / 60);
  const [hour = 0, minute = 0, second = 0] = fields;
  const day = 86_400_000;
  const total = Math.round(
    hour * 3_600_000 + minute * 60_000 + second * 1000 + whole * ([3_600_000, 60_000, 1000][at] as number),
  );
  const within = ((total % day) + day) % day;
  return [Math.floor(within / 3_600_000), Math.floor(within / 60_000) % 60, (within % 60_000) / 1000]
    .slice(0, fields.length)
    .map((value, index) => (index === 2 ? secondText(value) : pad(value, 2)))
    .join(':');
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

const secondText = (value: number): string => {
  const milliseconds = Math.round(value * 1000);
  const rest = milliseconds % 1000;
  return pad(Math.floor(milliseconds / 1000), 2) + (rest === 0 ? '' : `.${pad(rest, 3)}`);
};

function written(fields: readonly number[], kind: Temporal['kind'], offset: number | undefined, text: string): string {
  const [year = 0, month, day, hour, minute, second] = fields;
  if (year < 1 || year > 9999) throw new FhirPathError('a date leaves the years 1 to 9999');
  let out = pad(year, 4);
  if (month !== undefined) out += `-${pad(month, 2)}`;
  if (day !== undefined) out += `-${pad(day, 2)}`;
  if (kind === 'date' || hour === undefined) return out;
  out += `T${pad(hour, 2)}`;
  if (minute !== undefined) out += `:${pad(minute, 2)}`;
  if (second !== undefined) {
    out += `:${secondText(second)}`;
    if (Number.isInteger(second) && /:\d{2}\.\d/u.test(text)) out += '.000';
  }
  return out + (offset === undefined ? '' : (/(?:Z|[+-]\d{2}:\d{2})$/u.exec(text)?.[0] ?? ''));
}
