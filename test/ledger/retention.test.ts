import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { messageRaw, messageStory } from '../../src/ledger/messages.ts';
import { ensurePartitions, partitionsOf } from '../../src/ledger/partitions.ts';
import { applyRetention } from '../../src/ledger/retention.ts';
import { aLedger, anItem, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

const days = (n: number): Date => new Date(Date.now() + n * 86_400_000);
const retention = { payloadDays: 90, attemptDays: 90, eventDays: 2557, messageDays: 2557, sealedDays: 30 };

describe('retention', () => {
  test('drops payloads that are past their days by dropping whole partitions; what is unfinished keeps its bytes', async () => {
    const receipts = await ledger.acceptor.accept([
      anItem({ recordId: 'done' }),
      anItem({ recordId: 'open', hold: { cause: 'mapping/no-route', detail: '' } }),
    ]);
    await sql`update message set state = 'filed' where id = ${receipts[0]!.id}`.execute(ledger.db);
    expect((await applyRetention(ledger.db, retention, () => days(80))).partitions).toEqual([]);
    expect(await messageRaw(ledger.db, receipts[0]!.id, 'me')).toBeDefined();

    const before = await partitionsOf(ledger.db, 'payload');
    const pruned = await applyRetention(ledger.db, retention, () => days(92));
    expect(pruned.kept).toBe(1);
    expect(pruned.partitions).toContain(before[0]?.name);
    expect((await partitionsOf(ledger.db, 'payload')).map((one) => one.name)).not.toContain(before[0]?.name);
    expect(await messageRaw(ledger.db, receipts[0]!.id, 'me')).toBeUndefined();
    expect((await messageRaw(ledger.db, receipts[1]!.id, 'me'))?.body.toString()).toBe('open v1');
    // The message itself, its hash and its history stay.
    expect(await messageStory(ledger.db, receipts[0]!.id)).toMatchObject({ state: 'filed', rawSize: 7 });
  });

  test('forgets finished messages after the years of the record policy, never an open one', async () => {
    const pruned = await applyRetention(ledger.db, retention, () => days(3000));
    expect(pruned.messages).toBe(1);
    const { rows } = await sql<{ record_id: string }>`select record_id from message`.execute(ledger.db);
    expect(rows.map((row) => row.record_id)).toEqual(['open']);
    // What was filed is still known: a resend after all those years is a duplicate.
    const { rows: records } = await sql<{ n: number }>`select count(*)::int as n from record`.execute(ledger.db);
    expect(records[0]?.n).toBeGreaterThan(1);
  });

  test('rows that came while no partition was ready do not keep Tejido from starting', async () => {
    for (const { name } of await partitionsOf(ledger.db, 'payload')) {
      await sql`drop table ${sql.table(name)}`.execute(ledger.db);
    }
    const [receipt] = await ledger.acceptor.accept([anItem({ recordId: 'late' })]);
    await ensurePartitions(ledger.db);
    expect((await messageRaw(ledger.db, receipt!.id, 'me'))?.body.toString()).toBe('late v1');
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from payload_default`.execute(ledger.db);
    expect(rows[0]?.n).toBe(0);
  });
});
