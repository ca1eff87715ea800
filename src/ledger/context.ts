/** What the pipeline needs to know about a person before it files: read once for each lane that is worked on. */
import type { OwnedFact } from '../core/fact.ts';
import type { OwnedLink, PersonContext, RecordName, RecordState, StoredPayload } from '../core/lane.ts';
import { isCause } from '../core/causes.ts';
import type { DestinationId, EmittedLink, MessageId, MessageState, PatientKey, SentByV2 } from '../core/model.ts';
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
  sent: SentByV2 | null;
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
  ...(row.sent === null ? {} : { sent: row.sent }),
});

/**
 * Subqueries with an offset are planned as they stand, each from its own index: plans are made while the tables are
 * still empty, and kept.
 */
const readPeople = statement<{
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
  'people-context',
  `select e.reference, e.display, p.dob, p.other_dobs, p.review,
      (select array_agg(subject_key order by at) from person_alias where patient_key = k.key) as aliases,
      (select value from identity where patient_key = k.key and system = 'mrn') as mrn,
      (select coalesce(json_agg(l), '[]') from (
        select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned, sent
        from (
          select link.*, ${ranks} from (
            select artifact as name from link
            where destination = $1 and artifact >= k.prefix || '.' and artifact < k.prefix || '/'
            union
            select l.artifact from person_alias a cross join lateral (
              select artifact from link where destination = $1
                and artifact >= a.subject_key || '.' and artifact < a.subject_key || '/' offset 0) as l
            where a.patient_key = k.key
            union
            select l.artifact from unnest($4::int[], $5::text[], $6::text[]) as g (n, source, record_id)
            cross join lateral (
              select destination, artifact from link where source = g.source and record_id = g.record_id offset 0) as l
            where g.n = k.n and l.destination = $1
            union
            select l.artifact from fact f cross join lateral (
              select artifact from link
              where destination = $1 and artifact = f.data ->> 'artifact' || '.result' offset 0) as l
            where f.patient_key = k.key and f.kind = 'referral' and f.until is null) as named
          cross join lateral (
            select * from link where destination = $1 and artifact = named.name offset 0) as link) as r
        where ${counts}
        order by artifact, ${later}, message_id desc) as l) as links,
      (select coalesce(json_agg(f), '[]') from (
        select kind, key, said_at as at, data, source, record_id as "recordId" from fact
        where patient_key = k.key and until is null order by fact.at, message_id, ordinal) as f) as facts
    from unnest($2::uuid[], $3::text[]) with ordinality as k (key, prefix, n)
    left join lateral (select * from patient where key = k.key offset 0) as p on true
    left join lateral (
      select reference, display from ehr_patient where destination = $1 and patient_key = k.key offset 0) as e on true
    order by k.n`,
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

export type AskedPerson = {
  readonly patientKey: PatientKey;
  /** The subjectKey of the person: artifacts that outlive a record begin with it. */
  readonly prefix: string;
  readonly records: readonly RecordName[];
};

/** One for each that was asked for, in order. */
export async function peopleContext(
  on: Queryable,
  destination: DestinationId,
  asked: readonly AskedPerson[],
): Promise<readonly PersonContext[]> {
  const records = asked.flatMap((one, index) => one.records.map((record) => ({ n: index + 1, ...record })));
  const rows = await readPeople.run(on, [
    destination,
    asked.map((one) => one.patientKey),
    asked.map((one) => one.prefix),
    records.map((r) => r.n),
    records.map((r) => r.source),
    records.map((r) => r.recordId),
  ]);
  return rows.map((row) => ({
    patient:
      row.reference === null
        ? undefined
        : { reference: row.reference, ...(row.display === null ? {} : { display: row.display }) },
    mrn: row.mrn ?? undefined,
    dob: row.dob ?? undefined,
    otherDobs: row.other_dobs ?? [],
    review: row.review ?? false,
    aliases: row.aliases ?? [],
    links: row.links.map(linkOf),
    facts: row.facts,
  }));
}

export async function personContext(
  on: Queryable,
  destination: DestinationId,
  patientKey: PatientKey,
  prefix: string,
  records: readonly RecordName[],
): Promise<PersonContext> {
  const [person] = await peopleContext(on, destination, [{ patientKey, prefix, records }]);
  if (person === undefined) throw new Error('The ledger answered nothing.');
  return person;
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
      select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned, sent
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
