/** The statements of an accepting transaction: one to read and lock, one to write, one for the bytes. */
import { createHash } from 'node:crypto';
import type { Identity } from '../core/person.ts';
import type { DestinationId, MessageId, PatientKey } from '../core/model.ts';
import type { Batch, Head, HeadRequest, Placed } from './accept.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import { joined } from './bytes.ts';
import { identitiesOfBatch, type PeopleOfBatch, recogniseAll } from './patients.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

type HeadRow = {
  at: Date;
  ids: MessageId[];
  records: {
    source: string;
    record_id: string;
    latest_message: MessageId | null;
    latest_version: string | null;
    latest_hash: string | null;
    patient_key: PatientKey | null;
    generation: number;
    voided_by: MessageId | null;
  }[];
  people: { key: PatientKey; dob: string | null; other_dobs: string[]; identities: Identity[] }[];
};

const head = statement<HeadRow>(
  'accept-head',
  `select date_trunc('milliseconds', clock_timestamp()) as at,
    (select coalesce(json_agg(s), '[]') from (
      select r.source, r.record_id, r.latest_message::text, r.latest_version::text, r.latest_hash, r.patient_key,
        r.generation, r.voided_by::text
      from unnest($2::text[], $3::text[]) as g (source, record_id)
      join record r on r.source = g.source and r.record_id = g.record_id
      order by r.source, r.record_id for update of r) as s) as records,
    (select coalesce(json_agg(s), '[]') from (
      select p.key, p.dob, p.other_dobs, json_agg(json_build_object('system', i.system, 'value', i.value)) as identities
      from (select distinct k.patient_key from unnest($4::text[], $5::text[]) as g (system, value)
        join identity k on k.system = g.system and k.value = g.value) as n
      join patient p on p.key = n.patient_key
      join identity i on i.patient_key = p.key
      group by p.key, p.dob) as s) as people,
    -- Last, once the records are locked: of two versions accepted at once the later one has the higher id.
    (select array_agg(nextval('message_id_seq')::text) from generate_series(1, $1::int)) as ids`,
);

export async function readHead(client: Queryable, request: HeadRequest): Promise<Head> {
  const [row] = await head.run(client, [
    request.count,
    request.records.map((r) => r.source),
    request.records.map((r) => r.recordId),
    request.identities.map((i) => i.system),
    request.identities.map((i) => i.value),
  ]);
  if (row === undefined) throw new Error('The ledger answered nothing.');
  return {
    at: row.at,
    ids: row.ids,
    people: row.people.map(({ key, dob, other_dobs: otherDobs, identities }) => ({
      key,
      identities,
      otherDobs,
      ...(dob === null ? {} : { dob }),
    })),
    records: row.records.map((r) => ({
      source: r.source,
      recordId: r.record_id,
      voidedBy: r.voided_by ?? undefined,
      standing:
        r.latest_message === null || r.latest_hash === null
          ? undefined
          : {
              latestMessage: r.latest_message,
              latestHash: r.latest_hash,
              generation: r.generation,
              ...(r.latest_version === null ? {} : { latestVersion: Number(r.latest_version) }),
              ...(r.patient_key === null ? {} : { patientKey: r.patient_key }),
            },
    })),
  };
}

const write = statement(
  'accept-write',
  `with input as materialized (
    select * from jsonb_to_recordset($1::jsonb) as x (
      id bigint, source text, record_id text, version bigint, content_hash text, kind text, format text,
      content_type text, patient_key uuid, identifiers jsonb, occurred_at timestamptz, recorded_at timestamptz,
      raw_sha256 text, raw_size int, sealed boolean, state text, cause text, detail text, issues jsonb, duplicate_of bigint,
      replaced_by bigint, target_record text, actor text, lane uuid)
  ), target as materialized (
    select id, destination, lane from input cross join unnest($2::text[]) as t (destination) where lane is not null
  ), new_patient as (
    insert into patient (key, dob) select key, dob from jsonb_to_recordset($4::jsonb) as x (key uuid, dob text)
  ), new_dob as (
    update patient set dob = x.dob from jsonb_to_recordset($5::jsonb) as x (key uuid, dob text)
    where patient.key = x.key and patient.dob is null
  ), new_identity as (
    -- No conflict clause: a second writer must fail, and read again.
    insert into identity (system, value, patient_key)
    select system, value, key from jsonb_to_recordset($6::jsonb) as x (system text, value text, key uuid)
  ), new_message as (
    insert into message (id, source, record_id, version, content_hash, kind, format, content_type, patient_key,
      identifiers, occurred_at, recorded_at, received_at, raw_sha256, raw_size, sealed, state, cause, duplicate_of, replaced_by,
      target_record, actor)
    select id, source, record_id, version, content_hash, kind, format, content_type, patient_key,
      identifiers, occurred_at, recorded_at, $3, decode(raw_sha256, 'hex'), raw_size, sealed, state, cause, duplicate_of, replaced_by,
      target_record, actor
    from input
  ), new_event as (
    insert into event (message_id, at, state, cause, detail, issues, actor)
    select id, $3, state, cause, detail, issues, actor from input
  ), new_delivery as (
    insert into delivery (message_id, destination, lane, state) select id, destination, lane, 'due' from target
  ), replaced as materialized (
    select * from jsonb_to_recordset($7::jsonb) as x (id bigint, by bigint)
  ), old_message as (
    -- What is being filed, or may stand in the chart without our knowing, is settled by its lane.
    update message set cause = null, replaced_by = replaced.by, changed_at = $3,
      state = case when exists (select 1 from delivery d where d.message_id = message.id and (d.doubt or d.state = 'filing'))
        then 'received' else 'superseded' end
    from replaced where message.id = replaced.id and message.state in ('received', 'held', 'failed')
    returning message.id, message.state
  ), old_delivery as (
    update delivery set state = case when doubt then 'due' else 'superseded' end, cause = null, due_at = null from replaced
    where delivery.message_id = replaced.id and delivery.state in ('due', 'held', 'failed')
    returning delivery.destination, delivery.lane, delivery.doubt
  ), withdrawn as materialized (
    select * from jsonb_to_recordset($9::jsonb) as x (id bigint, by bigint)
  ), settling as (
    -- Held or given up, and voided now: its lane settles it before the void, and looks first where there is doubt.
    update delivery set state = 'due', cause = null from withdrawn
    where delivery.message_id = withdrawn.id and delivery.state in ('held', 'failed')
    returning delivery.message_id, delivery.destination, delivery.lane
  ), settled as (
    -- Without a delivery it was held at the door.
    update message set cause = null, changed_at = $3, state = case
        when exists (select 1 from delivery d where d.message_id = message.id) then 'received' else 'voided' end
    from withdrawn where message.id = withdrawn.id and message.state in ('held', 'failed')
    returning message.id, message.state, withdrawn.by
  ), settled_event as (
    insert into event (message_id, at, state, detail, actor)
    select id, $3, state, case state when 'voided' then 'by message ' || by end, 'system' from settled
  ), woken as (
    insert into lane (destination, patient_key, due_at, changes)
    select distinct destination, lane, $3::timestamptz, 1 from (
      select destination, lane from target union all select destination, lane from old_delivery where doubt
      union all select destination, lane from settling) as t
    order by 1, 2
    on conflict (destination, patient_key) do update
      set due_at = coalesce(lane.due_at, excluded.due_at), changes = lane.changes + 1
  ), old_event as (
    insert into event (message_id, at, state, actor) select id, $3, state, 'system' from old_message
    where state = 'superseded'
  ), records as materialized (
    select * from jsonb_to_recordset($8::jsonb) as x (source text, record_id text, is_new boolean, latest_message bigint,
      latest_version bigint, latest_hash text, patient_key uuid, generation int, voided_by bigint)
  ), new_record as (
    insert into record (source, record_id, latest_message, latest_version, latest_hash, patient_key, generation, voided_by)
    select source, record_id, latest_message, latest_version, latest_hash, patient_key, coalesce(generation, 1), voided_by
    from records where is_new
  )
  update record set latest_message = r.latest_message, latest_version = r.latest_version, latest_hash = r.latest_hash,
    patient_key = r.patient_key, generation = coalesce(r.generation, 1), voided_by = r.voided_by
  from records r where not r.is_new and record.source = r.source and record.record_id = r.record_id`,
);

export async function writeBatch(
  client: Queryable,
  what: {
    readonly at: Date;
    readonly destinations: readonly DestinationId[];
    readonly batch: Batch;
    readonly people: PeopleOfBatch;
  },
): Promise<void> {
  const { batch, people } = what;
  const messages = batch.placed.map(
    ({ id, item, state, hold, patient, lane, duplicateOf, replacedBy, targetRecord }) => ({
      id,
      source: item.source,
      record_id: item.record?.id,
      version: item.record?.version,
      content_hash: item.record?.contentHash,
      kind: item.kind,
      format: item.format,
      content_type: item.contentType,
      patient_key: patient,
      identifiers: withoutDemographics(item.patient),
      occurred_at: item.occurredAt,
      recorded_at: item.recordedAt,
      raw_sha256: sha256(item.raw),
      raw_size: item.raw.byteLength,
      sealed: item.sealed !== undefined,
      state,
      cause: hold?.cause,
      detail: hold?.detail,
      issues: hold?.issues,
      duplicate_of: duplicateOf,
      replaced_by: replacedBy,
      target_record: targetRecord,
      actor: item.actor,
      lane,
    }),
  );
  const records = batch.records.map(({ source, recordId, isNew, standing, voidedBy }) => ({
    source,
    record_id: recordId,
    is_new: isNew,
    latest_message: standing?.latestMessage,
    latest_version: standing?.latestVersion,
    latest_hash: standing?.latestHash,
    patient_key: standing?.patientKey,
    generation: standing?.generation,
    voided_by: voidedBy,
  }));
  await write.run(client, [
    asJsonb(messages),
    what.destinations,
    what.at,
    asJsonb(people.newPeople),
    asJsonb(people.newDobs),
    asJsonb(people.newIdentities),
    asJsonb([...batch.replaced].map(([id, by]) => ({ id, by }))),
    asJsonb(records),
    asJsonb([...batch.withdrawn].map(([id, by]) => ({ id, by }))),
  ]);
}

/** What is known of a person beside identifiers has one place of its own. */
function withoutDemographics(patient: PatientIdentifiers | undefined): PatientIdentifiers | undefined {
  if (patient === undefined) return undefined;
  const { demographics: _, ...identifiers } = patient;
  return identifiers;
}

const payloads = statement(
  'accept-payloads',
  `insert into payload (message_id, received_at, body)
    select x.id, $1, substring($2::bytea from x.start for x.size)
    from unnest($3::bigint[], $4::int[], $5::int[]) as x (id, start, size)`,
);

export async function writePayloads(client: Queryable, at: Date, placed: readonly Placed[]): Promise<void> {
  const { bytes, starts, sizes } = joined(placed.map(({ item: { raw, sealed = raw } }) => sealed));
  await payloads.run(client, [at, bytes, placed.map(({ id }) => id), starts, sizes]);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The person these identifiers belong to, made known if new; undefined when they contradict each other still. */
export async function recogniseGiven(client: Queryable, given: PatientIdentifiers): Promise<PatientKey | undefined> {
  const known = await readHead(client, { count: 0, records: [], identities: identitiesOfBatch([given]) });
  const found = recogniseAll([given], known.people);
  await client.query(
    `with p as (insert into patient (key, dob) select key, dob from jsonb_to_recordset($1::jsonb) as x (key uuid, dob text))
    insert into identity (system, value, patient_key)
    select system, value, key from jsonb_to_recordset($2::jsonb) as x (system text, value text, key uuid)`,
    [asJsonb(found.newPeople), asJsonb(found.newIdentities)],
  );
  const [person] = found.people;
  return person?.conflict === undefined ? person?.key : undefined;
}
