/** Typed values out of answers, which are all text. A failure never repeats the answer. */
import type { AnswerRule } from './config.ts';
import { choicesOf } from './answers.ts';

export type Converted = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly says: string };

const yes = new Set(['1', 'yes', 'y', 'true', 'si', 'sí', 's', 'on']);
const no = new Set(['0', 'no', 'n', 'false', 'off']);

const scale: Readonly<Record<string, (value: number) => number>> = {
  'lb>kg': (value) => value * 0.45359237,
  'kg>lb': (value) => value / 0.45359237,
  'in>cm': (value) => value * 2.54,
  'cm>in': (value) => value / 2.54,
  'm>cm': (value) => value * 100,
  'h>min': (value) => value * 60,
  's>min': (value) => value / 60,
  // Glucose, 180.156 g/mol.
  'mmol/L>mg/dL': (value) => value * 18.0156,
  'mg/dL>mmol/L': (value) => value / 18.0156,
};

/** `timeZone`: for a date and time that carries no offset. */
export function convert(text: string, rule: AnswerRule, timeZone: string | undefined): Converted {
  const as = rule.as ?? (rule.unit === undefined ? 'text' : 'number');
  if (as === 'list') {
    const items: unknown[] = [];
    for (const choice of choicesOf(text)) {
      const item = looked(choice, rule);
      if (!item.ok) return item;
      items.push(item.value);
    }
    return { ok: true, value: items };
  }
  if (rule.values !== undefined) return looked(text, rule);
  switch (as) {
    case 'number':
    case 'integer':
      return numberOf(text, rule, as);
    case 'boolean': {
      const word = text.toLowerCase();
      if (yes.has(word)) return { ok: true, value: true };
      return no.has(word) ? { ok: true, value: false } : { ok: false, says: 'is not a yes or no' };
    }
    case 'date':
      return dateOf(text, rule);
    case 'datetime': {
      const instant = instantOf(text, timeZone);
      return instant === undefined
        ? { ok: false, says: 'is not a date and time with a known zone' }
        : { ok: true, value: instant };
    }
    case 'text':
    default:
      return { ok: true, value: text };
  }
}

function looked(text: string, rule: AnswerRule): Converted {
  if (rule.values === undefined) return { ok: true, value: text };
  return Object.hasOwn(rule.values, text)
    ? { ok: true, value: rule.values[text] }
    : { ok: false, says: 'has an answer that its table of values does not have' };
}

function numberOf(text: string, rule: AnswerRule, as: 'number' | 'integer'): Converted {
  // 72,5 is how Spanish writes it; 1,200 could be either and is refused.
  if (!/^[+-]?\d{1,12}([.,]\d{1,9})?$/.test(text)) return { ok: false, says: 'is not a number' };
  if (/^[+-]?\d{1,3},\d{3}$/.test(text)) return { ok: false, says: 'has a comma that may mean thousands or decimals' };
  const read = Number(text.replace(',', '.'));
  const { unit } = rule;
  const value = unit === undefined || unit.from === unit.to ? read : scale[`${unit.from}>${unit.to}`]?.(read);
  if (value === undefined) return { ok: false, says: `cannot be converted from ${unit?.from} to ${unit?.to}` };
  if (as === 'integer' && !Number.isInteger(value)) return { ok: false, says: 'is not a whole number' };
  // A conversion shows no more digits than a device does.
  return { ok: true, value: unit === undefined ? value : Number(value.toFixed(2)) };
}

function dateOf(text: string, rule: AnswerRule): Converted {
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$/.exec(text);
  const local = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  let parts: readonly (string | undefined)[] | undefined;
  if (iso !== null) parts = [iso[1], iso[2], iso[3]];
  else if (local !== null && rule.order === 'dmy') parts = [local[3], local[2], local[1]];
  else if (local !== null && rule.order === 'mdy') parts = [local[3], local[1], local[2]];
  if (parts === undefined) return { ok: false, says: 'is not a date (YYYY-MM-DD, or give `order`)' };
  const [year = '', month = '', day = ''] = parts;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date)
    ? { ok: true, value: date }
    : { ok: false, says: 'is not a day of the calendar' };
}

const written = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * RFC 3339 with the offset as the device gave it. CommCare's XML writes `-04`, its metadata and some phones write none:
 * then `timeZone` decides, and without one it is undefined.
 */
export function instantOf(text: string, timeZone: string | undefined): string | undefined {
  const parts = written.exec(text.trim());
  if (parts === null) return undefined;
  const [, day = '', minute = '', second = '00', fraction, zone] = parts;
  const local = `${day}T${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}`;
  const offset = zone === undefined ? offsetIn(timeZone, `${day}T${minute}:${second}`) : offsetOf(zone);
  if (offset === undefined) return undefined;
  return Number.isNaN(Date.parse(`${local}${offset}`)) ? undefined : `${local}${offset}`;
}

function offsetOf(zone: string): string {
  if (zone.toUpperCase() === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.charAt(0)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** Offset of a wall-clock time in a zone. Where the clock jumps, the offset of the hour before it holds. */
function offsetIn(timeZone: string | undefined, local: string): string | undefined {
  if (timeZone === undefined) return undefined;
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const guess = offsetMinutes(timeZone, asUtc);
  const minutes = offsetMinutes(timeZone, asUtc - guess * 60_000);
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function offsetMinutes(timeZone: string, at: number): number {
  const name = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(at)
    .find((part) => part.type === 'timeZoneName')?.value;
  const parts = /GMT([+-])(\d{2}):(\d{2})/.exec(name ?? '');
  if (parts === null) return 0;
  return (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3]));
}
