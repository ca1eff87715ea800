/** Numbers as laboratories write them. What is not certainly a number is nothing, and stays text. Pure. */

export type Comparator = '<' | '<=' | '>=' | '>';
export type Measured = { readonly value: number; readonly comparator?: Comparator };

/** `8.4`, `+23`, `.9`, `5.`, `1E3`; never `1,024`, `0x10`, `NaN`. */
const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** Beyond these a JSON number is another one than what was written. */
const digits = 15;

/** Undefined for what is not a number, or not one that survives as JSON. */
export function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (!plain.test(trimmed)) return undefined;
  const significant = trimmed
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  const value = Number(trimmed);
  return significant.length > digits || !Number.isFinite(value) ? undefined : value + 0;
}

const comparators: Readonly<Record<string, Comparator | ''>> = {
  '': '',
  '=': '',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '≤': '<=',
  '≥': '>=',
};

/** `=` says nothing; undefined is no comparator that FHIR has (`<>`). */
export const comparatorOf = (text: string): Comparator | '' | undefined =>
  Object.hasOwn(comparators, text.trim()) ? comparators[text.trim()] : undefined;

/** A number, perhaps with what it is compared by: `8.4`, `<15`, `> 60`, `>=300`. */
export function measuredOf(text: string): Measured | undefined {
  const [, sign = '', rest = ''] = /^\s*([<>=≤≥]*)(.*)$/s.exec(text) ?? [];
  const comparator = comparatorOf(sign);
  const value = numberOf(rest);
  if (comparator === undefined || value === undefined) return undefined;
  return comparator === '' ? { value } : { value, comparator };
}

/** `1,024` of a sender whose comma separates thousands → `1024`; other commas stay. */
export const ungrouped = (text: string): string =>
  text.replaceAll(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/g, (number) => number.replaceAll(',', ''));

export type Limits = { readonly low?: number; readonly high?: number };

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)`;
const between = new RegExp(String.raw`^(${number})\s*(?:-|–|to)\s*(${number})$`, 'i');

/**
 * The limits of OBX-7 (HL7 v2.8.2 §7.4.2.7) where they are certain: `4.0-5.6`, `<200`, `>39`, `>=60`. `40-`, `-99`,
 * `70_105`, `[4.00;15.00]` and a range that goes downwards are text only.
 */
export function limitsOf(text: string): Limits | undefined {
  const trimmed = text.trim();
  const [, from, to] = between.exec(trimmed) ?? [];
  if (from !== undefined && to !== undefined) {
    const [low, high] = [numberOf(from), numberOf(to)];
    return low === undefined || high === undefined || low > high ? undefined : { low, high };
  }
  const one = measuredOf(trimmed);
  if (one?.comparator === undefined) return undefined;
  return one.comparator.startsWith('<') ? { high: one.value } : { low: one.value };
}
