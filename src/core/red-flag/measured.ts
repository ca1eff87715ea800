/** What a measurement, a questionnaire or a report of medicines shows by itself. Pure. */
import type { RedFlagCode, RedFlagRules } from './rules.ts';

export type Finding = { readonly code: RedFlagCode; readonly shows: Readonly<Record<string, unknown>> };

type Details = Readonly<Record<string, unknown>>;

/** mg/dL in one mmol/L of glucose (180.16 g/mol). */
const mgDlPerMmolL = 18.016;

const plain = (text: unknown): string =>
  typeof text === 'string' || typeof text === 'number' ? String(text).toLowerCase().replaceAll(/\s+/g, '') : '';

const numberIn = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^\d+([.]\d+)?$/.test(value.trim()) ? Number(value) : undefined;
};

const wordsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one.trim() !== '') : [];

/** Symptoms, of this item or of the whole activity. */
export const symptomsIn = (...details: readonly (Details | undefined)[]): readonly string[] =>
  details.flatMap((one) => wordsIn(one?.['symptoms']));

function glucose(details: Details, symptoms: readonly string[], { glucose: limits }: RedFlagRules): Finding[] {
  const { value, unit } = details;
  const shows = { value, ...(unit === undefined ? {} : { unit }), ...(symptoms.length === 0 ? {} : { symptoms }) };
  const shown = plain(value);
  if (shown === 'hi') return [{ code: 'glucose-very-high', shows }];
  if (shown === 'lo') return [{ code: 'glucose-very-low', shows }];
  const number = numberIn(value);
  if (number === undefined) return [];
  const mgDl = plain(unit) === 'mmol/l' ? number * mgDlPerMmolL : number;
  if (mgDl < limits.lowMgDl) return [{ code: 'glucose-very-low', shows }];
  if (mgDl < limits.lowWithSymptomsMgDl && symptoms.length > 0) return [{ code: 'glucose-low-with-symptoms', shows }];
  return mgDl >= limits.highMgDl ? [{ code: 'glucose-very-high', shows }] : [];
}

function bloodPressure({ systolic, diastolic }: Details, { bloodPressure: limits }: RedFlagRules): Finding[] {
  const upper = numberIn(systolic);
  const lower = numberIn(diastolic);
  const crisis = (upper ?? 0) >= limits.systolic || (lower ?? 0) >= limits.diastolic;
  if (!crisis) return [];
  const pair = `${upper === undefined ? '?' : String(upper)}/${lower === undefined ? '?' : String(lower)}`;
  return [{ code: 'blood-pressure-crisis', shows: { value: pair, unit: 'mm[Hg]' } }];
}

const objectsIn = (value: unknown): readonly Details[] =>
  Array.isArray(value)
    ? (value as readonly unknown[]).filter((one): one is Details => typeof one === 'object' && one !== null)
    : [];

/** Without a score it is what the items add up to; what was refused counts nothing, so that it is at least that. */
function questionnaire({ instrument, items, score }: Details, { phq9 }: RedFlagRules): Finding[] {
  if (plain(instrument) !== 'phq-9') return [];
  const answers = new Map(objectsIn(items).map(({ id, value }) => [plain(id), numberIn(value) ?? 0]));
  const ninth = answers.get('9') ?? 0;
  const nine = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].reduce((sum, id) => sum + (answers.get(id) ?? 0), 0);
  const total = numberIn(score) ?? nine;
  return [
    ...(ninth >= phq9.item9 ? [{ code: 'phq9-item-9', shows: { value: ninth } } as const] : []),
    ...(total >= phq9.total ? [{ code: 'phq9-severe', shows: { value: total } } as const] : []),
  ];
}

const ranOut = (reasons: unknown): boolean => wordsIn(reasons).includes('ran-out');

/** As the patient calls it: compared without accents and case. */
const bare = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase();

/** Of one medicine by its own reasons, or, where it has none, by those in general. */
function medicines({ medications, reasons }: Details, { insulinNames }: RedFlagRules): Finding[] {
  const isOut = objectsIn(medications).some(({ name, reasons: own }) => {
    const called = typeof name === 'string' ? bare(name) : '';
    return insulinNames.some((insulin) => called.includes(insulin)) && ranOut(own ?? reasons);
  });
  return isOut ? [{ code: 'out-of-insulin', shows: {} }] : [];
}

type Find = (details: Details, symptoms: readonly string[], rules: RedFlagRules) => readonly Finding[];

/** By activity type. A type that is not here shows nothing by itself. */
export const measuredBy: Readonly<Record<string, Find>> = {
  'vital.measure': (details, symptoms, rules) => {
    switch (details['kind']) {
      case 'glucose-capillary':
        return glucose(details, symptoms, rules);
      case 'blood-pressure':
        return bloodPressure(details, rules);
      default:
        return [];
    }
  },
  questionnaire: (details, _, rules) => questionnaire(details, rules),
  'medication.adherence': (details, _, rules) => medicines(details, rules),
};
