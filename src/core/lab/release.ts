/**
 * Whether a result is told to the CHW now: decided from how it stands at this moment beside what was told of it, so that
 * what was corrected or withdrawn before its time never leaks. Pure.
 */
import { mayBeTold } from '../change.ts';
import type { LabChangeKind } from '../change.ts';
import type { OwnedFact } from '../fact.ts';
import { consentsIn, judge } from '../gates/consents.ts';
import type { MessageId, PatientKey } from '../model.ts';
import type { TrendRule } from './rules.ts';
import { type LabGoal, type LabValue, momentOf, ruleOf, type StandingResult, valueOf } from './trend.ts';

/** The version of a result that counts. */
export type Candidate = StandingResult & {
  readonly patientKey: PatientKey;
  readonly messageId: MessageId;
  readonly hash: string;
  readonly chw: boolean;
  /** When this content was filed first: a resend does not put it off. */
  readonly since: Date;
  /** When the message was made that told it. */
  readonly sent: Date;
};

/** What stands told of a result to the CHW of one person. */
export type LabNotice = {
  readonly patientKey: PatientKey;
  readonly analyte: string;
  readonly value: LabValue;
};

export type ReleaseStep =
  | { readonly do: 'tell'; readonly kind: LabChangeKind; readonly patientKey: PatientKey; readonly rule: TrendRule }
  /** Nothing to tell before then. */
  | { readonly do: 'wait'; readonly until: Date };

type Ask = {
  readonly standing: Candidate | undefined;
  readonly told: readonly LabNotice[];
  readonly trends: readonly TrendRule[];
  readonly delayMs: number;
  /** What was collected longer before its message was made is no news: a laboratory loads its archive. */
  readonly newsWithinMs: number;
  readonly now: Date;
};

/**
 * What was told and does not hold any more is corrected or withdrawn at once: the delay is for news. A measure that is no
 * longer configured is withdrawn from nobody.
 */
export function releaseSteps({ standing, told, trends, delayMs, newsWithinMs, now }: Ask): readonly ReleaseStep[] {
  const rule = standing?.chw === true ? ruleOf(standing.summary, trends) : undefined;
  const value = standing === undefined || rule === undefined ? undefined : valueOf(standing, rule);
  const steps: ReleaseStep[] = [];
  for (const { patientKey, analyte } of told) {
    const known = trends.find(({ name }) => name === analyte);
    const holds = value !== undefined && rule === known && patientKey === standing?.patientKey;
    if (!holds && known !== undefined) steps.push({ do: 'tell', kind: 'lab.withdrawn', patientKey, rule: known });
  }
  if (standing === undefined || rule === undefined || value === undefined) return steps;
  const { patientKey } = standing;
  const before = told.find((one) => one.patientKey === patientKey && one.analyte === rule.name);
  if (before !== undefined) {
    if (!sameValue(before.value, value)) steps.push({ do: 'tell', kind: 'lab.corrected', patientKey, rule });
    return steps;
  }
  if (standing.sent.getTime() - momentOf(standing) > newsWithinMs) return steps;
  const until = new Date(standing.since.getTime() + delayMs);
  steps.push(until > now ? { do: 'wait', until } : { do: 'tell', kind: 'lab.result', patientKey, rule });
  return steps;
}

/**
 * What of the same measure is newer than this one: then it is no news of its own, and stands beside the newer one. `told`:
 * that one may be told, or was. Else it waits too: should the newer one be withdrawn before its time, this one is the news.
 */
export function newerThan(
  one: StandingResult,
  ofMeasure: readonly (StandingResult & { readonly since: Date; readonly told: boolean })[],
  rule: TrendRule,
  { delayMs, now }: Pick<Ask, 'delayMs' | 'now'>,
): { readonly told: boolean; readonly until: Date } | undefined {
  const newer = ofMeasure.filter(
    (other) =>
      other.artifact !== one.artifact &&
      valueOf(other, rule) !== undefined &&
      (momentOf(other) - momentOf(one) || (other.artifact < one.artifact ? -1 : 1)) > 0,
  );
  if (newer.length === 0) return undefined;
  const due = newer.map(({ since }) => since.getTime() + delayMs);
  return {
    told: newer.some(({ told }) => told) || due.some((at) => at <= now.getTime()),
    until: new Date(Math.min(...due)),
  };
}

/** That it now counts as corrected, and is the same, is no news. */
const sameValue = (a: LabValue, b: LabValue): boolean => a.value === b.value && a.unit === b.unit && a.date === b.date;

const inProgramme: ReadonlySet<unknown> = new Set(['active', 'paused']);

/** Whether a CHW follows the person: not after a no to the programme, nor before or after the time in it. */
export function isFollowed(facts: readonly OwnedFact[], now: Date): boolean {
  if (!mayBeTold(judge(consentsIn(facts), { kind: 'programme' }, now))) return false;
  const last = facts
    .filter(({ kind }) => kind === 'status')
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .at(-1);
  // An app that tells no statuses: who is known to it is followed.
  return last === undefined || inProgramme.has(last.data['status']);
}

/** The last goal that names this measure. */
export function goalIn(facts: readonly OwnedFact[], analyte: string): LabGoal | undefined {
  const goals = facts
    .filter(({ kind, data }) => kind === 'goal' && data['analyte'] === analyte)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const last = goals.at(-1)?.data;
  const [below, unit] = [last?.['below'], last?.['unit']];
  return typeof below === 'number' && typeof unit === 'string' ? { below, unit } : undefined;
}
