/** Dates of birth, telephone numbers, postal codes, sex: brought to what can be compared. Pure. */

export type DobFinding = 'same' | 'placeholder' | 'partial' | 'swapped' | 'one-digit' | 'digits-turned' | 'differs';

const full = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Day and month exchanged; undefined where that is no date, or the same one. */
export function withDayAndMonthSwapped(dob: string): string | undefined {
  const [, year = '', month = '', day = ''] = full.exec(dob) ?? [];
  return year === '' || month === day || Number(day) > 12 ? undefined : `${year}-${day}-${month}`;
}

/** Undefined when one of the two is not known. */
export function compareDobs(a: string | undefined, b: string | undefined): DobFinding | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (!full.test(a) || !full.test(b)) {
    const [shorter, longer] = a.length <= b.length ? [a, b] : [b, a];
    return /^\d{4}(-\d{2})?$/.test(shorter) && longer.startsWith(shorter) ? 'partial' : 'differs';
  }
  // The first of January is what many forms put where nobody knows the day.
  if (a === b) return a.endsWith('-01-01') ? 'placeholder' : 'same';
  if (withDayAndMonthSwapped(a) === b) return 'swapped';
  const [x, y] = [a.replaceAll('-', ''), b.replaceAll('-', '')];
  const different = Array.from(x).flatMap((digit, at) => (digit === y[at] ? [] : [at]));
  const [first = 0, second = 0] = different;
  if (different.length === 1) return 'one-digit';
  const turned = different.length === 2 && second === first + 1 && x[first] === y[second] && x[second] === y[first];
  return turned ? 'digits-turned' : 'differs';
}

/** The last ten digits (a number of the North American plan, or a Mexican one); undefined for what is no number. */
export function phoneOf(text: string): string | undefined {
  const digits = text.replaceAll(/\D/g, '');
  if (digits.length < 7) return undefined;
  const number = digits.slice(-10);
  // 0000000000 and 1234567890 are how a form is got past.
  return /^(\d)\1+$/.test(number) || '01234567890'.includes(number) ? undefined : number;
}

export const phonesOf = (texts: readonly string[] | undefined): readonly string[] => [
  ...new Set((texts ?? []).flatMap((text) => phoneOf(text) ?? [])),
];

/** Five digits of a ZIP code, with the zeros that a spreadsheet took; else letters and digits. */
export function postalCodeOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const zip = /^\s*(\d{3,5})(?:-?\d{4})?\s*$/.exec(text)?.[1];
  const code = zip === undefined ? text.toLowerCase().replaceAll(/[^a-z0-9]/g, '') : zip.padStart(5, '0');
  return code === '' || /^0+$/.test(code) ? undefined : code;
}

/** Only what can contradict. */
export const sexOf = (text: string | undefined): 'female' | 'male' | undefined =>
  text === 'female' || text === 'male' ? text : undefined;
