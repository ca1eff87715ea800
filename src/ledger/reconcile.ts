/** The daily proof: accepted = filed + held + failed + superseded (+ voided, + still on its way), and the EHR agrees. */
import { sql } from 'kysely';
import type { DestinationId, MessageId } from '../core/model.ts';
import type { Destination } from '../core/ports.ts';
import type { Reconciliation, ReconciliationRow } from '../core/story.ts';
import type { Db } from './database.ts';
import { counts, later, ranks } from './link-order.ts';

type CountRow = Omit<ReconciliationRow, 'expected' | 'standing' | 'missing' | 'duplicated'>;
type Expected = {
  artifact: string;
  resource_type: string;
  reference: string;
  action: string;
  message_id: string;
  source: string;
  day: string;
};

const page = 5_000;

/** `from` and `to` bound the time of receipt; both may be left out. */
export async function reconcile(
  db: Db,
  destinations: readonly Pick<Destination, 'id' | 'standing'>[],
  range: { readonly from?: Date; readonly to?: Date },
): Promise<Reconciliation> {
  const from = range.from ?? new Date(0);
  const to = range.to ?? new Date('9999-01-01T00:00:00Z');
  const { rows: counts } = await sql<CountRow>`
    select source, to_char(received_at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*)::int as accepted,
      count(*) filter (where state = 'received')::int as received, count(*) filter (where state = 'filed')::int as filed,
      count(*) filter (where state = 'held')::int as held, count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where state = 'superseded')::int as superseded, count(*) filter (where state = 'voided')::int as voided
    from message where received_at >= ${from} and received_at < ${to} group by 1, 2 order by 1, 2`.execute(db);
  const tally = new Map<string, { expected: number; standing: number; missing: number; duplicated: number }>();
  const missing: Reconciliation['missing'][number][] = [];
  const duplicated: Reconciliation['duplicated'][number][] = [];
  const revived: Reconciliation['revived'][number][] = [];
  let problem: string | undefined;

  for (const destination of destinations) {
    for await (const expected of expectedOf(db, destination.id, from, to)) {
      const found = await destination.standing(
        expected.map((one) => ({ artifact: one.artifact, resourceType: one.resource_type })),
      );
      if (!found.ok) {
        problem = `${destination.id}: ${found.failure.detail}`;
        break;
      }
      const byArtifact = new Map(found.value.map((one) => [one.artifact, one]));
      for (const one of expected) {
        const there = byArtifact.get(one.artifact);
        const alive = (there?.count ?? 0) - (there?.errored ?? 0);
        const named = { artifact: one.artifact, messageId: one.message_id as MessageId, reference: one.reference };
        if (one.action === 'voided') {
          if (alive > 0) revived.push(named);
          continue;
        }
        const key = `${one.source} ${one.day}`;
        const row = tally.get(key) ?? { expected: 0, standing: 0, missing: 0, duplicated: 0 };
        tally.set(key, row);
        row.expected += 1;
        if (alive >= 1) row.standing += 1;
        if (alive < 1) {
          row.missing += 1;
          missing.push(named);
        }
        if (alive > 1) {
          row.duplicated += 1;
          duplicated.push({ artifact: one.artifact, messageId: one.message_id as MessageId, count: alive });
        }
      }
    }
  }
  const rows = counts.map((row): ReconciliationRow => ({
    ...row,
    ...(tally.get(`${row.source} ${row.day}`) ?? { expected: 0, standing: 0, missing: 0, duplicated: 0 }),
  }));
  const adds = rows.every(
    (row) => row.accepted === row.received + row.filed + row.held + row.failed + row.superseded + row.voided,
  );
  return {
    clean: adds && problem === undefined && missing.length + duplicated.length + revived.length === 0,
    rows,
    missing,
    duplicated,
    revived,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Of each artifact its latest link: it must stand, unless that one voided it. In pages. */
async function* expectedOf(
  db: Db,
  destination: DestinationId,
  from: Date,
  to: Date,
): AsyncGenerator<readonly Expected[]> {
  let after = '';
  for (;;) {
    const { rows } = await sql<Expected & { tier: string }>`
      select l.artifact, split_part(l.reference, '/', 1) as resource_type, l.reference, l.message_id::text, l.action, l.tier, m.source,
        to_char(m.received_at at time zone 'UTC', 'YYYY-MM-DD') as day
      from (select distinct on (artifact) artifact, tier, reference, message_id, action
        from (select link.*, ${sql.raw(ranks)} from link where destination = ${destination} and artifact > ${after}) r
        where ${sql.raw(counts)} order by artifact, ${sql.raw(later)}, message_id desc limit ${page}) l
      join message m on m.id = l.message_id
      order by l.artifact`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.artifact;
    const { rows: dated } = await sql<{ message_id: string }>`
      select id::text as message_id from message where id = any(${rows.map((row) => row.message_id)}::bigint[])
        and received_at >= ${from} and received_at < ${to}`.execute(db);
    const wanted = new Set(dated.map((row) => row.message_id));
    // A line stands with its note, which has a link of its own; what a person enters has no identifier of ours.
    // What is only merged into is another's.
    const alone = rows.filter(({ tier, action }) => (tier === 'native' || tier === 'elsewhere') && action !== 'merged');
    const expected = alone.filter((row) => wanted.has(row.message_id));
    if (expected.length > 0) yield expected;
  }
}
