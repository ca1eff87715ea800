/**
 * The gates, in their order: what must not go on without a person, an event, or at all. Pure. A gate never repeats the
 * text that it stopped.
 *
 *   wording → clock → late → consent → part2 → review → minimum
 */
import type { Activity } from '../activity.ts';
import type { CauseCode } from '../causes.ts';
import { factsOf, type OwnedFact } from '../fact.ts';
import type { Failure, Issue } from '../outcome.ts';
import { type ClockRules, clockGate, daysLate, lateGate, type LateRules } from './clock.ts';
import { consentGate, type ConsentRules, withFamilyWishes } from './consent.ts';
import { consentsIn } from './consents.ts';
import { withMinimumLabels } from './labels.ts';
import { type Receives, trimmed } from './minimum.ts';
import { part2Gate } from './part2.ts';
import { reviewGate, type ReviewRules } from './review.ts';
import { textsIn } from './texts.ts';
import { issuesOf, type Verdict } from './verdict.ts';
import { wordingGate } from './wording.ts';
import { screenOf, spaced, type WordList } from './words.ts';

export type GateRules = {
  /** Wording about immigration status. */
  readonly wording: WordList;
  /** Words about substance use. */
  readonly substanceUse: WordList;
  readonly clock: ClockRules;
  readonly late: LateRules;
  readonly consent: ConsentRules;
  readonly review: ReviewRules;
};

export type GateInput = {
  readonly activity: Activity;
  /** The record that it makes stand. */
  readonly record: { readonly source: string; readonly recordId: string };
  /** The standing facts of the person. */
  readonly facts: readonly OwnedFact[];
  readonly receivedAt: Date;
  readonly now: Date;
  /** What a person has let this message pass. */
  readonly released: readonly CauseCode[];
  readonly receives: Receives;
  /** Id of the destination. */
  readonly to: string;
};

export type Gated =
  /** `lateDays`: a late entry, by so many days. */
  | { readonly do: 'go-on'; readonly activity: Activity; readonly issues: readonly Issue[]; readonly lateDays?: number }
  /** Nothing of it is for this destination. */
  | { readonly do: 'withhold'; readonly why: string; readonly issues: readonly Issue[] }
  | { readonly do: 'stop'; readonly failure: Failure };

export type Gates = {
  readonly check: (input: GateInput) => Gated;
  /** Whether bytes that came hold wording that must not be charted: their copy is then sealed. */
  readonly mustSeal: (value: unknown) => boolean;
};

export function createGates(rules: GateRules): Gates {
  const wording = screenOf(rules.wording);
  const substanceUse = screenOf(rules.substanceUse);

  function check(input: GateInput): Gated {
    const { record, now, released, receives, to } = input;
    const own = factsOf(input.activity).map((fact) => ({ ...fact, ...record }));
    const others = input.facts.filter(
      ({ source, recordId }) => source !== record.source || recordId !== record.recordId,
    );
    const consents = consentsIn([...others, ...own]);
    const activity = withFamilyWishes(withMinimumLabels(input.activity), consents, now);
    const gates: readonly (() => Verdict)[] = [
      () => wordingGate(activity, wording),
      () => clockGate(activity, rules.clock, input, released),
      () => lateGate(activity, rules.late, input, released),
      () => consentGate(activity, consents, rules.consent, now),
      () => part2Gate(activity, substanceUse, released),
      () => reviewGate(activity, rules.review, released),
    ];
    const verdicts: Verdict[] = [];
    for (const gate of gates) {
      const verdict = gate();
      if (verdict.is === 'stopped') return { do: 'stop', failure: withHistory(verdict.failure, verdicts) };
      verdicts.push(verdict);
    }
    const rest = trimmed(activity, receives, to, consents, now);
    if ('nothing' in rest) return { do: 'withhold', why: `Withheld: ${rest.nothing}.`, issues: issuesOf(verdicts) };
    const lateDays = daysLate(activity, rules.late, input);
    return {
      do: 'go-on',
      activity: rest.activity,
      issues: issuesOf([...verdicts, rest.verdict]),
      ...(lateDays === undefined ? {} : { lateDays }),
    };
  }

  return {
    check,
    mustSeal: (value) => {
      for (const { text, isName } of textsIn(value)) if (wording(isName ? spaced(text) : text)) return true;
      return false;
    },
  };
}

/** What stopped it stands first. */
const withHistory = (failure: Failure, before: readonly Verdict[]): Failure => ({
  ...failure,
  issues: [...(failure.issues ?? []), ...issuesOf(before)],
});
