/** What lies in the future waits until it does not; what comes very late asks a person. */
import type { Activity } from '../activity.ts';
import type { CauseCode } from '../causes.ts';
import { type Mark, passed, passedWith, stopped, type Verdict } from './verdict.ts';

export type ClockRules = {
  /** So far may the clock of a device be ahead of ours. */
  readonly aheadMinutes: number;
};

export type LateRules = {
  /** Older than this at receipt: a late entry, and it says so. */
  readonly markDays: number;
  /** Older than this: a person releases it. */
  readonly holdDays: number;
};

type Times = { readonly receivedAt: Date; readonly now: Date };

const minuteMs = 60_000;
const dayMs = 86_400_000;

export function clockGate(
  activity: Activity,
  { aheadMinutes }: ClockRules,
  { now }: Times,
  released: readonly CauseCode[],
): Verdict {
  const occurred = Date.parse(activity.occurredAt);
  const ahead = occurred - now.getTime();
  const marks: Mark[] = [];
  if (ahead > aheadMinutes * minuteMs) {
    if (!released.includes('gate/clock-skew')) {
      const minutes = String(Math.ceil(ahead / minuteMs));
      return stopped('clock', {
        cause: 'gate/clock-skew',
        detail: `occurredAt lies ${minutes} minutes ahead; ${String(aheadMinutes)} are allowed.`,
        issues: [{ where: '/occurredAt', what: 'Lies ahead of now.', code: 'gate/clock-skew' }],
      });
    }
    marks.push({ where: '/occurredAt', what: 'Lies ahead of now; released by a person.' });
  }
  if (activity.recordedAt !== undefined && Date.parse(activity.recordedAt) < occurred - aheadMinutes * minuteMs) {
    marks.push({ where: '/recordedAt', what: 'Lies before occurredAt: the clock of the device is in doubt.' });
  }
  return passedWith('clock', marks);
}

/** Whole days from the event to its receipt; undefined while it is no late entry. */
export function daysLate(activity: Activity, { markDays }: LateRules, { receivedAt }: Times): number | undefined {
  const days = Math.floor((receivedAt.getTime() - Date.parse(activity.occurredAt)) / dayMs);
  return days > markDays ? days : undefined;
}

export function lateGate(activity: Activity, rules: LateRules, times: Times, released: readonly CauseCode[]): Verdict {
  const days = daysLate(activity, { ...rules, markDays: Math.min(rules.markDays, rules.holdDays) }, times);
  if (days === undefined) return passed('late');
  if (days > rules.holdDays && !released.includes('gate/late')) {
    return stopped('late', {
      cause: 'gate/late',
      detail: `Received ${String(days)} days after it happened; more than ${String(rules.holdDays)} ask a person.`,
      issues: [{ where: '/occurredAt', what: 'Long before receipt.', code: 'gate/late' }],
    });
  }
  return passedWith('late', [
    { where: '/occurredAt', what: `Late entry: received ${String(days)} days after it happened.` },
  ]);
}
