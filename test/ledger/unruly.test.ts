/** Content that Postgres cannot store as it is must neither be refused for ever nor take its neighbours with it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { claim, complete } from '../../src/ledger/lanes.ts';
import { messageRaw, messageStory } from '../../src/ledger/messages.ts';
import { aLedger, anItem, ehr, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

describe('what Postgres cannot store as it is', () => {
  test('an id with NUL, a lone surrogate, or of any length is accepted, and known again', async () => {
    for (const recordId of ['a\u0000b', 'lone \ud800', 'ñ'.repeat(9_000) + String(Math.random())]) {
      const item = () =>
        anItem({ recordId, patient: { source: 'app', sourcePatientId: recordId }, kind: `form ${recordId}` });
      const [first] = await ledger.acceptor.accept([item()]);
      const [again] = await ledger.acceptor.accept([item()]);
      expect(first).toMatchObject({ state: 'received' });
      expect(again).toMatchObject({ state: 'superseded', duplicateOf: first!.id });
      expect((await messageRaw(ledger.db, first!.id, 'me'))?.body).toEqual(Buffer.from(`${recordId} v1`));
    }
  });

  test('ids that differ only in their end, beyond any length, are two records', async () => {
    const long = 'x'.repeat(5_000);
    const receipts = await ledger.acceptor.accept([
      anItem({ recordId: `${long}1`, content: 'same' }),
      anItem({ recordId: `${long}2`, content: 'same' }),
    ]);
    expect(receipts.map((receipt) => receipt.state)).toEqual(['received', 'received']);
  });

  test('what arrives at the same moment as something unstorable is accepted all the same', async () => {
    const bad = anItem({ recordId: 'bad', version: 1e300 });
    const results = await Promise.allSettled([
      ledger.acceptor.accept([anItem({ recordId: 'good0' })]),
      ledger.acceptor.accept([bad]),
      ledger.acceptor.accept([anItem({ recordId: 'good1' })]),
      ledger.acceptor.accept([anItem({ recordId: 'good2' })]),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });

  test('an answer of the EHR with NUL or half a character in it is written down', async () => {
    const [receipt] = await ledger.acceptor.accept([
      anItem({ recordId: 'nul', patient: { source: 'app', sourcePatientId: 'nul' } }),
    ]);
    const lanes = await claim(ledger.pool, { destination: ehr, worker: 'w', lanes: 99, perLane: 9, leaseMs: 60_000 });
    const lane = lanes.find((one) => one.work.some((work) => work.messageId === receipt!.id))!;
    const [kept] = await complete(ledger.pool, [
      {
        lane,
        messageId: receipt!.id,
        source: 'app',
        recordId: 'nul',
        kind: 'contact.phone',
        progress: {
          state: 'failed',
          failure: {
            cause: 'send/refused',
            detail: 'before\u0000after \udc00',
            issues: [{ where: '/', what: '\u0000', code: 'x' }],
          },
        },
        doubt: false,
        startedAt: new Date(),
        durationMs: 1,
        attempt: 1,
        mappingVersion: 'm',
        unmapped: [],
        links: [],
        exchanges: [],
      },
    ]);
    expect(kept).toBe(true);
    expect((await messageStory(ledger.db, receipt!.id))?.events.at(-1)?.detail).toMatch(/^before.after .$/);
  });
});
