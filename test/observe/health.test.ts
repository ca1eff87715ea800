import { expect, test } from '@jest/globals';
import { liveness, readiness } from '../../src/observe/health.ts';
import type { Readings } from '../../src/observe/health.ts';

const fine: Readings = {
  ledgerWritable: true,
  oldestDueMs: undefined,
  oldestDueLimitMs: 60_000,
  wakeHealthy: true,
  destinations: [{ id: 'ehr', state: 'open' }],
  stopping: false,
};

test.each<[string, Partial<Readings>, boolean, string | undefined]>([
  ['all is well', {}, true, undefined],
  ['the ledger cannot be written', { ledgerWritable: false }, false, 'ledger'],
  ['due work ages beyond the limit', { oldestDueMs: 60_001 }, false, 'progress'],
  ['due work waits within the limit', { oldestDueMs: 59_000 }, true, undefined],
  ['nobody knows how old the due work is', { oldestDueMs: 'unknown' }, false, 'progress'],
  ['wake-ups are away: told, and still ready', { wakeHealthy: false }, true, 'wake'],
  [
    'the EHR is away: told, and still ready',
    { destinations: [{ id: 'ehr', state: 'circuit-open' }] },
    true,
    'destination:ehr',
  ],
  ['it is stopping', { stopping: true }, false, 'running'],
])('%s', (_, change, ready, notOk) => {
  const decided = readiness({ ...fine, ...change });
  expect([decided.ready, decided.status]).toEqual([ready, ready ? 200 : 503]);
  expect(decided.checks.find(({ ok }) => !ok)?.name).toBe(notOk);
});

test('alive for so many seconds', () => {
  expect(liveness(new Date(0), new Date(61_500))).toEqual({ status: 'ok', uptimeSeconds: 61 });
});
