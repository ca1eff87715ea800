/**
 * Days as spreadsheets hold them. The order of day and month is declared, or follows from the column as a whole; a date
 * that stays ambiguous is an error of its row, never a guess.
 */
import type { DateOrder } from '../core/roster.ts';
import type { Cell } from './table.ts';

export type Day =
  { readonly ok: true; readonly day: string } | { readonly ok: false; readonly code: string; readonly what: string };

const no = (code: string, what: string): Day => ({ ok: false, code, what });

const numeric = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})(?:[ T]0{1,2}:00(?::00)?)?$/;
const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?$/;
const worded = /^(\d{1,2})[ /.-]+(?:de +)?([a-zé]{3,12})\.?[ /.,-]+(?:de[l]? +)?(\d{2}|\d{4})$/i;
const wordedFirst = /^([a-zé]{3,12})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$/i;

/** First three letters, in English and Spanish; they do not contradict each other. */
const months: Readonly<Record<string, number>> = {
  jan: 1,
  ene: 1,
  feb: 2,
  mar: 3,
  apr: 4,
  abr: 4,
  may: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  ago: 8,
  sep: 9,
  set: 9,
  oct: 10,
  nov: 11,
  dec: 12,
  dic: 12, // prettier-ignore
};

/** What a column says about the order of day and month: each date whose parts leave no doubt counts. */
export function orderOf(cells: readonly Cell[]): DateOrder | 'both' | undefined {
  let dmy = false;
  let mdy = false;
  for (const cell of cells) {
    const parts = typeof cell === 'string' ? numeric.exec(cell) : null;
    if (parts === null) continue;
    if (Number(parts[1]) > 12 && Number(parts[2]) <= 12) dmy = true;
    if (Number(parts[2]) > 12 && Number(parts[1]) <= 12) mdy = true;
  }
  if (dmy && mdy) return 'both';
  if (dmy) return 'dmy';
  return mdy ? 'mdy' : undefined;
}

export type DayRules = {
  /** Declared, or of the column. */
  readonly order: DateOrder | 'both' | undefined;
  /** YYYY-MM-DD; nothing later is a day of birth. */
  readonly today: string;
  /** A day of birth lies in the past, and within 120 years. */
  readonly birth: boolean;
};

/** A day of a cell that is not blank, as YYYY-MM-DD. */
export function dayOf(cell: Cell, rules: DayRules): Day {
  const found = typeof cell === 'string' ? fromText(cell.trim(), rules) : fromDate(cell);
  if (!found.ok) return found;
  const { day } = found;
  const year = Number(day.slice(0, 4));
  if (rules.birth && day > rules.today) return no('date-future', 'Is a day of birth that has not come yet.');
  if (rules.birth && year < Number(rules.today.slice(0, 4)) - 120)
    return no('date-too-old', 'Is a day of birth more than 120 years ago.');
  if (!rules.birth && (year < 1950 || year > Number(rules.today.slice(0, 4)) + 10))
    return no('date-range', 'Is a day too far from today.');
  return found;
}

const fromDate = (date: Date): Day =>
  Number.isNaN(date.getTime())
    ? no('date-unreadable', 'Is not a date.')
    : { ok: true, day: date.toISOString().slice(0, 10) };

function fromText(text: string, rules: DayRules): Day {
  const written = iso.exec(text);
  if (written !== null) return calendar(Number(written[1]), Number(written[2]), Number(written[3]));
  const parts = numeric.exec(text);
  if (parts !== null) return fromNumeric(Number(parts[1]), Number(parts[2]), parts[3] ?? '', rules);
  const words = worded.exec(text);
  if (words !== null) return withMonth(words[2] ?? '', Number(words[1]), words[3] ?? '', rules);
  const first = wordedFirst.exec(text);
  if (first !== null) return withMonth(first[1] ?? '', Number(first[2]), first[3] ?? '', rules);
  if (/^\d{5}(\.0+)?$/.test(text)) return serial(Number(text));
  if (/^\d{8}$/.test(text)) return compact(text);
  return no('date-unreadable', 'Is not a date: write it as 1961-03-02.');
}

function fromNumeric(first: number, second: number, yearText: string, rules: DayRules): Day {
  const year = yearOf(yearText, rules);
  if (year === undefined) return no('date-year', 'Has a year of two digits that may mean two centuries: write four.');
  if (first > 12 && second > 12) return no('date-unreadable', 'Is not a day of the calendar.');
  // The same either way, or only one way makes a day.
  if (first === second) return calendar(year, first, second);
  const only = first > 12 ? 'dmy' : second > 12 ? 'mdy' : undefined;
  const { order } = rules;
  if (only !== undefined && order !== undefined && order !== 'both' && only !== order)
    return no('date-order', 'Contradicts the order of day and month of this column.');
  const as = only ?? (order === 'both' ? undefined : order);
  if (as === undefined)
    return no('date-ambiguous', 'May be day/month or month/day, and nothing in this column tells: declare dateOrder, or write it as 1961-03-02.'); // prettier-ignore
  return as === 'dmy' ? calendar(year, second, first) : calendar(year, first, second);
}

function withMonth(word: string, day: number, yearText: string, rules: DayRules): Day {
  const month = months[word.toLowerCase().slice(0, 3)];
  const year = yearOf(yearText, rules);
  if (year === undefined) return no('date-year', 'Has a year of two digits that may mean two centuries: write four.');
  return month === undefined ? no('date-unreadable', 'Names no month.') : calendar(year, month, day);
}

/** Two digits are taken when only one century makes sense: a birth in the future, an enrolment in the last century do not. */
function yearOf(text: string, { birth, today }: DayRules): number | undefined {
  if (text.length === 4) return Number(text);
  const now = Number(today.slice(0, 4));
  const recent = 2000 + Number(text);
  if (birth) return recent > now ? recent - 100 : undefined;
  return recent <= now + 1 ? recent : undefined;
}

/** Days since 1899-12-30, as Excel counts: 22342 is 1961-03-02. Five digits are the years 1927 to 2173. */
const serial = (days: number): Day => fromDate(new Date(Date.UTC(1899, 11, 30) + days * 86_400_000));

const compact = (text: string): Day =>
  /^(19|20)/.test(text)
    ? calendar(Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6)))
    : no('date-unreadable', 'Is not a date: write it as 1961-03-02.');

function calendar(year: number, month: number, day: number): Day {
  const date = new Date(Date.UTC(year, month - 1, day));
  const right = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return right ? { ok: true, day: date.toISOString().slice(0, 10) } : no('date-unreadable', 'Is not a day of the calendar.'); // prettier-ignore
}
