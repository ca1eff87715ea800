/** MSH-1 and MSH-2 (also FHS and BHS): which characters separate (HL7 v2.8.2 §2.5.4). */
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { Delimiters } from './message.ts';

/** What everybody uses, and what Tejido sends. */
export const standardDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
};

const headers: ReadonlySet<string> = new Set(['MSH', 'FHS', 'BHS']);

/** Whether the first two fields of this segment are the delimiters themselves. */
export const isHeader = (name: string): boolean => headers.has(name);

/** A letter, digit, blank, control or half of a surrogate pair separates nothing: it stands in names and escapes. */
const mayDelimit = (character: string): boolean => /^[^\p{L}\p{N}\s\p{C}]$/u.test(character);

/** MSH-2 as it is sent: what is absent in MSH-2 is the empty text here. */
export const encodingCharacters = ({ component, repetition, escape, subcomponent, truncation }: Delimiters): string =>
  `${component}${repetition}${escape}${subcomponent}${truncation ?? ''}`;

const known = new Map<string, Delimiters>();

/**
 * The delimiters of a header segment (its first line). MSH-2 may be shorter than four characters: the missing ones are
 * empty texts and separate nothing. A fifth is the truncation character; what follows it says nothing.
 */
export function readDelimiters(header: string): Outcome<Delimiters> {
  const name = header.slice(0, 3);
  const field = header.charAt(3);
  if (!isHeader(name)) return fail('source/unreadable', 'The message does not begin with MSH (nor FHS or BHS).');
  const end = header.indexOf(field, 4);
  const text = header.slice(3, end === -1 ? undefined : end);
  const cached = known.get(text);
  if (cached !== undefined) return ok(cached);
  const read = decide(name, field, text.slice(1));
  // Senders are few; what differs each time is noise.
  if (read.ok && known.size < 100) known.set(text, read.value);
  return read;
}

function decide(name: string, field: string, characters: string): Outcome<Delimiters> {
  if (!mayDelimit(field)) return unreadable(`${name}-1`, `${name}-1 is no field separator.`);
  const four = characters.slice(0, 4);
  if (four === '') return unreadable(`${name}-2`, `${name}-2 (the encoding characters) is empty.`);
  const each = four.split('');
  if (!each.every(mayDelimit) || new Set([field, ...each]).size !== each.length + 1) {
    return unreadable(`${name}-2`, `${name}-2 does not name up to four different encoding characters.`);
  }
  const [component = '', repetition = '', escape = '', subcomponent = ''] = four;
  const fifth = characters.charAt(4);
  const truncation = mayDelimit(fifth) && !(field + four).includes(fifth) ? { truncation: fifth } : {};
  return ok({ field, component, repetition, escape, subcomponent, ...truncation });
}

const unreadable = (where: string, what: string): Outcome<never> =>
  fail('source/unreadable', what, { issues: [{ where, what }] });
