/**
 * Zeros at the beginning, which spreadsheets eat: 00417 becomes 417. An id is never repaired by itself; it is compared with
 * what is known, and with its neighbours.
 */

/** What a spreadsheet made of a long number: 1.23457E+11. Its digits are gone. */
export const isMangled = (id: string): boolean => /^\d([.,]\d+)?[eE][+]?\d+$/.test(id);

const bare = (id: string): string => id.replace(/^0+(?=\d)/, '');
const isDigits = (id: string): boolean => /^\d+$/.test(id);

export type IdDoubt = { readonly code: 'id-mangled' | 'zeros-lost' | 'zeros-perhaps-lost'; readonly what: string };

/** Judges the ids of one column. `known`: ids that stand already. */
export function idJudge(column: readonly string[], known: ReadonlySet<string>): (id: string) => IdDoubt | undefined {
  const padded = new Map([...known].filter((id) => id.startsWith('0') && isDigits(id)).map((id) => [bare(id), id]));
  const digits = column.filter(isDigits);
  const anyZero = digits.some((id) => id.startsWith('0'));
  const lengths = new Map<number, number>();
  for (const id of digits) lengths.set(id.length, (lengths.get(id.length) ?? 0) + 1);
  const [common] = [...lengths].sort(([, a], [, b]) => b - a);
  // Most have one length and only digits: a shorter one may have lost zeros, unless some still have theirs.
  const usual = common !== undefined && common[1] > column.length / 2 && column.length >= 10 ? common[0] : undefined;
  return (id) => {
    if (isMangled(id))
      return { code: 'id-mangled', what: 'Was turned into a number by a spreadsheet; its last digits are lost.' };
    if (known.has(id) || !isDigits(id)) return undefined;
    if (padded.has(bare(id)) && !id.startsWith('0'))
      return {
        code: 'zeros-lost',
        what: 'Is known with zeros in front: a spreadsheet took them away. Format the column as text.',
      };
    if (usual !== undefined && id.length < usual && !anyZero)
      return {
        code: 'zeros-perhaps-lost',
        what: `Is shorter than most of this column (${usual} digits): zeros in front may be lost.`,
      };
    return undefined;
  };
}

/** Digits of a telephone number; a leading 1 or +52 is left as it is written. Undefined: no telephone number. */
export function phoneOf(text: string): { readonly phone: string; readonly short: boolean } | undefined {
  const digits = text.replace(/(?:ext|x)\.? *\d+$/i, '').replaceAll(/\D/g, '');
  if (digits.length < 7 || digits.length > 15) return undefined;
  return { phone: digits, short: digits.length < 10 };
}

/** A ZIP code of five digits (or ZIP+4). Four digits have lost their zero: no ZIP has four. */
export function postalCodeOf(text: string): { readonly code: string; readonly repaired: boolean } | undefined {
  const found = /^(\d{3,5})(?:\.0)?(?:-(\d{4}))?$/.exec(text.trim());
  if (found === null) return /^[A-Za-z0-9 -]{3,12}$/.test(text.trim()) && /\d/.test(text) ? { code: text.trim(), repaired: false } : undefined; // prettier-ignore
  const [, zip = ''] = found;
  return { code: zip.padStart(5, '0'), repaired: zip.length < 5 };
}
