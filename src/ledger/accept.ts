/**
 * Accepting: the one way into the ledger. Raw bytes, message, delivery, lane and history are one transaction, and the
 * receipt leaves only after its commit. Items that arrive together commit together.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { classify, type StandingRecord } from '../core/version.ts';
import type { DestinationId, MessageId, MessageState, PatientKey, Receipt } from '../core/model.ts';
import type { Failure } from '../core/outcome.ts';
import type { Accept, Incoming } from '../core/ports.ts';
import { asLedgerUnavailable, type Db } from './database.ts';
import { gather } from './gather.ts';
import { IdentityRace, recogniseAll } from './patients.ts';
import { releaseWaiting } from './release.ts';

const mostPerCommit = 512;
const serializationFailures = new Set(['40001', '40P01', '23505']);

export type Acceptor = { readonly accept: Accept; readonly idle: () => Promise<void> };

/** `onAccepted` is told after each commit how many deliveries became due: a wake-up may be sent. It must not throw. */
export function createAcceptor(options: {
  readonly db: Db;
  readonly destinations: readonly DestinationId[];
  readonly onAccepted: (receipts: readonly Receipt[], items: readonly Incoming[]) => void;
}): Acceptor {
  const gathered = gather<Incoming, Receipt>(async (items) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await commit(options.db, options.destinations, items);
      } catch (error) {
        const again =
          error instanceof IdentityRace ||
          (error instanceof Error && 'code' in error && serializationFailures.has(String(error.code)));
        if (!again || tries === 5) throw asLedgerUnavailable(error);
      }
    }
  }, mostPerCommit);
  return {
    idle: gathered.idle,
    accept: async (items) => {
      if (items.length === 0) return [];
      const receipts = await gathered.add(items);
      options.onAccepted(receipts, items);
      return receipts;
    },
  };
}

/** The lane of what names no patient: the pipeline says what is missing. */
const nobody = '00000000-0000-0000-0000-000000000000' as PatientKey;

type Placed = {
  readonly id: MessageId;
  readonly item: Incoming;
  readonly state: MessageState;
  readonly hold: Failure | undefined;
  readonly patient: PatientKey | undefined;
  readonly lane: PatientKey | undefined;
  readonly duplicateOf: MessageId | undefined;
  readonly replacedBy: MessageId | undefined;
};

type RecordRow = {
  readonly source: string;
  readonly record_id: string;
  readonly latest_message: string | null;
  readonly latest_version: string | null;
  readonly latest_hash: string | null;
  readonly patient_key: PatientKey | null;
  readonly generation: number;
};

const nameOf = (source: string, recordId: string): string => `${source}\n${recordId}`;

function standingOf(row: RecordRow): StandingRecord | undefined {
  if (row.latest_message === null || row.latest_hash === null) return undefined;
  return {
    latestMessage: row.latest_message as MessageId,
    latestHash: row.latest_hash,
    generation: row.generation,
    ...(row.latest_version === null ? {} : { latestVersion: Number(row.latest_version) }),
    ...(row.patient_key === null ? {} : { patientKey: row.patient_key }),
  };
}

/** The record that a void or an amendment is about. */
const targetOf = (item: Incoming): string | undefined =>
  item.kind === 'void' || item.kind === 'amend' ? item.dependsOn?.[0] : undefined;

/** Records these items name: their own, and the targets of voids and amendments. */
function recordsOf(items: readonly Incoming[]): { source: string; recordId: string }[] {
  const records = new Map<string, { source: string; recordId: string }>();
  for (const item of items) {
    for (const recordId of [item.record?.id, targetOf(item)]) {
      if (recordId !== undefined) records.set(nameOf(item.source, recordId), { source: item.source, recordId });
    }
  }
  // One order for everybody: two accepting processes cannot lock each other out.
  return [...records.values()].sort((a, b) => (nameOf(a.source, a.recordId) < nameOf(b.source, b.recordId) ? -1 : 1));
}

async function commit(db: Db, destinations: readonly DestinationId[], items: readonly Incoming[]): Promise<Receipt[]> {
  return db.transaction().execute(async (tx) => {
    const records = recordsOf(items);
    const { rows } = await sql<{ at: Date; ids: string[]; records: RecordRow[] }>`
      select date_trunc('milliseconds', clock_timestamp()) as at,
        (select array_agg(nextval('message_id_seq')::text) from generate_series(1, ${items.length}::int)) as ids,
        (select coalesce(json_agg(standing), '[]') from (
          select r.source, r.record_id, r.latest_message::text, r.latest_version::text, r.latest_hash, r.patient_key, r.generation
          from record r
          join unnest(${records.map((r) => r.source)}::text[], ${records.map((r) => r.recordId)}::text[]) as g (source, record_id)
            on r.source = g.source and r.record_id = g.record_id
          order by r.source, r.record_id for update of r) as standing) as records`.execute(tx);
    const [head] = rows;
    if (head === undefined) throw new Error('no row');
    const { people, learnt } = await recogniseAll(
      tx,
      items.map((item) => item.patient),
    );
    const standing = new Map<string, StandingRecord>();
    for (const row of head.records) {
      const record = standingOf(row);
      if (record !== undefined) standing.set(nameOf(row.source, row.record_id), record);
    }

    const replaced = new Map<MessageId, MessageId>();
    const touched = new Map<string, { source: string; recordId: string }>();
    const placed = items.map((item, index): Placed => {
      const id = head.ids[index] as MessageId;
      const person = people[index];
      const patient = person?.conflict === undefined ? person?.key : undefined;
      const target = targetOf(item);
      const targetLane = target === undefined ? undefined : standing.get(nameOf(item.source, target))?.patientKey;
      const base = { id, item, patient, lane: targetLane ?? patient, duplicateOf: undefined, replacedBy: undefined };
      let hold = item.hold ?? person?.conflict;
      if (item.record !== undefined) {
        const name = nameOf(item.source, item.record.id);
        const before = standing.get(name);
        const arrival = classify(item.record, before);
        if (before !== undefined && arrival === 'duplicate') {
          return { ...base, state: 'superseded', hold: undefined, duplicateOf: before.latestMessage };
        }
        if (before !== undefined && arrival === 'older') {
          return { ...base, state: 'superseded', hold: undefined, replacedBy: before.latestMessage };
        }
        if (arrival === 'conflict') {
          hold = {
            cause: 'record/version-conflict',
            detail: `Version ${item.record.version ?? '?'} stands with other content.`,
          };
        } else {
          if (before !== undefined) replaced.set(before.latestMessage, id);
          const moved = before?.patientKey !== undefined && patient !== undefined && before.patientKey !== patient;
          const patientKey = patient ?? before?.patientKey;
          standing.set(name, {
            latestMessage: id,
            latestHash: item.record.contentHash,
            generation: (before?.generation ?? 1) + (moved ? 1 : 0),
            ...(item.record.version === undefined ? {} : { latestVersion: item.record.version }),
            ...(patientKey === undefined ? {} : { patientKey }),
          });
          touched.set(name, { source: item.source, recordId: item.record.id });
        }
      }
      return { ...base, state: hold === undefined ? 'received' : 'held', hold };
    });
    // Replaced inside this very batch: never handed to a lane.
    const settled = placed.map((one): Placed => {
      const by = replaced.get(one.id);
      return by === undefined ? one : { ...one, state: 'superseded', hold: undefined, replacedBy: by };
    });

    await write(tx, { at: head.at, destinations, placed: settled, replaced, touched, standing });
    if (learnt.length > 0) await releaseWaiting(tx, { patients: learnt, causes: ['match/unknown-patient'] });
    return settled.map((one) => ({
      id: one.id,
      state: one.state,
      ...(one.duplicateOf === undefined ? {} : { duplicateOf: one.duplicateOf }),
    }));
  });
}

async function write(
  tx: Db,
  batch: {
    readonly at: Date;
    readonly destinations: readonly DestinationId[];
    readonly placed: readonly Placed[];
    readonly replaced: ReadonlyMap<MessageId, MessageId>;
    readonly touched: ReadonlyMap<string, { source: string; recordId: string }>;
    readonly standing: ReadonlyMap<string, StandingRecord>;
  },
): Promise<void> {
  const { at, placed } = batch;
  const messages = placed.map(({ id, item, state, hold, patient, lane, duplicateOf, replacedBy }) => ({
    id,
    source: item.source,
    record_id: item.record?.id,
    version: item.record?.version,
    content_hash: item.record?.contentHash,
    kind: item.kind,
    format: item.format,
    content_type: item.contentType,
    patient_key: patient,
    identifiers: item.patient,
    occurred_at: item.occurredAt,
    recorded_at: item.recordedAt,
    raw_sha256: createHash('sha256').update(item.raw).digest('hex'),
    raw_size: item.raw.byteLength,
    state,
    cause: hold?.cause,
    detail: hold?.detail,
    issues: hold?.issues,
    duplicate_of: duplicateOf,
    replaced_by: replacedBy,
    target_record: targetOf(item),
    actor: item.actor,
    lane: state === 'received' ? (lane ?? nobody) : undefined,
  }));
  const records = [...batch.touched].flatMap(([name, { source, recordId }]) => {
    const record = batch.standing.get(name);
    return record === undefined ? [] : [{ source, record_id: recordId, ...snake(record) }];
  });
  const voids = placed.flatMap(({ id, item, state }) => {
    const target = item.kind === 'void' && state !== 'superseded' ? targetOf(item) : undefined;
    return target === undefined ? [] : [{ source: item.source, record_id: target, voided_by: id }];
  });
  const replaced = [...batch.replaced].map(([id, by]) => ({ id, by }));

  await sql`
    with input as (
      select * from jsonb_to_recordset(${JSON.stringify(messages)}::jsonb) as x (
        id bigint, source text, record_id text, version bigint, content_hash text, kind text, format text,
        content_type text, patient_key uuid, identifiers jsonb, occurred_at timestamptz, recorded_at timestamptz,
        raw_sha256 text, raw_size int, state text, cause text, detail text, issues jsonb, duplicate_of bigint,
        replaced_by bigint, target_record text, actor text, lane uuid)
    ), target as (
      select unnest(${batch.destinations}::text[]) as destination
    ), new_message as (
      insert into message (id, source, record_id, version, content_hash, kind, format, content_type, patient_key,
        identifiers, occurred_at, recorded_at, received_at, raw_sha256, raw_size, state, cause, duplicate_of, replaced_by,
        target_record, actor)
      select id, source, record_id, version, content_hash, kind, format, content_type, patient_key,
        identifiers, occurred_at, recorded_at, ${at}, decode(raw_sha256, 'hex'), raw_size, state, cause, duplicate_of, replaced_by,
        target_record, actor
      from input
    ), new_event as (
      insert into event (message_id, at, state, cause, detail, issues, actor)
      select id, ${at}, state, cause, detail, issues, actor from input
    ), new_delivery as (
      insert into delivery (message_id, destination, lane, state)
      select id, destination, lane, 'due' from input cross join target where lane is not null
    ), woken as (
      insert into lane (destination, patient_key, due_at, changes)
      select distinct destination, lane, ${at}::timestamptz, 1 from input cross join target where lane is not null
      order by 1, 2
      on conflict (destination, patient_key) do update
        set due_at = coalesce(lane.due_at, excluded.due_at), changes = lane.changes + 1
    ), replaced as (
      select * from jsonb_to_recordset(${JSON.stringify(replaced)}::jsonb) as x (id bigint, by bigint)
    ), old_message as (
      update message set state = 'superseded', cause = null, replaced_by = replaced.by, changed_at = ${at}
      from replaced where message.id = replaced.id and message.state in ('received', 'held', 'failed')
      returning message.id
    ), old_delivery as (
      update delivery set state = 'superseded', due_at = null from replaced
      where delivery.message_id = replaced.id and delivery.state in ('due', 'held', 'failed')
    ), old_event as (
      insert into event (message_id, at, state, actor) select id, ${at}, 'superseded', 'system' from old_message
    ), voided as (
      insert into record (source, record_id, voided_by)
      select * from jsonb_to_recordset(${JSON.stringify(voids)}::jsonb) as x (source text, record_id text, voided_by bigint)
      where not exists (select 1 from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as y (source text, record_id text)
        where y.source = x.source and y.record_id = x.record_id)
      order by 1, 2
      on conflict (source, record_id) do update set voided_by = excluded.voided_by
    )
    insert into record (source, record_id, latest_message, latest_version, latest_hash, patient_key, generation, voided_by)
    select r.*, v.voided_by
    from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (
      source text, record_id text, latest_message bigint, latest_version bigint, latest_hash text, patient_key uuid, generation int)
    left join jsonb_to_recordset(${JSON.stringify(voids)}::jsonb) as v (source text, record_id text, voided_by bigint)
      on v.source = r.source and v.record_id = r.record_id
    order by r.source, r.record_id
    on conflict (source, record_id) do update set
      latest_message = excluded.latest_message, latest_version = excluded.latest_version, latest_hash = excluded.latest_hash,
      patient_key = excluded.patient_key, generation = excluded.generation,
      voided_by = coalesce(excluded.voided_by, record.voided_by)`.execute(tx);

  await sql`insert into payload (message_id, received_at, body) values ${sql.join(
    placed.map(
      ({ id, item }) => sql`(${id}, ${at}, ${Buffer.from(item.raw.buffer, item.raw.byteOffset, item.raw.byteLength)})`,
    ),
  )}`.execute(tx);
}

const snake = (record: StandingRecord) => ({
  latest_message: record.latestMessage,
  latest_version: record.latestVersion,
  latest_hash: record.latestHash,
  patient_key: record.patientKey,
  generation: record.generation,
});
