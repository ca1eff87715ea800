/** What Tejido's maps can do in expressions beside FHIRPath. */
import { Item, nothing } from '../definitions/item.ts';
import { FhirPathError, type FunctionDef } from '../fml/index.ts';

/** Making a formatter costs a hundred times what using it does. */
const formatters = new Map<string, Intl.DateTimeFormat>();

const formatterOf = (zone: string): Intl.DateTimeFormat => {
  const standing = formatters.get(zone);
  if (standing !== undefined) return standing;
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  } catch {
    throw new FhirPathError('localTime: the time zone is not an IANA name, such as America/Chicago');
  }
  formatters.set(zone, made);
  return made;
};

/**
 * An ISO 8601 time with offset as the wall clock in `zone` (an IANA name) showed it: `2026-05-06`, `18:05`,
 * `2026-05-06 18:05`. A date without time has no zone and stays; what is no time is nothing.
 */
export function localTime(iso: string, zone: string, part: string): string | undefined {
  if (!iso.includes('T')) return part === 'time' ? undefined : iso;
  const instant = new Date(iso);
  if (Number.isNaN(instant.getTime())) return undefined;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) parts[type] = value;
  const date = `${parts.year ?? ''}-${parts.month ?? ''}-${parts.day ?? ''}`;
  const time = `${parts.hour ?? ''}:${parts.minute ?? ''}`;
  if (part === 'date') return date;
  if (part === 'time') return time;
  if (part === 'datetime') return `${date} ${time}`;
  throw new FhirPathError(`localTime: the part is 'date', 'time' or 'datetime'`);
}

const text = (items: readonly Item[] | undefined): string | undefined => {
  const json = items?.[0]?.json;
  return typeof json === 'string' ? json : undefined;
};

/** `localTime(zone, 'date' | 'time' | 'datetime')` */
export const functions: Readonly<Record<string, FunctionDef>> = {
  localTime: {
    min: 2,
    max: 2,
    evaluate: (input, [zones, parts]) => {
      const [iso, zone, part] = [text(input), text(zones), text(parts)];
      if (iso === undefined || zone === undefined || part === undefined) return nothing;
      const local = localTime(iso, zone, part);
      return local === undefined ? nothing : [new Item(local, undefined)];
    },
  },
};
