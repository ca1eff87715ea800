/**
 * HL7 v2 times (DTM, TS, DT, TM; v2.8.2 §2A.3.22) to ISO 8601 as FHIR takes it, with the precision given:
 *
 * - year, month, day stay so; minutes get `:00` seconds, for FHIR has no minutes alone; an hour alone is its date, for
 *   minutes would be invented; a fraction is kept to the millisecond.
 * - the offset given is kept; without one it is that of the sender's zone. A local time that does not exist, or comes
 *   twice, has the offset that held before the clocks changed: 2026-03-08 02:30 in Chicago is 02:30-06:00.
 * - a date has no offset and is never shifted.
 * - `0000…`, a year before 1800 or after 2200, and what is no time of the calendar are absent (24:00, second 60, 31 February).
 *
 * Not in the standard, and read: a time written as ISO 8601, blanks around it.
 */
import { offsetOfLocal, offsetText } from './zones.ts';

const compact =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d+)?)?)?)?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;
const iso =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?)?$/;

/** A message says the same few times again and again. */
const remembered = new Map<string, string>();
const mostRemembered = 2_000;

/** ISO 8601, or undefined when there is none that can be read. `zone`: of the sender (IANA). */
export function readTime(text: string, zone: string): string | undefined {
  if (text === '') return undefined;
  const key = `${text} ${zone}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const read = decideTime(text.trim(), zone);
  if (read !== undefined && key.length < 100) {
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, read);
  }
  return read;
}

function decideTime(trimmed: string, zone: string): string | undefined {
  const parts = compact.exec(trimmed) ?? iso.exec(trimmed);
  if (parts === null) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction, offset] = parts;
  const date = readDateParts(year, month, day);
  if (date === undefined || hour === undefined) return date;
  if (Number(hour) > 23 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 59) return undefined;
  if (minute === undefined) return date;
  const time = `${hour}:${minute}:${second ?? '00'}${milliseconds(fraction)}`;
  const shift = offset === undefined ? zoneOffset(`${date}T${hour}:${minute}:${second ?? '00'}Z`, zone) : given(offset);
  // Without a known offset FHIR takes no time of day.
  return shift === undefined ? (offset === undefined ? date : undefined) : `${date}T${time}${shift}`;
}

function readDateParts(year: string, month: string | undefined, day: string | undefined): string | undefined {
  if (Number(year) < 1800 || Number(year) > 2200) return undefined;
  if (month === undefined) return year;
  if (Number(month) < 1 || Number(month) > 12) return undefined;
  if (day === undefined) return `${year}-${month}`;
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) >= 1 && Number(day) <= last ? `${year}-${month}-${day}` : undefined;
}

const milliseconds = (fraction: string | undefined): string =>
  fraction === undefined ? '' : `.${fraction.slice(0, 3)}`;

function zoneOffset(local: string, zone: string): string | undefined {
  const minutes = offsetOfLocal(Date.parse(local), zone);
  return minutes === undefined ? undefined : offsetText(minutes);
}

function given(offset: string): string | undefined {
  if (offset === 'Z') return '+00:00';
  const hours = offset.slice(0, 3);
  const minutes = offset.slice(3).replace(':', '') || '00';
  const far = Number(hours.slice(1)) * 60 + Number(minutes);
  if (far > 14 * 60 || Number(minutes) > 59) return undefined;
  return far === 0 ? '+00:00' : `${hours}:${minutes}`;
}

/** The date of a birth: its own digits, whatever time, offset or zone stands behind them. */
export function readDate(text: string): string | undefined {
  const [, year = '', month, day] = /^(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?:\D.*|\d{2}.*)?$/.exec(text.trim()) ?? [];
  return year === '' ? undefined : readDateParts(year, month, day);
}

/** FHIR's time; minutes get `:00` seconds, an offset is left out (FHIR has none). An hour alone cannot be read. */
export function readTimeOfDay(text: string): string | undefined {
  const parts = /^(\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d+))?)?(?:Z|[+-]\d{2}:?\d{2})?$/.exec(text.trim());
  const [, hour = '', minute = '', second = '00', fraction] = parts ?? [];
  if (parts === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return `${hour}:${minute}:${second}${milliseconds(fraction)}`;
}

/** For order in time: a time of day as it is, a date at its beginning in the zone of the sender. */
export function readInstant(text: string, zone: string): string | undefined {
  const time = readTime(text, zone);
  if (time === undefined || time.includes('T')) return time;
  const start = `${time}${'-01'.repeat(Math.max(0, (10 - time.length) / 3))}`;
  const offset = zoneOffset(`${start}T00:00:00Z`, zone);
  return offset === undefined ? undefined : `${start}T00:00:00${offset}`;
}
