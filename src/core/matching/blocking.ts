/**
 * Keys by which people who could be the same are found without looking at everybody: two descriptions that could be of
 * one person have at least one in common. Each is rare enough that few share it, in a hundred thousand too. Pure.
 */
import type { Demographics } from './demographics.ts';
import { phonesOf, withDayAndMonthSwapped } from './details.ts';
import { fullForm, givenNamesOf, surnamesOf } from './names.ts';
import { soundOf } from './sound.ts';

/** What is stored with a person. */
export function blockingKeys(of: Demographics): readonly string[] {
  const surnames = [...new Set(surnamesOf(of.family, of.secondFamily).words.map(coded))].slice(0, 4);
  const given = [...new Set(givenNamesOf(of.given).map((name) => coded(fullForm(name))))].slice(0, 3);
  const keys = phonesOf(of.phones).map((phone) => `p:${phone}`);
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(of.dob ?? '') ?? [];
  if (year !== '') {
    keys.push(...surnames.map((surname) => `d:${year}${month}${day}:${surname}`));
    keys.push(...given.map((name) => `g:${year}${month}${day}:${name}`));
    // One wrong digit leaves two of the three parts of a date as they are.
    for (const part of [`${year}-${month}-`, `${year}--${day}`, `-${month}-${day}`]) {
      for (const surname of surnames) keys.push(...given.map((name) => `n:${part}:${surname}:${name}`));
    }
  }
  const sorted = surnames.toSorted();
  if (sorted.length > 1 && given.length > 0) keys.push(...given.map((name) => `w:${sorted.join(':')}:${name}`));
  return [...new Set(keys)];
}

/** What is looked for: the same, and the date with day and month exchanged. */
export function searchKeys(of: Demographics): readonly string[] {
  const swapped = of.dob === undefined ? undefined : withDayAndMonthSwapped(of.dob);
  const other = swapped === undefined ? [] : blockingKeys({ ...of, dob: swapped, phones: [] });
  return [...new Set([...blockingKeys(of), ...other.filter((key) => key.startsWith('d:') || key.startsWith('g:'))])];
}

/** An index takes no key of any length. */
const coded = (word: string): string => soundOf(word).slice(0, 24);
