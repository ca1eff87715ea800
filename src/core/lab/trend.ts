/**
 * What a CHW is told of laboratory results: of one measure of one person the last three values with date, and the course.
 * Pure. Values of different units are never compared, nor one that no person can have; a value that is a limit (`> 14`)
 * is shown as it is.
 */
import type { LabChange, LabChangeKind } from '../change.ts';
import type { ResultSummary } from './model.ts';
import type { TrendRule } from './rules.ts';

/** A result of the person as it stands. */
export type StandingResult = {
  readonly artifact: string;
  /** FHIR. */
  readonly status: string;
  readonly summary: ResultSummary;
  /** Orders what has no time of its own; never shown. */
  readonly issued: Date;
};

/** A target that the patient set: to be below. */
export type LabGoal = { readonly below: number; readonly unit: string };

export type LabValue = LabChange['values'][number];

const loinc = 'http://loinc.org|';

/** The measure that a result is a value of. */
export const ruleOf = ({ codes }: ResultSummary, rules: readonly TrendRule[]): TrendRule | undefined =>
  rules.find((rule) => rule.codes.some((code) => codes.includes(`${loinc}${code}`)));

/** A value as a CHW is told it. */
export function valueOf(
  { status, summary }: Pick<StandingResult, 'status' | 'summary'>,
  rule: TrendRule,
): LabValue | undefined {
  const { number, comparator, unit, effective } = summary;
  if (number === undefined || !canBeTold({ status, summary })) return undefined;
  const { plausible } = rule;
  const unlikely = plausible !== undefined && (number < plausible.low || number > plausible.high);
  const warning = unit !== rule.unit ? 'other-unit' : unlikely ? 'implausible' : undefined;
  return {
    value: `${comparator ?? ''}${String(number)}`,
    ...(unit === undefined ? {} : { unit }),
    ...(effective === undefined ? {} : { date: effective }),
    status: corrected.has(status) ? 'corrected' : 'final',
    ...(warning === undefined ? {} : { warning }),
  };
}

const corrected = new Set(['corrected', 'amended']);
const counts = new Set(['final', ...corrected, 'appended']);

/** Final and a number. What is preliminary, cancelled, withdrawn, or said in words only is not told. */
export const canBeTold = ({ status, summary }: Pick<StandingResult, 'status' | 'summary'>): boolean =>
  counts.has(status) && summary.number !== undefined && Number.isFinite(summary.number);

type Told = { readonly artifact: string; readonly at: number; readonly value: LabValue; readonly comparable: boolean };

function toldOf(result: StandingResult, rule: TrendRule): readonly Told[] {
  const value = valueOf(result, rule);
  if (value === undefined) return [];
  return [
    {
      artifact: result.artifact,
      at: momentOf(result),
      value,
      comparable: value.warning === undefined,
    },
  ];
}

const yearMs = 365 * 86_400_000;

/** When it was so, in ms; a date far behind its own report is a slip, and must not be the newest for ever. */
export function momentOf({ summary: { effective }, issued }: Pick<StandingResult, 'summary' | 'issued'>): number {
  const at = effective === undefined ? Number.NaN : Date.parse(effective);
  return Number.isNaN(at) || at > issued.getTime() + yearMs ? issued.getTime() : at;
}

const shown = 3;

const lastOf = (rule: TrendRule, results: readonly StandingResult[]): readonly Told[] =>
  results
    .flatMap((result) => toldOf(result, rule))
    .toSorted((a, b) => a.at - b.at || (a.artifact < b.artifact ? -1 : 1))
    .slice(-shown);

/** The results whose values a CHW is shown. */
export const shownOf = (rule: TrendRule, results: readonly StandingResult[]): ReadonlySet<string> =>
  new Set(lastOf(rule, results).map(({ artifact }) => artifact));

/**
 * How the measure stands now. `withdrawn`: one of its values was taken back, and only this is said: it may have been
 * somebody else's.
 */
export function trendOf(
  rule: TrendRule,
  results: readonly StandingResult[],
  goal: LabGoal | undefined,
  kind: LabChangeKind,
): LabChange {
  const told = lastOf(rule, results);
  const wanted = goal?.unit === rule.unit ? goal : undefined;
  return {
    analyte: rule.name,
    says: {
      es: sentence(rule.says.es, told, wanted, kind, spanish),
      en: sentence(rule.says.en, told, wanted, kind, english),
    },
    values: told.map(({ value }) => value),
    ...(wanted === undefined ? {} : { goal: wanted }),
  };
}

type Words = {
  readonly withdrawn: string;
  readonly nothing: string;
  readonly corrected: string;
  readonly implausible: string;
  readonly 'other-unit': string;
  readonly goal: (below: string) => string;
};

const spanish: Words = {
  withdrawn: 'un resultado que se le informó ya no vale; el laboratorio lo retiró',
  nothing: 'sin resultados vigentes',
  corrected: 'corregido',
  implausible: 'valor poco probable, hay que confirmarlo',
  'other-unit': 'en otra unidad, no se compara',
  goal: (below) => `meta: menos de ${below}`,
};

const english: Words = {
  withdrawn: 'a result that you were told no longer holds; the laboratory withdrew it',
  nothing: 'no result stands',
  corrected: 'corrected',
  implausible: 'an unlikely value, to be confirmed',
  'other-unit': 'in another unit, not compared',
  goal: (below) => `goal: below ${below}`,
};

function sentence(
  name: string,
  told: readonly Told[],
  goal: LabGoal | undefined,
  kind: LabChangeKind,
  words: Words,
): string {
  const newest = told.at(-1);
  const stands = newest === undefined ? `${name}: ${words.nothing}` : `${name} ${course(newest, told)}`;
  const remarks = [
    ...(newest?.value.status === 'corrected' ? [words.corrected] : []),
    ...(newest?.value.warning === undefined ? [] : [words[newest.value.warning]]),
    ...(goal === undefined || newest === undefined ? [] : [words.goal(String(goal.below))]),
  ];
  const whole = remarks.length === 0 ? stands : `${stands} (${remarks.join('; ')})`;
  return kind === 'lab.withdrawn' ? `${name}: ${words.withdrawn}. ${whole}.` : whole;
}

const isLimit = ({ value }: Told): boolean => /^[<>]/.test(value.value);

/** `7.9 → 9.4 %`, of the newest and the one before it that it may be compared with; else the newest alone. */
function course(newest: Told, told: readonly Told[]): string {
  const before = told.slice(0, -1).findLast(({ comparable }) => comparable);
  const { value, unit } = newest.value;
  const compared = newest.comparable && before !== undefined && !isLimit(newest) && !isLimit(before);
  const now = unit === undefined ? value : `${value} ${unit}`;
  return compared ? `${before.value.value} → ${now}` : now;
}
