/** FHIR dates as spans of time: `2026-05` is the whole month (R4 §3.1.1.4.6). */
export type Span = { readonly from: number; readonly until: number };

const shape =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/** The span a date or dateTime covers, in milliseconds; a time without zone is read as UTC. */
export function spanOf(value: string): Span | undefined {
  const found = shape.exec(value);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const y = Number(year);
  if (month === undefined) return { from: Date.UTC(y, 0), until: Date.UTC(y + 1, 0) };
  const m = Number(month) - 1;
  if (day === undefined) return { from: Date.UTC(y, m), until: Date.UTC(y, m + 1) };
  if (hour === undefined) return { from: Date.UTC(y, m, Number(day)), until: Date.UTC(y, m, Number(day) + 1) };
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetMs(zone);
  const from =
    Date.UTC(y, m, Number(day), Number(hour), Number(minute), Number(second ?? 0), millis(fraction)) - offset;
  const length = second === undefined ? 60_000 : fraction === undefined ? 1000 : 1;
  return { from, until: from + length };
}

const millis = (fraction: string | undefined): number => Number((fraction ?? '0').padEnd(3, '0').slice(0, 3));

const offsetMs = (zone: string): number =>
  (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;

/** Whether `has` stands to `asked` as the prefix says: eq ne gt ge lt le sa eb ap (R4 §3.1.1.4.5). */
export function compareSpans(prefix: string, has: Span, asked: Span): boolean {
  switch (prefix) {
    case 'ne':
      return !(has.from >= asked.from && has.until <= asked.until);
    case 'gt':
      return has.until > asked.until;
    case 'ge':
      return has.until > asked.until || (has.from >= asked.from && has.until <= asked.until);
    case 'lt':
      return has.from < asked.from;
    case 'le':
      return has.from < asked.from || (has.from >= asked.from && has.until <= asked.until);
    case 'sa':
      return has.from >= asked.until;
    case 'eb':
      return has.until <= asked.from;
    case 'ap':
      return has.from < asked.until && has.until > asked.from;
    default:
      return has.from >= asked.from && has.until <= asked.until;
  }
}
