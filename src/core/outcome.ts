/**
 * What can go wrong is a value. A failure carries a code of the closed list in `causes.ts`; policy reads the code and
 * its class, never a text. `detail` is for an operator and never holds a patient's data.
 */
import type { CauseCode } from './causes.ts';

/** One thing that is wrong, and where: a JSON pointer, a FHIRPath expression, or a line and column. */
export type Issue = {
  readonly where: string;
  readonly what: string;
  readonly code?: string;
  readonly severity?: 'error' | 'warning' | 'information';
};

export type Failure = {
  readonly cause: CauseCode;
  readonly detail: string;
  readonly issues?: readonly Issue[];
  /** The destination asked for this much patience (Retry-After, RateLimit), in milliseconds. */
  readonly retryAfterMs?: number;
};

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });

export const fail = (cause: CauseCode, detail: string, more: Omit<Failure, 'cause' | 'detail'> = {}) =>
  ({ ok: false, failure: { cause, detail, ...more } }) as const;
