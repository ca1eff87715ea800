import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { claim } from '../../src/ledger/lanes.ts';
import { freeDeadLeases, isGone, workerName } from '../../src/ledger/leases.ts';
import { aLedger, anItem, ehr, type TestLedger } from './support.ts';

describe('a worker is gone', () => {
  const own = 'host pid:[1] 7 b';
  test.each([
    ['when its process is dead', 'host pid:[1] 8 a', true],
    ['when its number is ours by now', 'host pid:[1] 7 a', true],
    ['not while it lives', 'host pid:[1] 9 a', false],
    ['not when it is ourselves', own, false],
    ['not as far as we can tell from another machine', 'other pid:[1] 8 a', false],
    ['not as far as we can tell from another container', 'host pid:[2] 8 a', false],
  ])('%s', (_, name, expected) => {
    expect(isGone(name, own, (pid) => pid === 9)).toBe(expected);
  });
});

describe('the leases of a dead process', () => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await aLedger();
  });
  afterAll(() => ledger.end());

  test('are free at the next start, those of the living are not', async () => {
    const child = spawn('true');
    const dead = child.pid ?? 0;
    await once(child, 'exit');
    await ledger.acceptor.accept([
      anItem(),
      anItem({ recordId: 'r2', patient: { source: 'app', sourcePatientId: 'p2' } }),
    ]);
    const options = { destination: ehr, lanes: 1, perLane: 5, leaseMs: 60_000 };
    const own = workerName(process.pid, 'now');
    await claim(ledger.pool, { ...options, worker: workerName(dead, 'before') });
    await claim(ledger.pool, { ...options, worker: own });
    expect(await freeDeadLeases(ledger.pool, own)).toBe(1);
    const [again] = await claim(ledger.pool, { ...options, lanes: 5, worker: own });
    expect(again?.work[0]?.doubt).toBe(true);
    expect(await freeDeadLeases(ledger.pool, own)).toBe(0);
  });
});
