/** Decimals in doubles: what binary arithmetic adds beyond fifteen digits is taken away again. */

/** `0.1 + 0.2` is `0.3`. */
export const cleaned = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(15)));

/** FHIRPath has eight decimals. */
export const equalNumbers = (a: number, b: number): boolean =>
  a === b || (Math.abs(a - b) < 0.5e-8 && Math.round(a * 1e8) === Math.round(b * 1e8));

const decimalsOf = (value: number): number => {
  const [, fraction = '', exponent = '0'] = /(?:\.(\d+))?(?:e([+-]\d+))?$/u.exec(String(value)) ?? [];
  return Math.max(0, fraction.length - Number(exponent));
};

export const roundTo = (value: number, decimals: number): number => {
  if (decimalsOf(value) <= decimals) return value;
  const scale = 10 ** decimals;
  return cleaned(Math.round(cleaned(value * scale)) / scale);
};

/** `~`: equal when both are rounded to the decimals of the less precise (N1 §6.1.3). */
export function equivalentNumbers(a: number, b: number): boolean {
  if (Number.isInteger(a) && Number.isInteger(b)) return a === b;
  const decimals = Math.min(decimalsOf(a), decimalsOf(b));
  return equalNumbers(roundTo(a, decimals), roundTo(b, decimals));
}

/** Without an exponent, as FHIR writes decimals. */
export function numberText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(Math.min(100, decimalsOf(value))) : text;
}
