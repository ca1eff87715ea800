/** Times of the typed tree, which are ISO 8601 already, as FHIR takes them. Pure. */

const iso = /^(\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const hl7Date = /^(\d{4})(?:(\d{2})(\d{2})?)?$/;

const offsetOf = (zone: string): string =>
  zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;

const dashed = (_: string, year: string, month?: string, day?: string): string =>
  [year, month, day].filter((each) => each !== undefined).join('-');

/**
 * A FHIR dateTime: FHIR asks for seconds and an offset wherever there is an hour, so that seconds which were not given are
 * zero, and a time of which nobody knows the offset is its date. Undefined for what is no time, and for `0000…`.
 */
export function dateTimeOf(text: string): string | undefined {
  const found = iso.exec(text) ?? iso.exec(text.replace(hl7Date, dashed));
  if (found === null || text.startsWith('0000')) return undefined;
  const [, date = '', hour, minute = '00', second = '00', fraction = '', zone] = found;
  if (!isDate(date)) return undefined;
  if (hour === undefined || zone === undefined || date.length < 10) return date;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return date;
  return `${date}T${hour}:${minute}:${second}${fraction.slice(0, 10)}${offsetOf(zone)}`;
}

/** A month of twelve, a day that the month has. */
function isDate(date: string): boolean {
  if (date.length === 4) return true;
  const month = Number(date.slice(5, 7));
  if (month < 1 || month > 12) return false;
  if (date.length === 7) return true;
  const day = Number(date.slice(8));
  return day >= 1 && (day <= 28 || day <= new Date(Date.UTC(Number(date.slice(0, 4)), month, 0)).getUTCDate());
}

/** A FHIR instant: undefined where there is no time of day or no offset. */
export function instantOf(text: string): string | undefined {
  const dateTime = dateTimeOf(text);
  return dateTime?.includes('T') === true ? dateTime : undefined;
}

/** A FHIR time, of `0830`, `083015`, `08:30`; one with an offset is none, for FHIR's has no place for it. */
export function timeOf(text: string): string | undefined {
  const found = /^([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d)(\.\d{1,6})?)?$/.exec(text.trim());
  if (found === null) return undefined;
  const [, hour = '', minute = '', second = '00', fraction = ''] = found;
  return `${hour}:${minute}:${second}${fraction}`;
}
