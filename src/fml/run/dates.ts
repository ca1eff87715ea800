/**
 * Dates and times as senders write them → FHIR's (`toDate`, `toDateTime`, `toTime`, `unixTo…` of the FML guide; R4's
 * `dateOp(s, format)` means the one that fits the element). Format codes: yyyy yy MM M MMM MMMM dd d HH H hh h mm m ss s
 * S… a Z; anything else must stand there as it is; text between single quotes too.
 */
import { Fault } from './fault.ts';
import { castPrimitive } from './primitive.ts';

export type Moment = 'date' | 'dateTime' | 'time';

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

type Field =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'half'
  | 'zone';

const codes: readonly (readonly [RegExp, Field, string])[] = [
  [/^yyyy/u, 'year', String.raw`(\d{4})`],
  [/^yy/u, 'shortYear', String.raw`(\d{2})`],
  [/^MMMM?/u, 'monthName', String.raw`(\p{L}+\.?)`],
  [/^MM/u, 'month', String.raw`(\d{2})`],
  [/^M/u, 'month', String.raw`(\d{1,2})`],
  [/^dd/u, 'day', String.raw`(\d{2})`],
  [/^d/u, 'day', String.raw`(\d{1,2})`],
  [/^HH/u, 'hour', String.raw`(\d{2})`],
  [/^H/u, 'hour', String.raw`(\d{1,2})`],
  [/^hh/u, 'hour12', String.raw`(\d{2})`],
  [/^h/u, 'hour12', String.raw`(\d{1,2})`],
  [/^mm/u, 'minute', String.raw`(\d{2})`],
  [/^m/u, 'minute', String.raw`(\d{1,2})`],
  [/^ss/u, 'second', String.raw`(\d{2})`],
  [/^s/u, 'second', String.raw`(\d{1,2})`],
  [/^S+/u, 'fraction', String.raw`(\d+)`],
  [/^a/u, 'half', String.raw`([AaPp]\.?[Mm]?\.?)`],
  [/^Z+/u, 'zone', String.raw`(Z|[+-]\d{2}:?\d{2})`],
];

type Pattern = { readonly pattern: RegExp; readonly fields: readonly Field[] };

function patternOf(format: string): Pattern {
  const fields: Field[] = [];
  let pattern = '';
  for (let rest = format; rest !== '';) {
    const quoted = /^'([^']*)'/u.exec(rest);
    const code = codes.find(([start]) => start.test(rest));
    if (quoted === null && code !== undefined) {
      const [start, field, source] = code;
      fields.push(field);
      pattern += source;
      rest = rest.slice(start.exec(rest)?.[0].length ?? 1);
    } else {
      const literal = quoted?.[1] ?? rest.charAt(0);
      pattern += literal.replace(/[.*+?^${}()|[\]\\/-]/gu, String.raw`\$&`);
      rest = rest.slice(quoted?.[0].length ?? 1);
    }
  }
  return { pattern: new RegExp(`^${pattern.replaceAll(String.raw`\-`, '-')}$`, 'u'), fields };
}

const patterns = new Map<string, Pattern>();

/** Formats are texts of maps, of which there are few; those that come from data are not remembered. */
function knownPattern(format: string): Pattern {
  const standing = patterns.get(format);
  if (standing !== undefined) return standing;
  const made = patternOf(format);
  if (patterns.size < 1000) patterns.set(format, made);
  return made;
}

const two = (text: string): string => text.padStart(2, '0');

const zoneOf = (text: string): string =>
  text === 'Z' || text.includes(':') ? text : `${text.slice(0, 3)}:${text.slice(3)}`;

/** As FHIR writes it; throws when the text is not written in this format, or is no date there is. */
export function readMoment(text: string, format: string | undefined, as: Moment): string {
  const refuse = (): Fault =>
    new Fault('cast-failed', `the text is no ${as}${format === undefined ? '' : ` of the form ${format}`}`, {
      advice: 'Correct the format, or what was sent',
      value: text,
    });
  if (format === undefined) {
    const cast = castPrimitive(text, as);
    if (typeof cast !== 'string') throw refuse();
    return cast;
  }
  const { pattern, fields } = knownPattern(format);
  const match = pattern.exec(text.trim());
  if (match === null) throw refuse();
  const parts = new Map(fields.map((field, index) => [field, match[index + 1] ?? '']));
  const shown = as === 'time' ? timeOf(parts) : dateOf(parts, as);
  const valid = shown === undefined ? undefined : castPrimitive(shown, as);
  if (typeof valid !== 'string' || (as !== 'time' && !isDay(valid))) throw refuse();
  return valid;
}

/** Whether the calendar has the day: 30 February is none. */
const isDay = (text: string): boolean => {
  const [year = 0, month = 1, day = 1] = text.slice(0, 10).split('-').map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
};

function dateOf(parts: ReadonlyMap<Field, string>, as: Moment): string | undefined {
  const short = parts.get('shortYear');
  const year = parts.get('year') ?? (short === undefined ? undefined : `${Number(short) < 50 ? '20' : '19'}${short}`);
  if (year === undefined) return undefined;
  const name = parts.get('monthName')?.replace('.', '').toLowerCase();
  const named =
    name === undefined ? undefined : months.findIndex((each) => each.startsWith(name) && name.length > 2) + 1;
  const month = parts.get('month') ?? (named === undefined ? undefined : String(named));
  if (month === undefined) return year;
  const day = parts.get('day');
  if (day === undefined) return `${year}-${two(month)}`;
  const date = `${year}-${two(month)}-${two(day)}`;
  const time = as === 'dateTime' ? timeOf(parts) : undefined;
  // A time without zone is no dateTime of FHIR; as the time of the server is not known here, it counts as UTC.
  return time === undefined ? date : `${date}T${time}${zoneOf(parts.get('zone') ?? 'Z')}`;
}

function timeOf(parts: ReadonlyMap<Field, string>): string | undefined {
  const half = parts.get('half')?.toLowerCase();
  const twelve = parts.get('hour12');
  const hour =
    parts.get('hour') ??
    (twelve === undefined ? undefined : String((Number(twelve) % 12) + (half?.startsWith('p') === true ? 12 : 0)));
  if (hour === undefined) return undefined;
  const fraction = parts.get('fraction');
  return `${two(hour)}:${two(parts.get('minute') ?? '0')}:${two(parts.get('second') ?? '0')}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Seconds since 1970 as a date or time in an offset from UTC (`+10:00`). */
export function readUnix(seconds: number, zone: string | undefined, as: Moment): string {
  const offset = /^([+-])(\d{2}):?(\d{2})$/u.exec(zone ?? '');
  if (zone !== undefined && zone !== 'Z' && offset === null)
    throw new Fault('wrong-parameters', 'the zone is to be written as +hh:mm');
  const minutes = offset === null ? 0 : (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3]));
  const moment = new Date((seconds + minutes * 60) * 1000);
  if (Number.isNaN(moment.getTime())) throw new Fault('cast-failed', 'the number is no Unix time', { value: seconds });
  const iso = moment
    .toISOString()
    .replace(/\.000Z$/u, 'Z')
    .slice(0, -1);
  if (as === 'date') return iso.slice(0, 10);
  if (as === 'time') return iso.slice(11);
  return `${iso}${offset === null ? 'Z' : `${offset[1]}${offset[2]}:${offset[3]}`}`;
}
