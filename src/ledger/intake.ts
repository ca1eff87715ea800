/**
 * The intake of the HL7 v2 door. Keeping is one statement and one commit, whatever number of messages arrives together:
 * the receipts decide what is new, and the bytes of that are written down.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { isCause } from '../core/causes.ts';
import type { IntakeAnswer, IntakeItem, IntakeRow, KeepIntake } from '../core/intake.ts';
import { joined } from './bytes.ts';
import { asLedgerUnavailable, type Db } from './database.ts';
import { gather } from './gather.ts';
import { type Queryable, statement } from './statement.ts';
import { sql } from 'kysely';

const mostPerCommit = 512;
const hashBytes = 32;

type KeepRow = { readonly n: number; readonly kept: boolean; readonly sha256: Buffer | null };

const keepStatement = statement<KeepRow>(
  'intake-keep',
  `with given as materialized (
      select g.n::int as n, g.source, g.actor, g.cause, g.detail, substring($1::bytea from g.at for g.size) as body,
        substring($2::bytea from (g.n::int - 1) * 32 + 1 for 32) as key,
        substring($3::bytea from (g.n::int - 1) * 32 + 1 for 32) as sha256
      from unnest($4::int[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[])
        with ordinality as g (at, size, source, actor, cause, detail, n)
    ), fresh as (
      -- In one order for everybody: two processes cannot lock each other out.
      insert into hl7_receipt (key, sha256) select key, sha256 from given order by key
      on conflict (key) do nothing returning key
    ), kept as (
      insert into hl7_intake (source, actor, cause, detail, body)
      select source, actor, cause, detail, body from given join fresh using (key) order by n
    )
    select given.n, fresh.key is not null as kept, r.sha256
    from given left join fresh using (key) left join hl7_receipt r on r.key = given.key order by given.n`,
);

const keyText = (key: Buffer): string => key.toString('latin1');

/** `onKept` is told after each commit that left something to hand on. It must not throw. */
export function createIntake(options: { readonly pool: pg.Pool; readonly onKept: () => void }): {
  readonly keep: KeepIntake;
  readonly idle: () => Promise<void>;
} {
  const gathered = gather<IntakeItem, IntakeAnswer>(
    async (items) => {
      try {
        return await commit(options.pool, items);
      } catch (error) {
        throw asLedgerUnavailable(error);
      }
    },
    { most: mostPerCommit },
  );
  return {
    idle: gathered.idle,
    keep: async (items) => {
      const answers = await gathered.add(items);
      const refused = items.filter((_, n) => answers[n] === 'different').map(refusedCopy);
      if (refused.length > 0) await gathered.add(refused);
      if (refused.length > 0 || answers.includes('kept')) options.onKept();
      return answers;
    },
  };
}

/** Known by its own bytes: a sender that repeats it is rejected again, and it is kept once. */
const refusedCopy = (item: IntakeItem): IntakeItem => ({
  ...item,
  key: createHash('sha256').update('refused').update(item.key).update(item.hash).digest(),
  hold: { cause: 'source/control-id-reused', detail: 'MSH-10 and MSH-7 were used before with other content.' },
});

async function commit(pool: pg.Pool, items: readonly IntakeItem[]): Promise<readonly IntakeAnswer[]> {
  // Of several with one key in this very commit the first decides.
  const firsts = new Map<string, IntakeItem>();
  for (const item of items) {
    const key = keyText(item.key);
    if (!firsts.has(key)) firsts.set(key, item);
  }
  const standing = await receiptsOf(pool, [...firsts.values()]);
  return items.map((item): IntakeAnswer => {
    const key = keyText(item.key);
    const known = standing.get(key);
    if (known === undefined) throw new Error('The ledger answered nothing.');
    if (known.kept && firsts.get(key) === item) return 'kept';
    return known.sha256.equals(item.hash) ? 'same' : 'different';
  });
}

type Standing = { readonly kept: boolean; readonly sha256: Buffer };

async function receiptsOf(pool: pg.Pool, items: readonly IntakeItem[]): Promise<ReadonlyMap<string, Standing>> {
  const standing = new Map<string, Standing>();
  let open = items;
  // Another process may commit the same key in this moment: it is seen at the second look.
  for (let tries = 0; open.length > 0 && tries < 3; tries += 1) {
    const rows = await write(pool, open);
    const unknown: IntakeItem[] = [];
    for (const [n, item] of open.entries()) {
      const row = rows[n];
      if (row?.kept === true) standing.set(keyText(item.key), { kept: true, sha256: item.hash });
      else if (row?.sha256 == null) unknown.push(item);
      else standing.set(keyText(item.key), { kept: false, sha256: row.sha256 });
    }
    open = unknown;
  }
  return standing;
}

async function write(on: Queryable, items: readonly IntakeItem[]): Promise<readonly KeepRow[]> {
  const { bytes, starts, sizes } = joined(items.map((item) => item.bytes));
  return keepStatement.run(on, [
    bytes,
    Buffer.concat(items.map(({ key }) => key.subarray(0, hashBytes))),
    Buffer.concat(items.map(({ hash }) => hash.subarray(0, hashBytes))),
    starts,
    sizes,
    items.map(({ source }) => source),
    items.map(({ actor }) => actor),
    items.map(({ hold }) => hold?.cause ?? null),
    items.map(({ hold }) => hold?.detail ?? null),
  ]);
}

type Row = {
  readonly id: string;
  readonly source: string;
  readonly actor: string;
  readonly cause: string | null;
  readonly detail: string | null;
  readonly body: Buffer;
};

/** At most so many bytes are taken at a time, and one message however large it is. */
const mostBytes = 16_000_000;

const next = statement<Row>(
  'intake-next',
  `select id::text, source, actor, cause, detail, body from (
      select *, sum(length(body)) over (order by id) - length(body) as before
      from (select * from hl7_intake where id > $1 order by id limit $2) as first
    ) as counted where before < $3 order by counted.id`,
);

/** What waits, in the order in which it was kept; `after`: the id of the last one seen. */
export async function intakeAfter(on: Queryable, after: string, limit: number): Promise<readonly IntakeRow[]> {
  const rows = await next.run(on, [after, limit, mostBytes]);
  return rows.map(({ id, source, actor, cause, detail, body }) => ({
    id,
    source,
    actor,
    bytes: body,
    ...(cause === null || !isCause(cause) ? {} : { hold: { cause, detail: detail ?? '' } }),
  }));
}

/** A row of the intake was taken by somebody else: the transaction that would take it too is rolled back. */
export class IntakeGone extends Error {
  override readonly name = 'IntakeGone';
  static readonly code = 'intake-gone';
  readonly code = IntakeGone.code;
}

const take = statement<{ id: string }>(
  'intake-take',
  'delete from hl7_intake where id = any($1::bigint[]) returning id::text',
);

/** Takes rows out, inside of the transaction that accepts them. Rejects with IntakeGone if one is not there any more. */
export async function takeIntake(on: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const distinct = [...new Set(ids)];
  const taken = await take.run(on, [distinct]);
  if (taken.length !== distinct.length) throw new IntakeGone('Somebody else has handed it on.');
}

/** How many wait to be handed on, and for how long the oldest has. */
export async function intakeWaiting(
  on: Queryable,
): Promise<{ readonly count: number; readonly oldestMs: number | undefined }> {
  const { rows } = await on.query<{ count: number; oldest: string | null }>(
    `select count(*)::int as count, extract(epoch from clock_timestamp() - min(received_at)) * 1000 as oldest from hl7_intake`,
  );
  const [row] = rows;
  return { count: row?.count ?? 0, oldestMs: row?.oldest == null ? undefined : Number(row.oldest) };
}

/** Receipts that are older than this are forgotten: what comes again then is a new message. */
export async function pruneReceipts(db: Db, before: Date): Promise<void> {
  await sql`delete from hl7_receipt where at < ${before}`.execute(db);
}
