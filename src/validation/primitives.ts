/** The lexical rules of R4's primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive). */

/** What is wrong with a value, in words without the value; undefined when nothing is. */
export type Lexical = (json: unknown) => string | undefined;

const year = String.raw`(?:[1-9]\d{3}|0\d{2}[1-9]|0\d[1-9]0|0[1-9]00)`;
const date = String.raw`${year}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?`;
const day = String.raw`${year}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const clock = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?`;
const zone = String.raw`(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

// oxlint-disable-next-line no-control-regex -- these are the ones that JSON may escape and FHIR does not have
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/u;

const empty = 'an empty value is not allowed; leave the element out';
/** FHIR: 1 MB of text at most. */
const longest = 1_048_576;

const blank = (text: string): boolean => text.length === 0 || (text.charCodeAt(0) <= 0x20 && text.trim() === '');

const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text that begins `YYYY-MM-DD` names a day that the calendar has. */
function inCalendar(text: string): boolean {
  if (text.length < 10) return true;
  const month = Number(text.slice(5, 7));
  const dayOfMonth = Number(text.slice(8, 10));
  if (dayOfMonth <= 28) return true;
  if (dayOfMonth > (days[month - 1] ?? 0)) return false;
  if (month !== 2 || dayOfMonth < 29) return true;
  const of = Number(text.slice(0, 4));
  return of % 4 === 0 && (of % 100 !== 0 || of % 400 === 0);
}

/** `never`: what it has nowhere. */
const textual = (type: string, form?: RegExp, never?: RegExp): Lexical => {
  const wrong = `this is no ${type}`;
  return (json) => {
    if (typeof json !== 'string') return `a ${type} is written as a string`;
    if (blank(json)) return empty;
    if (never?.test(json) === true) return wrong;
    return form === undefined || form.test(json) ? undefined : wrong;
  };
};

const free =
  (type: string): Lexical =>
  (json) => {
    if (typeof json !== 'string') return `a ${type} is written as a string`;
    if (blank(json)) return empty;
    if (control.test(json)) return 'control characters are not allowed';
    return json.length > longest ? 'a text may have 1 MB at most' : undefined;
  };

const dated = (type: string, form: RegExp): Lexical => {
  const test = textual(type, form);
  return (json) =>
    test(json) ?? (inCalendar(json as string) ? undefined : `this is no ${type}: the calendar has no such day`);
};

const whole = (type: string, least: number): Lexical => {
  const range = `this is no ${type}: ${least === -2_147_483_648 ? 'beyond 32 bits' : `${least} to 2147483647`}`;
  return (json) => {
    if (typeof json !== 'number') return `a ${type} is written as a number`;
    if (!Number.isInteger(json)) return `this is no ${type}`;
    return json < least || json > 2_147_483_647 ? range : undefined;
  };
};

/** Without groups that repeat: of many megabytes, each group would stay on the stack. */
const base64 = /^[0-9a-zA-Z+/]*={0,2}$/u;
const isBase64 = (text: string): boolean => text.length % 4 === 0 && base64.test(text);
const identifier = textual('id', /^[A-Za-z0-9\-.]{1,64}$/u);

/** By name of the type. `xhtml` is judged by `narrative.ts`. */
export const lexical: Readonly<Record<string, Lexical>> = {
  boolean: (json) => (typeof json === 'boolean' ? undefined : 'a boolean is written as true or false, without quotes'),
  integer: whole('integer', -2_147_483_648),
  positiveInt: whole('positiveInt', 1),
  unsignedInt: whole('unsignedInt', 0),
  decimal: (json) =>
    typeof json === 'number' && Number.isFinite(json) ? undefined : 'a decimal is written as a number',
  string: free('string'),
  markdown: free('markdown'),
  code: textual('code', undefined, /^\s|\s\s|\s$/u),
  id: identifier,
  uri: textual('uri', /^\S+$/u),
  url: textual('url', /^\S+$/u),
  canonical: textual('canonical', /^\S+$/u),
  oid: textual('oid', /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/u),
  uuid: textual('uuid', /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u),
  date: dated('date', new RegExp(`^${date}$`, 'u')),
  dateTime: dated('dateTime', new RegExp(`^(?:${date}|${day}T${clock}${zone})$`, 'u')),
  instant: dated('instant', new RegExp(`^${day}T${clock}${zone}$`, 'u')),
  time: textual('time', new RegExp(`^${clock}$`, 'u')),
  base64Binary: (json) => {
    if (typeof json !== 'string') return 'a base64Binary is written as a string';
    if (blank(json)) return empty;
    return isBase64(/\s/u.test(json) ? json.replaceAll(/\s+/gu, '') : json) ? undefined : 'this is no base64Binary';
  },
  xhtml: textual('xhtml'),
};
