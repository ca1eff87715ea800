/**
 * The same value as the other half of the world writes it, to be shown beside what was reported: never instead of it, and
 * only for analytes whose molar mass is certain. Pure.
 */
type Other = { readonly unit: string; readonly says: string; readonly convert: (value: number) => number };

/** NGSP ↔ IFCC, the master equation: NGSP = 0.09148 × IFCC + 2.152 (ngsp.org). */
const ifcc = (ngsp: number): number => Math.round((ngsp - 2.152) / 0.09148);
const ngsp = (ifccValue: number): number => Math.round((0.09148 * ifccValue + 2.152) * 10) / 10;

const a1c: Readonly<Record<string, Other>> = {
  '%': { unit: 'mmol/mol', says: ' (IFCC)', convert: ifcc },
  'mmol/mol': { unit: '%', says: ' (NGSP)', convert: ngsp },
};

/** `factor` mg/dL are one mmol/L. */
const molar = (factor: number, digits: number): Readonly<Record<string, Other>> => ({
  'mg/dL': { unit: 'mmol/L', says: '', convert: (value) => Number((value / factor).toFixed(digits)) },
  'mmol/L': { unit: 'mg/dL', says: '', convert: (value) => Math.round(value * factor) },
});

const glucose = molar(18.016, 1);
const cholesterol = molar(38.67, 2);
const triglycerides = molar(88.57, 2);

/** By LOINC. */
const analytes: Readonly<Record<string, Readonly<Record<string, Other>>>> = {
  '4548-4': a1c,
  '17856-6': a1c,
  '59261-8': a1c,
  '2345-7': glucose,
  '2339-0': glucose,
  '1558-6': glucose,
  '41653-7': glucose,
  '2093-3': cholesterol,
  '2085-9': cholesterol,
  '13457-7': cholesterol,
  '18262-6': cholesterol,
  '2089-1': cholesterol,
  '13458-5': cholesterol,
  '43396-1': cholesterol,
  '2571-8': triglycerides,
};

/** As units are written for these analytes, in lower case. */
const spellings: Readonly<Record<string, string>> = {
  '%': '%',
  percent: '%',
  '% of total hgb': '%',
  '% total hgb': '%',
  'mmol/mol': 'mmol/mol',
  'mg/dl': 'mg/dL',
  'mg/dL': 'mg/dL',
  'mmol/l': 'mmol/L',
  'mmol/L': 'mmol/L',
};

/** `= 68 mmol/mol (IFCC)`; undefined where there is no other unit in use. `unit`: UCUM, or as written in lower case. */
export function equivalentOf(
  codes: readonly string[],
  { value, comparator = '' }: { readonly value: number; readonly comparator?: string },
  unit: string,
): string | undefined {
  const units = codes.map((code) => (Object.hasOwn(analytes, code) ? analytes[code] : undefined)).find(Boolean);
  const ucum = Object.hasOwn(spellings, unit) ? (spellings[unit] ?? '') : '';
  const other = units !== undefined && Object.hasOwn(units, ucum) ? units[ucum] : undefined;
  if (other === undefined || value <= 0) return undefined;
  const converted = other.convert(value);
  return converted > 0
    ? `${comparator === '' ? '=' : comparator} ${String(converted)} ${other.unit}${other.says}`
    : undefined;
}
