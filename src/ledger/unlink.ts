/**
 * An identifier un-linked from a person: what came by it leaves that person's chart (entered-in-error, by the lane of the
 * new person) and waits there until somebody says whose it is.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { PatientKey } from '../core/model.ts';
import type { PeopleResult } from '../core/people.ts';
import { audited, isBusy, whileBusy } from './merge.ts';
import { touched } from './people.ts';
import type { Queryable } from './statement.ts';
import { inTransaction } from './transaction.ts';

export type SourceId = { readonly source: string; readonly sourcePatientId: string };

const busy: PeopleResult = {
  ok: false,
  refused:
    'Something of this patient is being filed, or an answer of the EHR was lost and is being looked for. Try again in a minute.',
};

export function unlinkIdentity(
  pool: pg.Pool,
  given: SourceId & { readonly person: PatientKey; readonly run: boolean },
  actor: string,
): Promise<PeopleResult> {
  const system = `source:${given.source}`;
  return whileBusy(busy, () =>
    inTransaction(pool, async (client): Promise<PeopleResult> => {
      const { rows } = await client.query<{ patient_key: PatientKey }>(
        'select patient_key from identity where system = $1 and value = $2 for update',
        [system, given.sourcePatientId],
      );
      if (rows[0]?.patient_key !== given.person) {
        return { ok: false, refused: 'This person is not known by that id of that source. See `tejido people show`.' };
      }
      const preview = { ...(await touched(client, given.person, given)), twice: [] };
      if (!given.run) return { ok: true, done: false, preview };
      if ((await isBusy(client, [given.person])) || (await inDoubt(client, given.person))) return busy;
      const to = randomUUID() as PatientKey;
      await client.query(
        `insert into patient (key, dob, review)
         select $1, (select told->>'dob' from demographics where system = $2 and value = $3), true`,
        [to, system, given.sourcePatientId],
      );
      await client.query('update identity set patient_key = $3 where system = $1 and value = $2', [
        system,
        given.sourcePatientId,
        to,
      ]);
      await client.query('update demographics set patient_key = $3 where system = $1 and value = $2', [
        system,
        given.sourcePatientId,
        to,
      ]);
      await client.query(
        'insert into identity_move (system, value, from_key, to_key, actor) values ($1, $2, $3, $4, $5)',
        [system, given.sourcePatientId, given.person, to, actor],
      );
      await client.query(
        `with kase as (insert into match_case (destination, patient_key)
           select distinct destination, $2::uuid from ehr_patient where patient_key = $1 returning id, destination)
         insert into match_candidate (case_id, number, target, patient_key, reference, told, class, score, features, doubts,
           rejected_by, current)
         select kase.id, t.number, t.target, t.person, t.reference, '{}', 'unsure', 0, '[]', '{}', $3, false
         from kase join ehr_patient e on e.destination = kase.destination and e.patient_key = $1
         cross join lateral (values (1, 'person:' || $1::text, $1::uuid, null::text),
           (2, 'chart:' || e.reference, null::uuid, e.reference)) as t (number, target, person, reference)`,
        [given.person, to, actor],
      );
      await moveWork(client, { ...given, to }, actor);
      await audited(client, actor, 'people.unlink', `person ${given.person}, now ${to}`);
      return { ok: true, done: true, preview, patientKey: to };
    }),
  );
}

/** An answer that was lost may stand in the chart under its old name: it is found out first. */
async function inDoubt(client: Queryable, person: PatientKey): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from delivery where lane = $1 and (doubt or state = 'filing') limit 1`,
    [person],
  );
  return rows.length > 0;
}

/** Records and messages that came by the identifier, to the lane of the new person, due there in their order. */
async function moveWork(
  client: Queryable,
  { source, sourcePatientId, person, to }: SourceId & { readonly person: PatientKey; readonly to: PatientKey },
  actor: string,
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `update message m set patient_key = $4 where m.patient_key = $1
       and m.identifiers->>'source' = $2 and m.identifiers->>'sourcePatientId' = $3 returning m.id::text`,
    [person, source, sourcePatientId, to],
  );
  const ids = rows.map(({ id }) => id);
  await client.query(
    `update record set patient_key = $2, generation = generation + 1 where patient_key = $3 and latest_message = any($1::bigint[])`,
    [ids, to, person],
  );
  await client.query('update disclosure set patient_key = $2 where message_id = any($1::bigint[])', [ids, to]);
  // What a record merged into another one is no work of its own. What is derived is nobody's: its links are all merges,
  // and lead to it when it is derived again without this record.
  await client.query(
    `delete from link l where message_id = any($1::bigint[]) and action = 'merged' and exists (
       select 1 from link o where o.destination = l.destination and o.artifact = l.artifact
         and o.action not in ('merged', 'voided'))`,
    [ids],
  );
  await client.query('update delivery set lane = $2 where message_id = any($1::bigint[])', [ids, to]);
  await client.query(
    `with again as (
       update delivery d set state = 'due', cause = null, attempts = 0, first_attempt_at = null, due_at = null
       from message m left join record r on r.source = m.source and r.record_id = m.record_id
       where m.id = any($1::bigint[]) and d.message_id = m.id and d.state in ('due', 'held', 'failed', 'filed')
         and m.kind <> 'void' and (r.record_id is null or (r.latest_message = m.id and r.voided_by is null))
       returning d.message_id, d.destination
     ), shown as (
       update message set state = 'received', cause = null, changed_at = clock_timestamp()
       where id in (select message_id from again)
     ), told as (
       insert into event (message_id, state, detail, actor)
       select distinct message_id, 'received', 'Un-linked from a chart.', $3 from again
     )
     insert into lane (destination, patient_key, due_at, changes)
     select destination, $2::uuid, clock_timestamp(), 1 from again group by destination
     on conflict (destination, patient_key) do update set changes = lane.changes + 1,
       due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end`,
    [ids, to, actor],
  );
}

/** What was being accepted while its identifier was un-linked, and came to stand with the old person after all. */
export async function moveLateArrivals(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ system: string; value: string; from_key: PatientKey; to_key: PatientKey }>(
    `select v.system, v.value, v.from_key, coalesce(a.patient_key, v.to_key) as to_key
     from identity_move v left join person_alias a on a.alias = v.to_key
     where v.at > clock_timestamp() - interval '15 minutes' and exists (
       select 1 from message m where m.patient_key = v.from_key and 'source:' || (m.identifiers->>'source') = v.system
         and m.identifiers->>'sourcePatientId' = v.value)`,
  );
  for (const { system, value, from_key: person, to_key: to } of rows) {
    await inTransaction(pool, async (client) => {
      if ((await isBusy(client, [person])) || (await inDoubt(client, person))) return;
      const source = system.slice('source:'.length);
      await moveWork(client, { source, sourcePatientId: value, person, to }, 'system');
    });
  }
  return rows.length;
}
