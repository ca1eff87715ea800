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

/** As a list of `{linkId | item | code, value | answer | score}`, or as an object of item → score. */
function itemScore(items: unknown, ninth: ReadonlySet<string>): number | undefined {
  if (Array.isArray(items)) {
    for (const one of items as readonly unknown[]) {
      if (typeof one !== 'object' || one === null) continue;
      const { linkId, item, code, key, value, answer, score } = one as Readonly<Record<string, unknown>>;
      if (![linkId, item, code, key].some((name) => ninth.has(plain(name)))) continue;
      return numberIn(value) ?? numberIn(answer) ?? numberIn(score);
    }
    return undefined;
  }
  if (typeof items !== 'object' || items === null) return undefined;
  const found = Object.entries(items).find(([name]) => ninth.has(plain(name)));
  return found === undefined ? undefined : numberIn(found[1]);
}

/** LOINC 44260-8 is item 9 of the PHQ-9 (44249-1). */
const ninthItem: ReadonlySet<string> = new Set([
  '9',
  'q9',
  'item9',
  'item-9',
  'phq9-9',
  'phq-9-9',
  'phq9.9',
  '44260-8',
  '/44260-8',
]);

function questionnaire(details: Details, { phq9 }: RedFlagRules): Finding[] {
  const { instrument, score, total, items, item9 } = details;
  if (!/^phq-?9/.test(plain(instrument))) return [];
  const ninth = numberIn(item9) ?? itemScore(items, ninthItem);
  const sum = numberIn(score) ?? numberIn(total);
  return [
    ...(ninth !== undefined && ninth >= phq9.item9 ? [{ code: 'phq9-item-9', shows: { value: ninth } } as const] : []),
    ...(sum !== undefined && sum >= phq9.total ? [{ code: 'phq9-severe', shows: { value: sum } } as const] : []),
  ];
}

const insulin = /insulin/i;

/** Every name of a medicine in the details, however they are listed. */
function medicinesIn(details: Details): readonly string[] {
  return ['medication', 'medications', 'medicine', 'medicines', 'medsDiscussed', 'runOutOf', 'outOf'].flatMap(
    (name) => {
      const given = details[name];
      return (Array.isArray(given) ? (given as readonly unknown[]) : [given]).flatMap((one): string[] => {
        if (typeof one === 'string') return [one];
        if (typeof one !== 'object' || one === null) return [];
        return Object.values(one).filter((part): part is string => typeof part === 'string');
      });
    },
  );
}

function medicines(details: Details): Finding[] {
  const ranOut = wordsIn(details['reasons']).some((reason) => /^(ran|run)-?out/.test(plain(reason)));
  const isOut = details['outOfInsulin'] === true || (ranOut && medicinesIn(details).some((name) => insulin.test(name)));
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
  'medication.adherence': (details) => medicines(details),
};
