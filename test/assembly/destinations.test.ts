/** Refused credentials pause a destination for all processes, once; a person resumes it for all. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Connected } from '../../src/assembly/destinations.ts';
import { pauseAgreement } from '../../src/assembly/destinations.ts';
import { destinationPauses, setPaused } from '../../src/ledger/destinations.ts';
import { aLedger, ehr, type TestLedger } from '../ledger/support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

/** A destination whose circuit the test opens and closes. */
function aConnection(): Connected & { refused: boolean } {
  const one = {
    refused: false,
    config: { id: ehr },
    destination: {
      state: () =>
        one.refused
          ? { state: 'paused', since: new Date(), cause: 'send/auth', reason: 'HTTP 401' }
          : { state: 'closed', failures: 0 },
      resume: () => {
        one.refused = false;
      },
    },
  };
  return one as unknown as Connected & { refused: boolean };
}

test('a destination that refuses our credentials is paused for everybody until a person resumes it', async () => {
  const alerts: string[] = [];
  const one = aConnection();
  const agree = pauseAgreement(ledger.pool, [one], (_level, event) => alerts.push(event));
  const paused = async () => (await destinationPauses(ledger.pool, [ehr]))[0]?.paused;

  await agree();
  expect(await paused()).toBeUndefined();
  one.refused = true;
  await agree();
  await agree();
  expect(await paused()).toBe(true);
  expect(alerts).toEqual(['destination.paused']);
  expect(one.refused).toBe(true);

  await setPaused(ledger.pool, { id: ehr, paused: false, actor: 'me' });
  await agree();
  expect(one.refused).toBe(false);
  // Refused again: paused again, and told again.
  one.refused = true;
  await agree();
  expect(await paused()).toBe(true);
  expect(alerts).toHaveLength(2);
});
