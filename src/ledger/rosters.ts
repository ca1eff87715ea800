/**
 * Rosters in the ledger. An import is stored whole in one transaction: the stripped sheet, and every change with the
 * activities it sends. Who carries it out may die at any line; the next one goes on behind the last change accepted.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type pg from 'pg';
import type { PatientKey } from '../core/model.ts';
import type { Identity, KnownPerson } from '../core/person.ts';
import type { RosterImport, RosterMode, RosterReport, RosterState, RosterSummary } from '../core/roster.ts';
import { asJsonb } from './storable.ts';
import { type Queryable, statement } from './statement.ts';

export type StoredMember = {
  readonly patient: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly present: boolean;
};

export type StoredChange = StoredMember & { readonly activities: readonly string[] };

const compress = promisify(gzip);

/** One upload of a source at a time: held to the end of the transaction. */
export async function lockRoster(on: Queryable, source: string): Promise<void> {
  await on.query(`select pg_advisory_xact_lock(hashtext('tejido.roster'), hashtext($1))`, [source]);
}

const members = statement<{ patient_id: string; fields: Record<string, unknown>; present: boolean }>(
  'roster-members',
  'select patient_id, fields, present from roster_member where source = $1',
);

/** Everybody whom rosters of this source ever named. */
export async function rosterMembers(on: Queryable, source: string): Promise<readonly StoredMember[]> {
  const rows = await members.run(on, [source]);
  return rows.map(({ patient_id, fields, present }) => ({ patient: patient_id, fields, present }));
}

const people = statement<{ key: PatientKey; dob: string | null; other_dobs: string[]; identities: Identity[] }>(
  'roster-people',
  `select p.key, p.dob, p.other_dobs, json_agg(json_build_object('system', i.system, 'value', i.value)) as identities
    from (select distinct k.patient_key from unnest($1::text[], $2::text[]) as g (system, value)
      join identity k on k.system = g.system and k.value = g.value) as n
    join patient p on p.key = n.patient_key
    join identity i on i.patient_key = p.key
    group by p.key, p.dob, p.other_dobs`,
);

/** Everybody who has one of these identifiers. */
export async function peopleWith(on: Queryable, identities: readonly Identity[]): Promise<readonly KnownPerson[]> {
  const rows = await people.run(on, [identities.map(({ system }) => system), identities.map(({ value }) => value)]);
  return rows.map(({ key, dob, other_dobs: otherDobs, identities: all }) => ({
    key,
    otherDobs,
    identities: all,
    ...(dob === null ? {} : { dob }),
  }));
}

/** The version of a record that counts. */
export type RecordHead = { readonly version: number | undefined; readonly contentHash: string };

const heads = statement<{ record_id: string; latest_version: string | null; latest_hash: string }>(
  'roster-record-heads',
  `select r.record_id, r.latest_version::text, r.latest_hash from unnest($2::text[]) as g (record_id)
    join record r on r.source = $1 and r.record_id = g.record_id where r.latest_hash is not null`,
);

export async function recordHeads(
  on: Queryable,
  source: string,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, RecordHead>> {
  const rows = await heads.run(on, [source, recordIds]);
  return new Map(
    rows.map(({ record_id, latest_version, latest_hash }) => [
      record_id,
      { version: latest_version === null ? undefined : Number(latest_version), contentHash: latest_hash },
    ]),
  );
}

type ImportRow = {
  id: string;
  source: string;
  mode: RosterMode;
  state: RosterState;
  content_hash: string;
  actor: string;
  received_at: Date;
  committed_at: Date | null;
  counts: RosterReport['counts'];
  report: RosterReport;
};

const columns = 'id::text, source, mode, state, content_hash, actor, received_at, committed_at, counts';

const summaryOf = (row: Omit<ImportRow, 'report'>): RosterSummary => ({
  id: row.id,
  source: row.source,
  mode: row.mode,
  state: row.state,
  actor: row.actor,
  receivedAt: row.received_at,
  counts: row.counts,
  ...(row.committed_at === null ? {} : { committedAt: row.committed_at }),
});

/** The latest import of a source, and what it was made of. */
export async function latestRoster(
  on: Queryable,
  source: string,
): Promise<{ readonly id: string; readonly state: RosterState; readonly contentHash: string } | undefined> {
  const { rows } = await on.query<ImportRow>(
    `select ${columns} from roster_import where source = $1 order by id desc limit 1`,
    [source],
  );
  const [row] = rows;
  return row === undefined ? undefined : { id: row.id, state: row.state, contentHash: row.content_hash };
}

/** Newest first; ids below `before`. */
export async function listRosters(
  on: Queryable,
  { before, limit }: { readonly before?: string; readonly limit: number },
): Promise<readonly RosterSummary[]> {
  const { rows } = await on.query<ImportRow>(
    `select ${columns} from roster_import where ($1::bigint is null or id < $1) order by id desc limit $2`,
    [before ?? null, limit],
  );
  return rows.map(summaryOf);
}

export async function showRoster(on: Queryable, id: string): Promise<RosterImport | undefined> {
  const { rows } = await on.query<ImportRow>(`select ${columns}, report from roster_import where id = $1`, [id]);
  const [row] = rows;
  return row === undefined ? undefined : { ...summaryOf(row), report: row.report };
}

export type NewImport = {
  readonly source: string;
  readonly mode: RosterMode;
  readonly actor: string;
  readonly contentHash: string;
  readonly report: RosterReport;
  readonly sheet: unknown;
  readonly changes: readonly StoredChange[];
};

/** Inside the transaction of `lockRoster`. Returns the id. */
export async function storeRoster(on: Queryable, given: NewImport): Promise<string> {
  const { rows } = await on.query<{ id: string }>(
    `insert into roster_import (source, mode, state, content_hash, counts, report, sheet, actor)
     values ($1, $2, 'committing', $3, $4::jsonb, $5::jsonb, $6, $7) returning id::text`,
    [
      given.source,
      given.mode,
      given.contentHash,
      asJsonb(given.report.counts),
      asJsonb(given.report),
      await compress(JSON.stringify(given.sheet)),
      given.actor,
    ],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('The ledger answered nothing.');
  await on.query(
    `insert into roster_change (import_id, number, patient_id, fields, present, activities)
     select $1, x.number, x.patient, x.fields, x.present, array(select jsonb_array_elements_text(x.activities))
     from jsonb_to_recordset($2::jsonb) as x (number int, patient text, fields jsonb, present boolean, activities jsonb)`,
    [id, asJsonb(given.changes.map((change, index) => ({ ...change, number: index + 1 })))],
  );
  return id;
}

export type OpenImport = {
  readonly id: string;
  readonly source: string;
  readonly actor: string;
  readonly done: number;
};

/** Imports that are not carried out to their end, oldest first. */
export async function openRosters(on: Queryable): Promise<readonly OpenImport[]> {
  const { rows } = await on.query<OpenImport>(
    `select id::text, source, actor, done from roster_import where state = 'committing' order by id`,
  );
  return rows;
}

/** The next changes behind number `done`. */
export async function nextChanges(
  on: Queryable,
  id: string,
  done: number,
  limit: number,
): Promise<readonly { readonly number: number; readonly activities: readonly string[] }[]> {
  const { rows } = await on.query<{ number: number; activities: string[] }>(
    `select number, activities from roster_change where import_id = $1 and number > $2 order by number limit $3`,
    [id, done, limit],
  );
  return rows;
}

export async function markDone(on: Queryable, id: string, done: number): Promise<void> {
  await on.query('update roster_import set done = $2 where id = $1', [id, done]);
}

/** All is accepted: who is known by it is known from now on. One statement, once. */
export async function finishRoster(pool: pg.Pool, id: string): Promise<void> {
  await pool.query(
    `with finished as (
      update roster_import set state = 'committed', committed_at = clock_timestamp()
      where id = $1 and state = 'committing' returning id, source
    ), gone as (
      delete from roster_change using finished f where import_id = f.id
      returning f.source, patient_id, fields, present
    )
    insert into roster_member as m (source, patient_id, fields, present, absent_since, import_id)
    select source, patient_id, fields, present, case when present then null else clock_timestamp() end, $1 from gone
    on conflict (source, patient_id) do update set fields = excluded.fields, present = excluded.present,
      absent_since = excluded.absent_since, import_id = excluded.import_id`,
    [id],
  );
}

/** Ids with zeros in front, by which somebody is known: spreadsheets eat such zeros. */
export async function paddedIds(on: Queryable, source: string): Promise<readonly string[]> {
  const { rows } = await on.query<{ value: string }>(
    `select value from identity where system in ('mrn', $1) and value like '0%'`,
    [`source:${source}`],
  );
  return rows.map(({ value }) => value);
}
