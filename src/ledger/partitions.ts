/** Time partitions of payload, attempt and event: made ahead of time, dropped when retention has passed. */
import { sql } from 'kysely';
import type { Db } from './database.ts';

const partitioned = [
  { table: 'payload', by: 'received_at', every: 'day', ahead: 7 },
  { table: 'attempt', by: 'started_at', every: 'day', ahead: 7 },
  { table: 'event', by: 'at', every: 'month', ahead: 2 },
] as const;

export type PartitionedTable = (typeof partitioned)[number]['table'];

/**
 * Makes the partitions of today and the days (months) ahead that are missing. Concurrent calls are serialised. Rows that
 * came while there was none (nobody made them for a week) move in: Postgres would else refuse the partition for ever.
 */
export async function ensurePartitions(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('tejido.partitions'))`.execute(tx);
    for (const { table, by, every, ahead } of partitioned) {
      await sql`
        do $$
        declare
          lower timestamptz;
          step interval := ${sql.lit(`1 ${every}`)};
          name text;
        begin
          for n in 0..${sql.lit(ahead)} loop
            lower := date_trunc(${sql.lit(every)}, now() at time zone 'UTC') at time zone 'UTC' + n * step;
            name := ${sql.lit(`${table}_`)} || to_char(lower at time zone 'UTC', 'YYYYMMDD');
            continue when to_regclass(name) is not null;
            lock table ${sql.table(`${table}_default`)} in access exclusive mode;
            execute format('create table %I (like %I including defaults)', name, ${sql.lit(table)});
            execute format('with late as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from late',
              ${sql.lit(`${table}_default`)}, ${sql.lit(by)}, lower, ${sql.lit(by)}, lower + step, name);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)',
              ${sql.lit(table)}, name, lower, lower + step);
          end loop;
        end $$`.execute(tx);
    }
  });
}

export type Partition = { readonly table: PartitionedTable; readonly name: string; readonly upper: Date };

/** All dated partitions of a table, oldest first; `upper` is the end of what it holds. */
export async function partitionsOf(db: Db, table: PartitionedTable): Promise<readonly Partition[]> {
  const { rows } = await sql<{ name: string; upper: Date }>`
    select child.relname as name,
           substring(pg_get_expr(child.relpartbound, child.oid) from 'TO \\(''([^'']+)''\\)')::timestamptz as upper
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = ${table}::regclass and pg_get_expr(child.relpartbound, child.oid) <> 'DEFAULT'
    order by upper`.execute(db);
  return rows.map((row) => ({ table, ...row }));
}
