/**
 * Looks at the EHR, written down: each change once, whatever overlaps, restarts, or is read twice. What Tejido wrote
 * itself is known by its links and not told back.
 */
import type pg from 'pg';
import type { Before, Change, Observed, Whose } from '../core/change.ts';
import type { DestinationId } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';
import { inTransaction } from './transaction.ts';

const atOnce = 200;

type Known = {
  known: boolean;
  busy: boolean;
  echo: boolean;
  linked: boolean;
  id: string | null;
  version_id: string | null;
  last_updated: Date | null;
  kind: Before['kind'] | null;
  content: Before['content'] | null;
};

/**
 * busy: something is being filed for the person, or may have been: its link is not there yet, and its own version
 * would look like somebody else's. A link without a version speaks for what was seen first after it was made.
 */
const look = statement<Known>(
  'change-look',
  `select
      exists (select 1 from ehr_patient e where e.destination = $1 and e.reference = o.patient) as known,
      exists (select 1 from ehr_patient e join delivery d on d.destination = $1 and d.lane = e.patient_key
        and (d.state = 'filing' or d.state = 'due' and d.doubt)
        where e.destination = $1 and e.reference = o.patient) as busy,
      exists (select 1 from link l where l.destination = $1 and l.reference = o.reference
        and (l.version_id = o.version_id or l.version_id is null and l.at > coalesce(c.seen_at, '-infinity'))) as echo,
      exists (select 1 from link l where l.destination = $1 and l.reference = o.reference) as linked,
      c.id::text, c.version_id, c.last_updated, c.kind, c.content
    from unnest($2::text[], $3::text[], $4::text[]) with ordinality as o (reference, version_id, patient, n)
    left join lateral (select * from change where destination = $1 and reference = o.reference
      order by id desc limit 1) as c on true
    order by o.n`,
);

const insert = statement(
  'change-insert',
  `insert into change (destination, reference, version_id, last_updated, patient_reference, kind, content, told)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

const renew = statement(
  'change-renew',
  'update change set version_id = $2, last_updated = $3, seen_at = clock_timestamp() where id = $1',
);

export type Decide = (observed: Observed, before: Before | undefined, whose: Whose) => Change | undefined;

export type Kept = {
  readonly told: number;
  /** The earliest of those that could not be judged yet: the next look must begin before it. */
  readonly waitsFrom: Date | undefined;
};

/** Each resource at most once in `observed`; oldest first. */
export async function keepChanges(
  pool: pg.Pool,
  destination: DestinationId,
  observed: readonly Observed[],
  decide: Decide,
): Promise<Kept> {
  let told = 0;
  let waitsFrom: Date | undefined;
  for (let from = 0; from < observed.length; from += atOnce) {
    const part = observed.slice(from, from + atOnce);
    await inTransaction(pool, async (client) => {
      // Ids in the order of commits: who reads after an id must not find a smaller one later.
      await client.query(`select pg_advisory_xact_lock(hashtext('tejido.changes'))`);
      const known = await look.run(client, [
        destination,
        part.map(({ reference }) => reference),
        part.map(({ versionId }) => versionId),
        part.map(({ patient }) => patient),
      ]);
      for (const [index, one] of part.entries()) {
        const row = known[index];
        if (row?.known !== true || isOld(one, row)) continue;
        if (row.busy) {
          if (waitsFrom === undefined || one.lastUpdated < waitsFrom) waitsFrom = one.lastUpdated;
          continue;
        }
        const before = row.kind === null || row.content === null ? undefined : { kind: row.kind, content: row.content };
        const change = decide(one, before, row.echo ? 'echo' : row.linked ? 'linked' : 'foreign');
        if (change !== undefined) {
          await insert.run(client, [
            destination,
            one.reference,
            one.versionId,
            one.lastUpdated,
            one.patient,
            change.kind,
            JSON.stringify(change.content),
            change.tell,
          ]);
          if (change.tell) told += 1;
        } else if (row.id !== null) await renew.run(client, [row.id, one.versionId, one.lastUpdated]);
      }
    });
  }
  return { told, waitsFrom };
}

/** Seen already, or an index that lags shows a version from before. */
const isOld = ({ versionId, lastUpdated }: Observed, { version_id, last_updated }: Known): boolean =>
  version_id === versionId || (last_updated !== null && lastUpdated < last_updated);

/** Where the next look of this type begins; at the first one `start`, which is kept. */
export async function cursorOf(
  on: Queryable,
  destination: DestinationId,
  resourceType: string,
  start: Date,
): Promise<Date> {
  const { rows } = await on.query<{ at: Date }>(
    `insert into cursor (destination, resource_type, at) values ($1, $2, $3)
      on conflict (destination, resource_type) do update set looked_at = clock_timestamp() returning at`,
    [destination, resourceType, start],
  );
  return rows[0]?.at ?? start;
}

/** Never backwards: the overlap looks back far enough. */
export async function moveCursor(
  on: Queryable,
  destination: DestinationId,
  resourceType: string,
  to: Date,
): Promise<void> {
  await on.query('update cursor set at = greatest(at, $3) where destination = $1 and resource_type = $2', [
    destination,
    resourceType,
    to,
  ]);
}
