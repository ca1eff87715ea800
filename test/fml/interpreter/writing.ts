/** Texts written in another way: `escape`, and dates by a format (`toDate`, `unixToDate` … of the FML guide). */
import { castPrimitive } from './conform.ts';
import { Fault } from './stopped.ts';

const xml: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
];

const escapes: Readonly<Record<string, readonly [(text: string) => string, (text: string) => string]>> = {
  plain: [(text) => text, (text) => text],
  json: [(text) => JSON.stringify(text).slice(1, -1), (text) => JSON.parse(`"${text}"`) as string],
  java: [(text) => JSON.stringify(text).slice(1, -1), (text) => JSON.parse(`"${text}"`) as string],
  xml: [
    (text) => xml.reduce((written, [plain, escaped]) => written.replaceAll(plain, escaped), text),
    (text) => xml.toReversed().reduce((plainText, [plain, escaped]) => plainText.replaceAll(escaped, plain), text),
  ],
  url: [encodeURIComponent, decodeURIComponent],
};

export function escapeText(text: string, from: string, to: string): string {
  const [source, target] = [escapes[from], escapes[to]];
  if (source === undefined || target === undefined) throw new Fault('wrong-parameters', 'escape does not know this');
  return target[0](source[1](text));
}

/** How many digits each letter of a format takes; other characters stand as they are. */
const fields = /yyyy|MM|dd|HH|mm|ss|M|d|H/gu;

/** FHIR's form of a text that is written by `format` (digits only: `dd/MM/yyyy HH:mm`). A time without zone is UTC. */
export function momentOf(text: string, format: string | undefined, as: 'date' | 'dateTime' | 'time'): string {
  const parts: Record<string, string> = {};
  if (format !== undefined) {
    const names = [...format.matchAll(fields)].map(([name]) => name);
    const pattern = format
      .replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)
      .replace(fields, (name) => (name.length === 1 ? String.raw`(\d{1,2})` : String.raw`(\d{${name.length}})`));
    const found = new RegExp(`^${pattern}$`, 'u').exec(text.trim());
    if (found === null) throw new Fault('cast-failed', `the text is not written as ${format}`);
    for (const [index, name] of names.entries()) parts[name] = found[index + 1] ?? '';
  }
  const { yyyy, MM, M = MM, dd, d = dd, HH, H = HH, mm = '00', ss = '00' } = parts;
  const date = [yyyy, M, d].flatMap((part) => part?.padStart(2, '0') ?? []).join('-');
  const time = H === undefined ? undefined : `${H.padStart(2, '0')}:${mm}:${ss}`;
  const written =
    format === undefined
      ? text
      : as === 'time'
        ? time
        : as === 'date' || time === undefined
          ? date
          : `${date}T${time}Z`;
  const cast = written === undefined ? undefined : castPrimitive(written, as);
  const [, year = 0, month = 1, day = 1] = /^(\d{4})-(\d\d)-(\d\d)/u.exec(written ?? '')?.map(Number) ?? [];
  const isDay = day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (typeof cast !== 'string' || !isDay) throw new Fault('cast-failed', `the text is no ${as}`);
  return cast;
}

/** Seconds since 1970 at an offset from UTC (`+02:00`). */
export function unixMoment(seconds: number, zone: string, as: 'date' | 'dateTime' | 'time'): string {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)$/u.exec(zone) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
  if (as === 'date') return local.slice(0, 10);
  return as === 'time' ? local.slice(11) : `${local}${zone}`;
}
