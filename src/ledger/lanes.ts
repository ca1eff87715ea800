/**
 * Lanes: claiming work in batches under a lease, and writing down what became of it. Only the database's clock counts,
 * and every write of a worker carries the token of its lease: one that lost it changes nothing.
 */
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import type { ClaimedLane, Completed, LaneEnd, Work } from '../core/lane.ts';
import type { DestinationId, Exchange, MessageId, PatientKey } from '../core/model.ts';
import type { Db } from './database.ts';

type ClaimRow = {
  patient_key: PatientKey;
  lease_token: string;
  changes: string;
  failed_from: string | null;
  has_held: boolean;
  message_id: string | null;
  attempts: number;
  elapsed_ms: number | null;
  doubt: boolean;
  source: string;
  record_id: string | null;
  kind: string;
  format: string;
  content_type: string;
  received_at: Date;
  identifiers: Work['identifiers'] | null;
  body: Buffer | null;
  released: boolean;
  latest_message: string | null;
  generation: number | null;
  voided_by: string | null;
};

/** Takes up to `lanes` due lanes of a destination, each with its next `perLane` messages in order. */
export async function claim(
  db: Db,
  options: {
    readonly destination: DestinationId;
    readonly worker: string;
    readonly lanes: number;
    readonly perLane: number;
    readonly leaseMs: number;
  },
): Promise<readonly ClaimedLane[]> {
  const { destination, perLane } = options;
  const { rows } = await sql<ClaimRow>`
    with picked as (
      select patient_key from lane
      where destination = ${destination} and due_at <= clock_timestamp()
      order by due_at limit ${options.lanes} for update skip locked
    ), leased as (
      update lane set due_at = clock_timestamp() + ${options.leaseMs} * interval '1 ms', worker = ${options.worker},
        lease_token = lease_token + 1
      from picked where lane.destination = ${destination} and lane.patient_key = picked.patient_key
      returning lane.patient_key, lane.lease_token, lane.changes
    ), work as (
      select l.patient_key, d.* from leased l cross join lateral (
        select message_id, state, attempts, first_attempt_at, cause from delivery
        where destination = ${destination} and lane = l.patient_key and state in ('due', 'filing')
        order by message_id limit ${perLane}) d
    ), marked as (
      -- Found in 'filing': a worker died with it. That counts as an attempt, or a message that kills would kill for ever.
      update delivery set state = 'filing', attempts = delivery.attempts + case when work.state = 'filing' then 1 else 0 end,
        first_attempt_at = coalesce(delivery.first_attempt_at, clock_timestamp())
      from work where delivery.message_id = work.message_id and delivery.destination = ${destination}
      returning delivery.message_id, delivery.attempts
    )
    select l.patient_key, l.lease_token::text, l.changes::text,
      (select min(message_id)::text from delivery s
        where s.destination = ${destination} and s.lane = l.patient_key and s.state = 'failed') as failed_from,
      exists (select 1 from delivery s
        where s.destination = ${destination} and s.lane = l.patient_key and s.state = 'held') as has_held,
      w.message_id::text, k.attempts,
      (extract(epoch from clock_timestamp() - w.first_attempt_at) * 1000)::float8 as elapsed_ms,
      (w.state = 'filing' or coalesce(w.cause in ('send/timeout', 'send/connection-lost', 'send/answer-unreadable', 'send/partial'), false)) as doubt,
      m.source, m.record_id, m.kind, m.format, m.content_type, m.received_at, m.identifiers,
      coalesce(p.body, kept.body) as body,
      exists (select 1 from audit a where a.message_id = m.id and a.action = 'release') as released,
      r.latest_message::text, r.generation, r.voided_by::text
    from leased l
    left join work w on w.patient_key = l.patient_key
    left join marked k on k.message_id = w.message_id
    left join message m on m.id = w.message_id
    left join payload p on p.message_id = m.id and p.received_at = m.received_at
    left join payload_kept kept on kept.message_id = m.id
    left join record r on r.source = m.source and r.record_id = m.record_id
    order by l.patient_key, w.message_id`.execute(db);

  const lanes = new Map<PatientKey, Omit<ClaimedLane, 'work' | 'more'> & { work: Work[] }>();
  for (const row of rows) {
    const lane = lanes.get(row.patient_key) ?? {
      destination,
      patientKey: row.patient_key,
      token: row.lease_token,
      changes: row.changes,
      failedFrom: (row.failed_from ?? undefined) as MessageId | undefined,
      hasHeld: row.has_held,
      work: [],
    };
    lanes.set(row.patient_key, lane);
    if (row.message_id !== null) lane.work.push(workOf(row, row.message_id));
  }
  return [...lanes.values()].map((lane) => ({ ...lane, more: lane.work.length === perLane }));
}

function workOf(row: ClaimRow, messageId: string): Work {
  return {
    messageId: messageId as MessageId,
    attempts: row.attempts,
    elapsedMs: row.elapsed_ms ?? 0,
    doubt: row.doubt,
    source: row.source,
    recordId: row.record_id ?? undefined,
    kind: row.kind,
    format: row.format,
    contentType: row.content_type,
    receivedAt: row.received_at,
    identifiers: row.identifiers ?? undefined,
    body: row.body ?? undefined,
    released: row.released,
    record:
      row.generation === null
        ? undefined
        : {
            latestMessage: (row.latest_message ?? undefined) as MessageId | undefined,
            generation: row.generation,
            voidedBy: (row.voided_by ?? undefined) as MessageId | undefined,
          },
  };
}

/** Keeps the leases of lanes still worked on. Returns those that are ours no longer. */
export async function extendLeases(
  db: Db,
  destination: DestinationId,
  lanes: readonly Pick<ClaimedLane, 'patientKey' | 'token'>[],
  leaseMs: number,
): Promise<ReadonlySet<PatientKey>> {
  const { rows } = await sql<{ patient_key: PatientKey }>`
    update lane set due_at = clock_timestamp() + ${leaseMs} * interval '1 ms'
    from unnest(${lanes.map((l) => l.patientKey)}::uuid[], ${lanes.map((l) => l.token)}::bigint[]) as held (patient_key, token)
    where lane.destination = ${destination} and lane.patient_key = held.patient_key and lane.lease_token = held.token
    returning lane.patient_key`.execute(db);
  const kept = new Set(rows.map((row) => row.patient_key));
  return new Set(lanes.map((lane) => lane.patientKey).filter((key) => !kept.has(key)));
}

/** Writes all of it in one statement, one commit. Returns for each whether the lease was still ours. */
export async function complete(db: Db, completed: readonly Completed[]): Promise<readonly boolean[]> {
  const rows = completed.map((one) => ({
    message_id: one.messageId,
    destination: one.lane.destination,
    patient_key: one.lane.patientKey,
    token: one.lane.token,
    state: one.progress.state,
    delivery_state: one.progress.state === 'again' ? 'due' : one.progress.state,
    cause: 'failure' in one.progress ? one.progress.failure.cause : undefined,
    detail: 'failure' in one.progress ? one.progress.failure.detail : undefined,
    issues: 'failure' in one.progress ? one.progress.failure.issues : undefined,
    attempted: one.exchanges.length > 0,
    number: one.attempt,
    started_at: one.startedAt,
    duration_ms: Math.round(one.durationMs),
    mapping_version: one.mappingVersion,
    void_source: one.voids?.source,
    void_record: one.voids?.recordId,
    reference: one.patient?.reference,
    display: one.patient?.display,
  }));
  const links = completed.flatMap((one) =>
    one.links.map((link) => ({
      message_id: one.messageId,
      destination: one.lane.destination,
      patient_key: one.lane.patientKey,
      token: one.lane.token,
      source: one.source,
      record_id: one.recordId,
      artifact: link.artifact,
      resource_type: link.resourceType,
      reference: link.reference,
      version_id: link.versionId,
      action: link.action,
      tier: link.tier,
      owned: link.owned,
    })),
  );
  const attempts = completed.filter((one) => one.exchanges.length > 0);
  const { rows: kept } = await sql<{ message_id: string; destination: string }>`
    with input as (
      select x.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x (
        message_id bigint, destination text, patient_key uuid, token bigint, state text, delivery_state text, cause text,
        detail text, issues jsonb, attempted boolean, number int, started_at timestamptz, duration_ms int,
        mapping_version text, void_source text, void_record text, reference text, display text)
      join lane on lane.destination = x.destination and lane.patient_key = x.patient_key and lane.lease_token = x.token
    ), new_delivery as (
      update delivery set state = input.delivery_state, cause = input.cause,
        attempts = delivery.attempts + case when input.attempted then 1 else 0 end
      from input where delivery.message_id = input.message_id and delivery.destination = input.destination
    ), summary as (
      select input.message_id, min(input.cause) as cause,
        case min(case s.state when 'failed' then 1 when 'held' then 2 when 'due' then 3 when 'filing' then 3
             when 'filed' then 4 when 'voided' then 5 else 6 end)
          when 1 then 'failed' when 2 then 'held' when 3 then 'received' when 4 then 'filed' when 5 then 'voided' else 'superseded' end as state
      from input cross join lateral (
        select input.delivery_state as state
        union all
        select d.state from delivery d where d.message_id = input.message_id and d.destination <> input.destination) s
      group by input.message_id
    ), new_message as (
      update message set state = summary.state, cause = summary.cause, changed_at = clock_timestamp()
      from summary where message.id = summary.message_id
        and (message.state, message.cause) is distinct from (summary.state, summary.cause)
    ), voided as (
      update message set state = 'voided', changed_at = clock_timestamp() from input
      where input.state = 'filed' and message.source = input.void_source and message.record_id = input.void_record
        and message.state = 'filed' and message.id <> input.message_id
      returning message.id, input.message_id as by
    ), new_event as (
      insert into event (message_id, state, cause, detail, issues, actor)
      select message_id, case state when 'again' then 'received' else state end, cause, detail, issues, 'system' from input
      union all
      select id, 'voided', null, 'by message ' || by, null, 'system' from voided
    ), new_patient as (
      insert into ehr_patient (destination, patient_key, reference, display)
      select distinct on (destination, patient_key) destination, patient_key, reference, display from input where reference is not null
      order by destination, patient_key
      on conflict (destination, patient_key) do update set reference = excluded.reference, display = excluded.display
        where ehr_patient.reference is distinct from excluded.reference
    ), new_link as (
      insert into link (destination, artifact, message_id, source, record_id, patient_key, resource_type, reference,
        version_id, action, tier, owned)
      select x.destination, x.artifact, x.message_id, x.source, x.record_id, x.patient_key, x.resource_type, x.reference,
        x.version_id, x.action, x.tier, x.owned
      from jsonb_to_recordset(${JSON.stringify(links)}::jsonb) as x (
        message_id bigint, destination text, patient_key uuid, token bigint, source text, record_id text, artifact text,
        resource_type text, reference text, version_id text, action text, tier text, owned text[])
      join input on input.message_id = x.message_id and input.destination = x.destination
      on conflict (destination, artifact, message_id) do update set reference = excluded.reference,
        version_id = excluded.version_id, action = excluded.action, tier = excluded.tier, owned = excluded.owned, at = excluded.at
    ), new_attempt as (
      insert into attempt (message_id, destination, number, started_at, duration_ms, mapping_version, result, detail, exchanges)
      select input.message_id, input.destination, input.number, input.started_at, input.duration_ms, input.mapping_version,
        coalesce(input.cause, input.state), input.detail, x.exchanges
      from unnest(${attempts.map((one) => one.messageId)}::bigint[], ${attempts.map((one) => one.lane.destination)}::text[],
        ${attempts.map((one) => pack(one.exchanges))}::bytea[]) as x (message_id, destination, exchanges)
      join input on input.message_id = x.message_id and input.destination = x.destination
    )
    select message_id::text, destination from input`.execute(db);
  const still = new Set(kept.map((row) => `${row.message_id} ${row.destination}`));
  return completed.map((one) => still.has(`${one.messageId} ${one.lane.destination}`));
}

const pack = (exchanges: readonly Exchange[]): Buffer => gzipSync(JSON.stringify(exchanges), { level: 1 });

/** Gives lanes back. An arrival that came while a lane was worked on makes it due again. */
export async function finishLanes(db: Db, ends: readonly LaneEnd[]): Promise<void> {
  const rows = ends.map(({ lane, againInMs, untried }) => ({
    destination: lane.destination,
    patient_key: lane.patientKey,
    token: lane.token,
    changes: lane.changes,
    again_ms: againInMs,
    untried,
  }));
  await sql`
    with input as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x (
        destination text, patient_key uuid, token bigint, changes bigint, again_ms float8, untried bigint[])
    ), ours as (
      update lane set worker = null,
        due_at = case when input.again_ms is not null then clock_timestamp() + input.again_ms * interval '1 ms'
                      when lane.changes <> input.changes then clock_timestamp() end
      from input where lane.destination = input.destination and lane.patient_key = input.patient_key and lane.lease_token = input.token
      returning lane.destination, input.untried
    )
    update delivery set state = 'due' from ours
    where delivery.destination = ours.destination and delivery.message_id = any(ours.untried) and delivery.state = 'filing'`.execute(
    db,
  );
}

/** When the next lane of a destination is due, in ms from now (0 or less: overdue); undefined when all is done. */
export async function nextDueMs(db: Db, destination: DestinationId): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 as ms from lane
    where destination = ${destination} and due_at is not null`.execute(db);
  return rows[0]?.ms ?? undefined;
}

/** Age in ms of the oldest due work nobody holds, over all destinations that are not paused. */
export async function oldestDueMs(db: Db): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from clock_timestamp() - min(due_at)) * 1000)::float8 as ms from lane
    where due_at <= clock_timestamp()
      and not exists (select 1 from destination d where d.id = lane.destination and d.paused)`.execute(db);
  return rows[0]?.ms ?? undefined;
}

/**
 * Rebuilds what a lost write could have lost: a lane that has open deliveries but no due time, and nobody at work.
 * Returns how many were found.
 */
export async function sweepLanes(db: Db): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into lane (destination, patient_key, due_at, changes)
    select distinct destination, lane, clock_timestamp(), 1 from delivery d
    where state in ('due', 'filing') and not exists (
      select 1 from lane l where l.destination = d.destination and l.patient_key = d.lane and l.due_at is not null)
    on conflict (destination, patient_key) do update set due_at = excluded.due_at, changes = lane.changes + 1
      where lane.due_at is null`.execute(db);
  return Number(numAffectedRows ?? 0);
}
