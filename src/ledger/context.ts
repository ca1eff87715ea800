/** What the pipeline needs to know about a person before it files: read once for each lane that is worked on. */
import type { OwnedFact } from '../core/fact.ts';
import type { OwnedLink, PersonContext, RecordName, RecordState, StoredPayload } from '../core/lane.ts';
import { isCause } from '../core/causes.ts';
import type { DestinationId, EmittedLink, MessageId, MessageState, PatientKey } from '../core/model.ts';
import { counts, later, ranks } from './link-order.ts';
import { type Queryable, statement } from './statement.ts';

export type LinkRow = {
  artifact: string;
  source: string;
  record_id: string | null;
  resource_type: string;
  reference: string;
  version_id: string | null;
  action: EmittedLink['action'];
  tier: EmittedLink['tier'];
  owned: string[];
};

export const linkOf = (row: LinkRow): OwnedLink => ({
  artifact: row.artifact,
  source: row.source,
  recordId: row.record_id ?? undefined,
  resourceType: row.resource_type,
  reference: row.reference,
  action: row.action,
  tier: row.tier,
  owned: row.owned,
  ...(row.version_id === null ? {} : { versionId: row.version_id }),
});

const readPerson = statement<{
  reference: string | null;
  display: string | null;
  mrn: string | null;
  dob: string | null;
  other_dobs: string[] | null;
  review: boolean | null;
  aliases: string[] | null;
  links: LinkRow[];
  facts: OwnedFact[];
}>(
  'person-context',
  `select e.reference, e.display, p.dob, p.other_dobs, p.review,
      (select array_agg(subject_key order by at) from person_alias where patient_key = $6) as aliases,
      (select value from identity where patient_key = p.key and system = 'mrn') as mrn,
      (select coalesce(json_agg(l), '[]') from (
        select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned
        from (select link.*, ${ranks} from link where destination = $1 and artifact in (
          select artifact from link where destination = $1
            and artifact >= $2 and artifact < $3
          union
          select l.artifact from person_alias a join link l
            on l.artifact >= a.subject_key || '.' and l.artifact < a.subject_key || '/'
          where a.patient_key = $6 and l.destination = $1
          union
          select l.artifact from link l
          join unnest($4::text[], $5::text[]) as g (source, record_id)
            on l.source = g.source and l.record_id = g.record_id
          where l.destination = $1
          union
          select l.artifact from link l
          join fact f on l.artifact = f.data ->> 'artifact' || '.result'
          where l.destination = $1 and f.patient_key = $6 and f.kind = 'referral' and f.until is null)) as r
        where ${counts}
        order by artifact, ${later}, message_id desc) as l) as links,
      (select coalesce(json_agg(f), '[]') from (
        select kind, key, said_at as at, data, source, record_id as "recordId" from fact
        where patient_key = $6 and until is null order by fact.at, message_id, ordinal) as f) as facts
    from (select $6::uuid as key) as k
    left join patient p on p.key = k.key
    left join ehr_patient e on e.patient_key = k.key and e.destination = $1`,
);

const readRecordStates = statement<{
  source: string;
  record_id: string;
  latest_message: string | null;
  state: MessageState | null;
  kind: string | null;
  cause: string | null;
  generation: number;
  patient_key: PatientKey | null;
}>(
  'record-states',
  `select r.source, r.record_id, r.latest_message::text, m.state, m.kind, m.cause, r.generation, r.patient_key
    from record r
    join unnest($1::text[], $2::text[]) as g (source, record_id)
      on r.source = g.source and r.record_id = g.record_id
    left join message m on m.id = r.latest_message`,
);

const readRecordPayloads = statement<{
  id: string;
  source: string;
  format: string;
  content_type: string;
  body: Buffer;
}>(
  'record-payloads',
  `select m.id::text, m.source, m.format, m.content_type, coalesce(p.body, k.body) as body
    from record r
    join message m on m.id = r.latest_message
      or (m.source = r.source and m.target_record = r.record_id and m.kind = 'amend' and m.state = 'filed'
          and m.id > r.latest_message and m.id < $1)
    left join payload p on p.message_id = m.id and p.received_at = m.received_at
    left join payload_kept k on k.message_id = m.id
    where r.source = $2 and r.record_id = $3 and coalesce(p.body, k.body) is not null
    order by m.id`,
);

/** `prefix` is the subjectKey of the person: artifacts that outlive a record begin with it. */
export async function personContext(
  on: Queryable,
  destination: DestinationId,
  patientKey: PatientKey,
  prefix: string,
  records: readonly RecordName[],
): Promise<PersonContext> {
  const rows = await readPerson.run(on, [
    destination,
    `${prefix}.`,
    `${prefix}/`,
    records.map((r) => r.source),
    records.map((r) => r.recordId),
    patientKey,
  ]);
  const row = rows[0];
  return {
    patient:
      row === undefined || row.reference === null
        ? undefined
        : { reference: row.reference, ...(row.display === null ? {} : { display: row.display }) },
    mrn: row?.mrn ?? undefined,
    dob: row?.dob ?? undefined,
    otherDobs: row?.other_dobs ?? [],
    review: row?.review ?? false,
    aliases: row?.aliases ?? [],
    links: (row?.links ?? []).map(linkOf),
    facts: row?.facts ?? [],
  };
}

/** The versions that count of these records, and how they stand. Records never heard of are left out. */
export async function recordStates(on: Queryable, records: readonly RecordName[]): Promise<readonly RecordState[]> {
  const rows = await readRecordStates.run(on, [records.map((r) => r.source), records.map((r) => r.recordId)]);
  return rows.map((row) => ({
    source: row.source,
    recordId: row.record_id,
    latestMessage: (row.latest_message ?? undefined) as MessageId | undefined,
    state: row.state ?? undefined,
    ...(row.kind === null ? {} : { kind: row.kind }),
    ...(row.cause === null || !isCause(row.cause) ? {} : { cause: row.cause }),
    generation: row.generation,
    ...(row.patient_key === null ? {} : { patientKey: row.patient_key }),
  }));
}

const readElsewhere = statement<{ elsewhere: boolean }>(
  'record-elsewhere',
  `select exists (
      select 1 from message m join delivery d on d.message_id = m.id and d.destination = $1
      where m.source = $2 and m.record_id = $3 and d.lane <> $4 and (d.state = 'filing' or d.doubt)) as elsewhere`,
);

/** Whether another version of this record is being filed, or may stand, in the chart of somebody else. */
export async function inFlightElsewhere(
  on: Queryable,
  destination: DestinationId,
  record: RecordName,
  patientKey: PatientKey,
): Promise<boolean> {
  const [row] = await readElsewhere.run(on, [destination, record.source, record.recordId, patientKey]);
  return row?.elsewhere ?? false;
}

const readOwned = statement<LinkRow>(
  'record-owned-links',
  `select * from (
      select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned
      from link where destination = $1 and action <> 'merged'
        and artifact in (select artifact from link where destination = $1 and source = $2 and record_id = $3)
      order by artifact, message_id desc, at desc) as l
    where l.source = $2 and l.record_id = $3 and l.action <> 'voided'`,
);

/** What stands and was put there by this record, last of all; what others only merged into is still its own. */
export async function ownedLinks(
  on: Queryable,
  destination: DestinationId,
  record: RecordName,
): Promise<readonly OwnedLink[]> {
  return (await readOwned.run(on, [destination, record.source, record.recordId])).map(linkOf);
}

const readTold = statement<{ patient_key: PatientKey }>(
  'people-told',
  'select distinct patient_key from fact where source = $1 and record_id = $2 and until is null',
);

/** Of whom the facts of a record are that count now. */
export async function peopleTold(on: Queryable, record: RecordName): Promise<readonly PatientKey[]> {
  const rows = await readTold.run(on, [record.source, record.recordId]);
  return rows.map((row) => row.patient_key);
}

/**
 * The payloads that make up a record as it counts now: its latest version, then the amendments filed since, in order.
 * Empty when the payload has aged out.
 */
export async function recordPayloads(
  on: Queryable,
  record: RecordName,
  before: MessageId,
): Promise<readonly StoredPayload[]> {
  const rows = await readRecordPayloads.run(on, [before, record.source, record.recordId]);
  return rows.map((row) => ({
    messageId: row.id as MessageId,
    source: row.source,
    format: row.format,
    contentType: row.content_type,
    body: row.body,
  }));
}
