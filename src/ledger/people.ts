/** People of the ledger: who they are, what stands for them, and what a change would touch. */
import { subjectKey } from '../core/artifact.ts';
import type { Demographics } from '../core/matching/demographics.ts';
import type { MessageState, PatientKey } from '../core/model.ts';
import type { ChangePreview, PersonDetail } from '../core/people.ts';
import type { Identity } from '../core/person.ts';
import type { Queryable } from './statement.ts';

type Counted = readonly { readonly name: string; readonly n: number }[];
const counted = (rows: Counted): Record<string, number> => Object.fromEntries(rows.map(({ name, n }) => [name, n]));

/** Messages of a person, or only those that came by one identifier: `$2` is null, or the source, and `$3` its id. */
const theirs = `m.patient_key = $1 and ($2::text is null or (m.identifiers->>'source' = $2 and m.identifiers->>'sourcePatientId' = $3))`;

/** Links that stand because of those messages: of each artifact the last one that did more than merge. */
const standing = `select distinct on (l.destination, l.artifact) l.artifact, l.resource_type, l.reference, l.action, l.message_id
   from link l where l.action <> 'merged' and (l.destination, l.artifact) in (
     select k.destination, k.artifact from link k join message m on m.id = k.message_id where ${theirs})
   order by l.destination, l.artifact, l.message_id desc`;

export async function touched(
  on: Queryable,
  person: PatientKey,
  by?: { readonly source: string; readonly sourcePatientId: string },
): Promise<Omit<ChangePreview, 'twice'>> {
  const values = [person, by?.source ?? null, by?.sourcePatientId ?? null];
  const messages = await on.query<{ name: MessageState; n: number }>(
    `select m.state as name, count(*)::int as n from message m where ${theirs} group by 1 order by 1`,
    values,
  );
  const resources = await on.query<{ name: string; n: number }>(
    `select s.resource_type as name, count(*)::int as n from (${standing}) s
     where s.action <> 'voided' and s.message_id in (select m.id from message m where ${theirs}) group by 1 order by 1`,
    values,
  );
  const elsewhere = await on.query<{ reference: string }>(
    `select distinct l.reference from link l join message m on m.id = l.message_id where ${theirs} and l.action = 'merged'
     and exists (select 1 from link o where o.destination = l.destination and o.artifact = l.artifact and o.action <> 'merged')
     and not exists (select 1 from link o join message m on m.id = o.message_id
       where o.destination = l.destination and o.artifact = l.artifact and o.action <> 'merged' and ${theirs}) order by 1`,
    values,
  );
  const states = counted(messages.rows) as ChangePreview['messages'];
  return {
    messages: states,
    resources: counted(resources.rows),
    openWork: (states.received ?? 0) + (states.filing ?? 0) + (states.held ?? 0) + (states.failed ?? 0),
    changedElsewhere: elsewhere.rows.map(({ reference }) => reference),
  };
}

/** What belongs to the person stands under both keys: it was filed twice into one chart, before anybody knew. */
export async function mergePreview(on: Queryable, from: PatientKey, into: PatientKey): Promise<ChangePreview> {
  const [a, b] = [subjectKey(from), subjectKey(into)];
  const { rows } = await on.query<{ reference: string }>(
    `with mine as (select distinct on (destination, artifact) destination, substr(artifact, length($1) + 2) as slot, reference, action
       from link where artifact >= $1 || '.' and artifact < $1 || '/' order by destination, artifact, message_id desc),
     theirs as (select distinct on (destination, artifact) destination, substr(artifact, length($2) + 2) as slot, action
       from link where artifact >= $2 || '.' and artifact < $2 || '/' order by destination, artifact, message_id desc)
     select mine.reference from mine join theirs using (destination, slot)
     where mine.action <> 'voided' and theirs.action <> 'voided' order by 1`,
    [a, b],
  );
  return { ...(await touched(on, from)), twice: rows.map(({ reference }) => reference) };
}

/** By our own key, or by an identifier. A key that was merged away leads to the person it went into. */
export async function findPerson(on: Queryable, by: PatientKey | Identity): Promise<PatientKey | undefined> {
  const { rows } =
    typeof by === 'string'
      ? await on.query<{ key: PatientKey }>(
          `select coalesce(a.patient_key, p.key) as key from patient p left join person_alias a on a.alias = p.key
           where p.key = $1`,
          [by],
        )
      : await on.query<{ key: PatientKey }>(
          'select patient_key as key from identity where system = $1 and value = $2',
          [by.system, by.value],
        );
  return rows[0]?.key;
}

/** The look is recorded: it shows what is known of a patient. */
export async function showPerson(on: Queryable, key: PatientKey, actor: string): Promise<PersonDetail | undefined> {
  const person = await findPerson(on, key);
  if (person === undefined) return undefined;
  const identities = await on.query<{ system: string; value: string; told: Demographics | null }>(
    `select i.system, i.value, d.told from identity i left join demographics d on d.system = i.system and d.value = i.value
     where i.patient_key = $1 order by 1, 2`,
    [person],
  );
  const charts = await on.query<{ destination: string; reference: string; display: string | null }>(
    'select destination, reference, display from ehr_patient where patient_key = $1 order by 1',
    [person],
  );
  const { rows } = await on.query<{ dob: string | null; merged: PatientKey[] | null }>(
    `select dob, (select array_agg(alias order by at) from person_alias where patient_key = $1) as merged
     from patient where key = $1`,
    [person],
  );
  await on.query('insert into audit (actor, action, detail) values ($1, $2, $3)', [
    actor,
    'people.show',
    `person ${person}`,
  ]);
  const { messages, resources } = await touched(on, person);
  const dob = rows[0]?.dob ?? null;
  return {
    patientKey: person,
    identities: identities.rows.map(({ system, value, told }) => ({
      system,
      value,
      ...(told === null ? {} : { demographics: told }),
    })),
    ...(dob === null ? {} : { dob }),
    charts: charts.rows.map(({ display, ...chart }) => ({ ...chart, ...(display === null ? {} : { display }) })),
    merged: rows[0]?.merged ?? [],
    messages,
    resources,
  };
}
