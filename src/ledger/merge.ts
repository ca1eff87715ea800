/** Two people of the ledger become one: their lanes, records and identifiers. What was filed stays where it stands. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { subjectKey } from '../core/artifact.ts';
import { matchCauses } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import type { PeopleResult } from '../core/people.ts';
import { mergePreview } from './people.ts';
import { releaseWaiting } from './release.ts';
import type { Queryable } from './statement.ts';
import { inTransaction } from './transaction.ts';

export const audited = async (on: Queryable, actor: string, action: string, detail: string): Promise<void> => {
  await on.query('insert into audit (actor, action, detail) values ($1, $2, $3)', [actor, action, detail]);
};

/** A worker holds one of their lanes. Else none can take one until the transaction ends. */
export async function isBusy(client: Queryable, people: readonly PatientKey[]): Promise<boolean> {
  const { rows } = await client.query<{ busy: boolean }>(
    `select worker is not null and due_at > clock_timestamp() as busy from lane where patient_key = any($1)
     order by destination, patient_key for update`,
    [people],
  );
  return rows.some(({ busy }) => busy);
}

/** Tries again for some seconds while what is answered is `busy`: a lane is given back as soon as it is done. */
export async function whileBusy<T>(busy: T, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const result = await attempt();
    if (result !== busy || tries === 20) return result;
    await pause(250);
  }
}

type Side = {
  readonly key: PatientKey;
  readonly dob: string | null;
  readonly other_dobs: string[];
  readonly mrn: string | null;
  readonly charts: Record<string, string> | null;
  readonly filed: boolean;
};

async function sidesOf(client: Queryable, keys: readonly PatientKey[]): Promise<readonly Side[]> {
  // In one order for everybody, so that two merges cannot lock each other out.
  await client.query('select 1 from patient where key = any($1) order by key for update', [keys]);
  const { rows } = await client.query<Side>(
    `select p.key, p.dob, p.other_dobs, (select value from identity where patient_key = p.key and system = 'mrn') as mrn,
      (select jsonb_object_agg(destination, reference) from ehr_patient where patient_key = p.key) as charts,
      exists (select 1 from delivery d join lane l on l.destination = d.destination and l.patient_key = d.lane
        where l.patient_key = p.key and d.message_id in (select message_id from link)) as filed
     from patient p where p.key = any($1) and not exists (select 1 from person_alias where alias = p.key)`,
    [keys],
  );
  return rows;
}

/** Why these two cannot be one; undefined when they can. */
function against(from: Side, into: Side): string | undefined {
  const apart = Object.entries(from.charts ?? {}).find(
    ([destination, reference]) => (into.charts?.[destination] ?? reference) !== reference,
  );
  if (apart !== undefined) {
    return (
      `Both have a chart of their own in ${apart[0]}, and a merge moves nothing between charts. If one of the charts is wrong, ` +
      'un-link the identifier that led there (`tejido people unlink`): its work is marked entered-in-error there and waits; then link it to the right one. ' +
      'If the EHR holds the patient twice, have the charts merged there first, and un-link and link the identifier of the one that ended.'
    );
  }
  if (from.mrn !== null && into.mrn !== null && from.mrn !== into.mrn) {
    return 'They are known by two medical record numbers. Correct the wrong one at its source (roster.enrol), or un-link the identifier that came with it.';
  }
  return undefined;
}

type Merged = { readonly ok: true; readonly moved: number } | { readonly ok: false; readonly refused: string };

/** Inside a transaction. `refused: 'busy'`: a worker has a lane of theirs. */
export async function mergeInto(
  client: pg.PoolClient,
  from: PatientKey,
  into: PatientKey,
  actor: string,
): Promise<Merged> {
  if (from === into) return { ok: false, refused: 'These are one person already.' };
  const sides = await sidesOf(client, [from, into]);
  const [one, other] = [sides.find(({ key }) => key === from), sides.find(({ key }) => key === into)];
  if (one === undefined || other === undefined)
    return { ok: false, refused: 'There is no such person, or they were merged before.' };
  const why = against(one, other);
  if (why !== undefined) return { ok: false, refused: why };
  if (actor === 'system' && (await areOfOneSource(client, from, into))) {
    return { ok: false, refused: 'The same source knows them by two ids: a person decides that.' };
  }
  // Where one has filed nothing, what the other files meanwhile has nothing to do with it.
  if (await isBusy(client, one.filed ? [from, into] : [from])) return { ok: false, refused: 'busy' };

  const dobs = [...one.other_dobs, ...(one.dob === null ? [] : [one.dob])].filter(
    (dob) => dob !== other.dob && other.dob !== null && !other.other_dobs.includes(dob),
  );
  await client.query(
    'update patient set dob = coalesce(dob, $2), other_dobs = other_dobs || $3, review = false where key = $1',
    [into, one.dob, dobs],
  );
  await client.query('update person_alias set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query('insert into person_alias (alias, patient_key, subject_key, actor) values ($1, $2, $3, $4)', [
    from,
    into,
    subjectKey(from),
    actor,
  ]);
  await client.query('update identity set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query('update demographics set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query('update fact set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query(
    `update lab_version set patient_key = $2
     from (select distinct destination, report from lab_version where patient_key = $1 and key = '') as theirs
     where lab_version.destination = theirs.destination
       and lab_version.artifact >= theirs.report || '.' and lab_version.artifact < theirs.report || '/'`,
    [from, into],
  );
  await client.query('update disclosure set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query(
    `insert into ehr_patient (destination, patient_key, reference, display, matched_at)
     select destination, $2, reference, display, matched_at from ehr_patient where patient_key = $1 on conflict do nothing`,
    [from, into],
  );
  await client.query('delete from ehr_patient where patient_key = $1', [from]);
  await client.query(
    `update match_case set state = 'linked', decided_by = $2, decided_at = clock_timestamp(), changed_at = clock_timestamp()
     where patient_key = $1 and state <> 'linked'`,
    [from, actor],
  );
  const moved = await moveLane(client, from, into);
  await audited(client, actor, 'people.merge', `person ${from} into ${into}`);
  return { ok: true, moved };
}

async function areOfOneSource(client: Queryable, a: PatientKey, b: PatientKey): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from identity x join identity y on y.system = x.system
     where x.patient_key = $1 and y.patient_key = $2 and x.system like 'source:%' limit 1`,
    [a, b],
  );
  return rows.length > 0;
}

/** All that stands in the lanes of one, in the lanes of the other, in the order of acceptance. What waited goes on. */
async function moveLane(client: Queryable, from: PatientKey, into: PatientKey): Promise<number> {
  await client.query('update message set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query('update record set patient_key = $2 where patient_key = $1', [from, into]);
  await client.query(
    `with moved as (update delivery set lane = $2 where lane = $1 returning destination, state)
     insert into lane (destination, patient_key, due_at, changes)
     select destination, $2::uuid, clock_timestamp(), 1 from moved where state in ('due', 'filing') group by destination
     on conflict (destination, patient_key) do update set changes = lane.changes + 1,
       due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end`,
    [from, into],
  );
  // Fenced: who held it long ago and comes back finds nothing.
  await client.query(
    'update lane set due_at = null, worker = null, lease_token = lease_token + 1 where patient_key = $1',
    [from],
  );
  return (await releaseWaiting(client, { patients: [into], causes: matchCauses })).length;
}

const busy: PeopleResult = { ok: false, refused: 'Something of them is being filed at this moment. Try again.' };

/** `run`: without it only the preview. Both keys stay known; `from` is then another name of `into`. */
export function mergePeople(
  pool: pg.Pool,
  given: { readonly from: PatientKey; readonly into: PatientKey; readonly run: boolean },
  actor: string,
): Promise<PeopleResult> {
  return whileBusy(busy, () =>
    inTransaction(pool, async (client): Promise<PeopleResult> => {
      const preview = await mergePreview(client, given.from, given.into);
      if (!given.run) {
        const sides = await sidesOf(client, [given.from, given.into]);
        const [one, other] = [sides.find(({ key }) => key === given.from), sides.find(({ key }) => key === given.into)];
        if (one === undefined || other === undefined || one === other) {
          return { ok: false, refused: 'There is no such person, or they were merged before.' };
        }
        const why = against(one, other);
        return why === undefined ? { ok: true, done: false, preview } : { ok: false, refused: why };
      }
      const merged = await mergeInto(client, given.from, given.into, actor);
      if (!merged.ok) return merged.refused === 'busy' ? busy : merged;
      return { ok: true, done: true, preview, patientKey: given.into };
    }),
  );
}

/** What was being accepted while its person was merged away, and came to stand in the old lane. */
export async function rehome(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ alias: PatientKey; patient_key: PatientKey }>(
    `select a.alias, a.patient_key from person_alias a
     where exists (select 1 from delivery d where d.lane = a.alias and d.state in ('due', 'filing', 'held', 'failed'))`,
  );
  for (const { alias, patient_key: into } of rows) {
    await inTransaction(pool, async (client) => {
      if (!(await isBusy(client, [alias]))) await moveLane(client, alias, into);
    });
  }
  return rows.length;
}
