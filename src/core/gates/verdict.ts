/** What a gate says of an activity. Never with the text it looked at. */
import type { Failure, Issue } from '../outcome.ts';

export const gateNames = ['wording', 'clock', 'late', 'consent', 'part2', 'review', 'minimum'] as const;
export type GateName = (typeof gateNames)[number];

export type Verdict =
  | { readonly gate: GateName; readonly is: 'passed' }
  /** It goes on, and the history says under what. */
  | { readonly gate: GateName; readonly is: 'marked'; readonly marks: readonly Mark[] }
  | { readonly gate: GateName; readonly is: 'stopped'; readonly failure: Failure };

export type Mark = { readonly where: string; readonly what: string };

export const passed = (gate: GateName): Verdict => ({ gate, is: 'passed' });

export const stopped = (gate: GateName, failure: Failure): Verdict => ({ gate, is: 'stopped', failure });

export const passedWith = (gate: GateName, marks: readonly Mark[]): Verdict =>
  marks.length === 0 ? passed(gate) : { gate, is: 'marked', marks };

/** For the history: one line of the gates that were passed, one for each mark. What stopped it is the failure itself. */
export function issuesOf(verdicts: readonly Verdict[]): readonly Issue[] {
  const clear = verdicts.filter(({ is }) => is === 'passed').map(({ gate }) => gate);
  const marks = verdicts.flatMap((verdict) =>
    verdict.is === 'marked'
      ? verdict.marks.map(({ where, what }): Issue => ({
          where,
          what,
          code: `gate/${verdict.gate}`,
          severity: 'information',
        }))
      : [],
  );
  const line: Issue = {
    where: '',
    what: `Gates passed: ${clear.join(', ')}.`,
    code: 'gate/passed',
    severity: 'information',
  };
  return clear.length === 0 ? marks : [line, ...marks];
}
