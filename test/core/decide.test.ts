import { describe, expect, test } from '@jest/globals';
import { assert, double, integer, property } from 'fast-check';
import { type CauseCode, causes, causeOf } from '../../src/core/causes.ts';
import { decide } from '../../src/core/decide.ts';

const policy = { attempts: 5, baseMs: 1_000, capMs: 60_000, budgetMs: 3_600_000 };
const codes = Object.keys(causes) as CauseCode[];
const failure = (cause: CauseCode, retryAfterMs?: number) => ({
  cause,
  detail: '',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe('after an attempt', () => {
  test.each(codes)('%s leads where its class says', (cause) => {
    const { state } = decide(failure(cause), policy, { attempt: 1, elapsedMs: 0, jitter: 0 });
    const expected = { transient: 'again', ambiguous: 'again', auth: 'again', permanent: 'failed', held: 'held' };
    expect(state).toBe(expected[causeOf(cause).class]);
  });

  test('a success is filed', () => {
    expect(decide(undefined, policy, { attempt: 9, elapsedMs: 1e9, jitter: 0 })).toEqual({ state: 'filed' });
  });

  test('the wait doubles up to its cap, with jitter between the half and the whole', () => {
    const wait = (attempt: number, jitter: number) => {
      const progress = decide(
        failure('send/unavailable'),
        { ...policy, attempts: 99 },
        { attempt, elapsedMs: 0, jitter },
      );
      return progress.state === 'again' ? progress.inMs : undefined;
    };
    expect([1, 2, 3, 7, 30].map((attempt) => wait(attempt, 0))).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
    expect(wait(3, 0.999)).toBeGreaterThan(3_990);
  });

  test('the destination may ask for more patience than the back-off, never for less', () => {
    assert(
      property(
        integer({ min: 0, max: 1e7 }),
        integer({ min: 1, max: 4 }),
        double({ min: 0, max: 0.999 }),
        (asked, attempt, jitter) => {
          const progress = decide(failure('send/throttled', asked), policy, {
            attempt,
            elapsedMs: 0,
            jitter: Number.isNaN(jitter) ? 0 : jitter,
          });
          expect(progress.state === 'again' && progress.inMs).toBeGreaterThanOrEqual(asked);
        },
      ),
    );
  });

  test('what is spent is given up, and tells the last failure; refused credentials never are', () => {
    const spent = decide(failure('send/timeout'), policy, { attempt: 5, elapsedMs: 0, jitter: 0 });
    expect(spent).toMatchObject({ state: 'failed', failure: { cause: 'send/budget-spent' } });
    expect(decide(failure('send/timeout'), policy, { attempt: 1, elapsedMs: 3_600_000, jitter: 0 }).state).toBe(
      'failed',
    );
    expect(decide(failure('send/auth'), policy, { attempt: 99, elapsedMs: 1e12, jitter: 0 }).state).toBe('again');
  });
});
