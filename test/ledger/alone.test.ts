import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runAlone } from '../../src/ledger/alone.ts';
import { aLedger, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

test('what runs alone runs once at a time, and again when it has ended, also badly', async () => {
  let end: () => void = () => undefined;
  let first: Promise<boolean> = Promise.resolve(false);
  await new Promise<void>((started) => {
    first = runAlone(ledger.pool, 'sweep', () => {
      started();
      return new Promise((resolve) => (end = resolve));
    });
  });
  const second = await runAlone(ledger.pool, 'sweep', () => Promise.reject(new Error('ran beside the first')));
  expect(second).toBe(false);
  end();
  expect(await first).toBe(true);
  await expect(runAlone(ledger.pool, 'sweep', () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  expect(await runAlone(ledger.pool, 'sweep', () => Promise.resolve())).toBe(true);
});
