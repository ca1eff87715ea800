/**
 * Retention: what is heavy ages out by dropping whole partitions; a message that is not finished keeps its payload.
 * Small rows of finished messages are deleted in bounded batches after the years the record policy asks for. The natural
 * key of a record stays: a resend that comes later still is known, and is not filed again.
 */
import { sql } from 'kysely';
import type { Clock } from '../core/ports.ts';
import type { Db } from './database.ts';
import { pruneReceipts } from './intake.ts';
import { purgeOldSealed } from './sealed.ts';
import { ensurePartitions, type PartitionedTable, partitionsOf } from './partitions.ts';

export type Retention = {
  readonly payloadDays: number;
  readonly attemptDays: number;
  readonly eventDays: number;
  readonly messageDays: number;
  readonly sealedDays: number;
};

export type Pruned = { readonly partitions: readonly string[]; readonly kept: number; readonly messages: number };

const dayMs = 86_400_000;
const batch = 2_000;

export async function applyRetention(db: Db, retention: Retention, clock: Clock): Promise<Pruned> {
  await ensurePartitions(db);
  const now = clock().getTime();
  const days: Record<PartitionedTable, number> = {
    payload: retention.payloadDays,
    attempt: retention.attemptDays,
    event: retention.eventDays,
  };
  const dropped: string[] = [];
  let kept = 0;
  for (const table of ['payload', 'attempt', 'event'] as const) {
    for (const partition of await partitionsOf(db, table)) {
      if (partition.upper.getTime() > now - days[table] * dayMs) continue;
      await db.transaction().execute(async (tx) => {
        if (table === 'payload') kept += await keepUnfinished(tx, partition.name);
        await sql`drop table if exists ${sql.table(partition.name)}`.execute(tx);
      });
      dropped.push(partition.name);
    }
  }
  await purgeOldSealed(db, new Date(now - retention.sealedDays * dayMs));
  await pruneReceipts(db, new Date(now - retention.payloadDays * dayMs));
  const messages = await deleteMessages(db, new Date(now - retention.messageDays * dayMs));
  // How a resource stood last is kept as long as a message, the steps to it as long as payloads.
  await sql`delete from change c where at < ${new Date(now - retention.payloadDays * dayMs)} and (at < ${new Date(now - retention.messageDays * dayMs)}
    or exists (select 1 from change n where n.destination = c.destination and n.reference = c.reference and n.id > c.id))`.execute(
    db,
  );
  // A code stays as long as a message it came in.
  await sql`delete from unmapped_code c where not exists (select 1 from unmapped_message u where u.code_id = c.id)`.execute(
    db,
  );
  // Of maps what no delivery was made with, and what is not the newest.
  await sql`delete from mapping_version v where last_loaded_at < ${new Date(now - retention.payloadDays * dayMs)}
    and last_loaded_at < (select max(last_loaded_at) from mapping_version)
    and not exists (select 1 from delivery d where d.mapping_version = v.hash)`.execute(db);
  await sql`delete from payload_kept k using message m where m.id = k.message_id and m.state not in ('received', 'held', 'failed')
    and m.received_at < ${new Date(now - retention.payloadDays * dayMs)}`.execute(db);
  return { partitions: dropped, kept, messages };
}

async function keepUnfinished(db: Db, partition: string): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into payload_kept (message_id, body)
    select p.message_id, p.body from ${sql.table(partition)} p join message m on m.id = p.message_id
    where m.state in ('received', 'held', 'failed') on conflict do nothing`.execute(db);
  return Number(numAffectedRows ?? 0);
}

async function deleteMessages(db: Db, before: Date): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await sql<{ n: number }>`
      with old as (
        select id from message where received_at < ${before} and state not in ('received', 'held', 'failed')
        order by id limit ${batch}
      ), d as (delete from delivery using old where message_id = old.id),
         l as (delete from link using old where message_id = old.id),
         k as (delete from payload_kept using old where message_id = old.id),
         w as (delete from work_item using old where message_id = old.id and work_item.state <> 'open'),
         u as (delete from unmapped_message using old where message_id = old.id),
         m as (delete from message using old where message.id = old.id returning 1)
      select count(*)::int as n from m`.execute(db);
    const n = rows[0]?.n ?? 0;
    total += n;
    if (n < batch) return total;
  }
}
