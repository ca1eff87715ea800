/** Whether a failure leaves it open that something was written. Pure. */
import type { Failure } from '../../core/outcome.ts';

/** The answer to a write was lost: it may have been done. */
export const isLost = (failure: Failure): boolean =>
  failure.cause === 'send/timeout' ||
  failure.cause === 'send/connection-lost' ||
  failure.cause === 'send/answer-unreadable';

/** While it is not known what stands, a passing failure must not make the caller forget the doubt. */
export const inDoubt = (doubt: boolean, failure: Failure): Failure =>
  doubt &&
  (failure.cause === 'send/unavailable' ||
    failure.cause === 'send/connection-refused' ||
    failure.cause === 'send/throttled')
    ? { ...failure, cause: 'send/connection-lost', detail: `still in doubt; ${failure.detail}` }
    : failure;
