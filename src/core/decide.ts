/** What becomes of a message after one attempt. Pure: the caller supplies the clock and the dice. */
import { causeOf } from './causes.ts';
import type { Failure, Issue } from './outcome.ts';

export type RetryPolicy = {
  /** Attempts that reached the destination, at most. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** From the first attempt to giving up. */
  readonly budgetMs: number;
};

export type Progress =
  /** `detail`: what was left out, and why. `issues`: what the gates said. */
  | { readonly state: 'filed' | 'superseded' | 'voided'; readonly detail?: string; readonly issues?: readonly Issue[] }
  | { readonly state: 'held' | 'failed'; readonly failure: Failure }
  | { readonly state: 'again'; readonly failure: Failure; readonly inMs: number };

export type Moment = {
  readonly attempt: number;
  /** Since the first attempt. */
  readonly elapsedMs: number;
  /** 0 ≤ jitter < 1 */
  readonly jitter: number;
};

export function decide(failure: Failure | undefined, policy: RetryPolicy, moment: Moment): Progress {
  if (failure === undefined) return { state: 'filed' };
  const { class: kind } = causeOf(failure.cause);
  switch (kind) {
    case 'held':
      return { state: 'held', failure };
    case 'permanent':
      return { state: 'failed', failure };
    case 'auth':
      // The destination is paused for everybody; no single message is to blame, none is given up.
      return { state: 'again', failure, inMs: failure.retryAfterMs ?? policy.capMs };
    case 'transient':
    case 'ambiguous':
      break;
  }
  if (moment.attempt >= policy.attempts || moment.elapsedMs >= policy.budgetMs) {
    const detail = `Last: ${failure.cause}. ${failure.detail} Tried ${String(moment.attempt)} times.`;
    return { state: 'failed', failure: { ...failure, cause: 'send/budget-spent', detail } };
  }
  const backOff = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(moment.attempt - 1, 20));
  const wait = Math.max(failure.retryAfterMs ?? 0, backOff * (0.5 + moment.jitter / 2));
  return { state: 'again', failure, inMs: Math.round(wait) };
}
