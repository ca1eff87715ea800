/** Interaction points by the minute, as Medplum counts them: a 429 without Retry-After, and a RateLimit header always. */
import type { OperationOutcomeError } from '@medplum/core';
import type { Clock } from '../core/ports.ts';
import { problem } from './outcome.ts';

const window = 60_000;

export type Quota = {
  /** Takes the points, or returns the refusal. */
  readonly take: (points: number, limit: number) => OperationOutcomeError | undefined;
  /** `RateLimit: "fhirInteractions";r=remaining;t=seconds`. */
  readonly header: (limit: number) => string;
  readonly reset: () => void;
};

export function createQuota(clock: Clock): Quota {
  let began = 0;
  let used = 0;
  return {
    take(points, limit) {
      const now = clock().getTime();
      if (now - began >= window) {
        began = now;
        used = 0;
      }
      if (used + points > limit) return problem(429, 'throttled', 'Too Many Requests');
      used += points;
      return undefined;
    },
    header: (limit) =>
      `"fhirInteractions";r=${Math.max(0, limit - used)};t=${Math.max(0, Math.ceil((began + window - clock().getTime()) / 1000))}`,
    reset() {
      began = 0;
      used = 0;
    },
  };
}
