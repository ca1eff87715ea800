/** From the intake into the ledger: everything once, in order, whatever happens on the way. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createIntakeMover, type MoverParts } from '../../src/assembly/intake.ts';
import type { IntakeItem } from '../../src/core/intake.ts';
import { runAlone } from '../../src/ledger/alone.ts';
import { LedgerUnavailable } from '../../src/ledger/database.ts';
import { createIntake, intakeAfter, intakeWaiting, pruneReceipts } from '../../src/ledger/intake.ts';
import { backlog } from '../../src/ledger/messages.ts';
import { tallyMessages } from '../../src/ledger/tally.ts';
import { aLedger, anItem, type TestLedger } from '../ledger/support.ts';

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await aLedger();
});
afterEach(() => ledger.end());

const item = (n: number): IntakeItem => {
  const bytes = Buffer.from(`message ${n}`);
  const sha = (text: string) => createHash('sha256').update(text).digest();
  return { source: 'hl7', actor: 'mllp:x', bytes, key: sha(`key ${n}`), hash: sha(`hash ${n}`) };
};
const items = (count: number, from = 0): IntakeItem[] => Array.from({ length: count }, (_, n) => item(from + n));
const keep = (given: readonly IntakeItem[]) => createIntake({ pool: ledger.pool, onKept: () => undefined }).keep(given);

/** Each message is a record of its own, of one of three people. */
const identify: MoverParts['identify'] = ({ bytes }) => {
  const text = bytes.toString();
  const n = Number(text.split(' ')[1]);
  return [
    anItem({ source: 'hl7', recordId: text, content: text, raw: bytes, patient: { source: 'hl7', mrn: `M${n % 3}` } }),
  ];
};
const mover = (more: Partial<MoverParts> = {}) =>
  createIntakeMover({
    next: (after, limit) => intakeAfter(ledger.pool, after, limit),
    alone: (run) => runAlone(ledger.pool, 'intake', run),
    identify,
    accept: ledger.acceptor.accept,
    log: () => undefined,
    ...more,
  });
const stored = async () =>
  (
    await ledger.pool.query<{ body: string; state: string; cause: string | null }>(
      `select encode(p.body, 'escape') as body, m.state, m.cause from message m join payload p on p.message_id = m.id order by m.id`,
    )
  ).rows;

describe('what the door has committed', () => {
  test('is handed on once and in order by several processes at once, while more arrives', async () => {
    const movers = [mover(), mover(), mover()];
    for (let n = 0; n < 1_200; n += 100) {
      await keep(items(100, n));
      for (const one of movers) one.poke();
    }
    for (const one of movers) await one.run();
    while ((await intakeWaiting(ledger.pool)).count > 0) await movers[0]?.run();
    for (const one of movers) await one.stop();
    expect((await stored()).map(({ body }) => body)).toEqual(items(1_200).map(({ bytes }) => bytes.toString()));
  });

  test('is not accepted again by a process that lost the lock on its way', async () => {
    await keep(items(20));
    const rows = await intakeAfter(ledger.pool, '0', 512);
    // Both have read the same rows: as when the connection that held the lock broke.
    const alone: MoverParts['alone'] = async (run) => {
      await run();
      return true;
    };
    let looks = 0;
    const late = mover({ alone, next: async () => ((looks += 1) === 1 ? rows : []) });
    await Promise.all([late.run(), mover().run()]);
    await late.stop();
    expect(await stored()).toHaveLength(20);
    expect((await intakeWaiting(ledger.pool)).count).toBe(0);
  });

  test('waits, and is counted, while the ledger does not accept; then it goes on', async () => {
    await keep(items(3));
    const away = mover({ accept: () => Promise.reject(new LedgerUnavailable('08006')) });
    await away.run();
    await away.stop();
    expect(await intakeWaiting(ledger.pool)).toMatchObject({ count: 3, oldestMs: expect.any(Number) });
    expect((await backlog(ledger.db)).received).toBe(3);
    expect(await tallyMessages(ledger.pool)).toMatchObject([{ state: 'received', count: 3 }]);
    await mover().run();
    expect(await stored()).toHaveLength(3);
    expect((await intakeWaiting(ledger.pool)).oldestMs).toBeUndefined();
  });

  test('is held, and stops nobody, where it cannot be read or the ledger does not take what was read', async () => {
    await keep(items(100));
    const poisoned: MoverParts['identify'] = (row) => {
      if (row.bytes.toString() === 'message 17') throw new Error('a fault of the reader');
      const read = identify(row);
      return row.bytes.toString() === 'message 42'
        ? read.map((one) => ({ ...one, occurredAt: new Date(8.64e15) }))
        : read;
    };
    await mover({ identify: poisoned }).run();
    const all = await stored();
    expect(all).toHaveLength(100);
    expect(all.filter(({ state }) => state === 'held')).toEqual(
      ['message 17', 'message 42'].map((body) => ({ body, state: 'held', cause: 'internal/unexpected' })),
    );
  });

  test('that is larger than one look takes is handed on too', async () => {
    const large = items(3).map((one) => ({
      ...one,
      bytes: Buffer.concat([one.bytes, Buffer.from(' '), Buffer.alloc(9_000_000, 'x')]),
    }));
    await keep(large);
    expect(await intakeAfter(ledger.pool, '0', 512)).toHaveLength(2);
    await mover().run();
    expect(await stored()).toHaveLength(3);
  }, 120_000);
});

describe('a receipt', () => {
  test('is known over restarts, in any process, and forgotten after its time', async () => {
    expect(await keep(items(2))).toEqual(['kept', 'kept']);
    const [first = item(0)] = items(1);
    expect(await keep([first, { ...first, hash: Buffer.alloc(32) }, item(7)])).toEqual(['same', 'different', 'kept']);
    const both = await Promise.all([keep(items(50, 100)), keep(items(50, 100).toReversed())]);
    expect(both.flat().filter((answer) => answer === 'kept')).toHaveLength(50);
    await pruneReceipts(ledger.db, new Date(Date.now() + 60_000));
    expect(await keep(items(1))).toEqual(['kept']);
  });
});
