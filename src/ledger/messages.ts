/** The messages as people ask for them: lists by an index each, and the whole story of one. */
import { gunzipSync } from 'node:zlib';
import { type RawBuilder, sql } from 'kysely';
import { causeOf, isCause } from '../core/causes.ts';
import { isMessageId } from '../core/model.ts';
import type { EmittedLink, Exchange, MessageEvent, MessageId, MessageState, PatientKey } from '../core/model.ts';
import type {
  Attempt,
  DeliveryState,
  MessageFilter,
  MessagePage,
  MessageStory,
  MessageSummary,
} from '../core/story.ts';
import type { Db } from './database.ts';

type SummaryRow = {
  id: string;
  state: MessageState;
  source: string;
  record_id: string | null;
  version: string | null;
  kind: string;
  cause: string | null;
  received_at: Date;
  occurred_at: Date | null;
  patient_key: PatientKey | null;
  duplicate_of: string | null;
  replaced_by: string | null;
};

/** `filing` is not stored: it is a received message whose delivery a worker holds. */
const summaryColumns = sql`m.id::text, case when m.state = 'received' and exists (
    select 1 from delivery d where d.message_id = m.id and d.state = 'filing') then 'filing' else m.state end as state,
  m.source, m.record_id, m.version::text, m.kind, m.cause, m.received_at, m.occurred_at, m.patient_key,
  m.duplicate_of::text, m.replaced_by::text`;

function summaryOf(row: SummaryRow): MessageSummary {
  return {
    id: row.id as MessageId,
    state: row.state,
    source: row.source,
    kind: row.kind,
    receivedAt: row.received_at,
    ...(row.record_id === null ? {} : { recordId: row.record_id }),
    ...(row.version === null ? {} : { version: Number(row.version) }),
    ...(row.cause === null || !isCause(row.cause) ? {} : { cause: row.cause }),
    ...(row.occurred_at === null ? {} : { occurredAt: row.occurred_at }),
    ...(row.patient_key === null ? {} : { patientKey: row.patient_key }),
    ...(row.duplicate_of === null ? {} : { duplicateOf: row.duplicate_of as MessageId }),
    ...(row.replaced_by === null ? {} : { replacedBy: row.replaced_by as MessageId }),
  };
}

const limitOf = ({ limit = 50 }: MessageFilter): number => Math.min(Math.max(limit, 1), 500);

/** The query behind the list, apart so that a test can ask the database for its plan. */
export function listQuery(filter: MessageFilter): RawBuilder<SummaryRow> {
  const where: RawBuilder<unknown>[] = [];
  if (filter.state === 'filing') {
    where.push(
      sql`m.state = 'received' and exists (select 1 from delivery d where d.message_id = m.id and d.state = 'filing')`,
    );
  } else if (filter.state !== undefined) where.push(sql`m.state = ${sql.lit(filter.state)}`);
  if (filter.cause !== undefined) where.push(sql`m.cause = ${filter.cause}`);
  if (filter.source !== undefined) where.push(sql`m.source = ${filter.source}`);
  if (filter.recordId !== undefined) where.push(sql`m.record_id = ${filter.recordId}`);
  if (filter.kind !== undefined) where.push(sql`m.kind = ${filter.kind}`);
  if (filter.patientKey !== undefined) where.push(sql`m.patient_key = ${filter.patientKey}`);
  if (filter.conceptMap !== undefined)
    where.push(sql`m.id in (select u.message_id from unmapped_message u join unmapped_code c on c.id = u.code_id
      where c.concept_map = ${filter.conceptMap})`);
  if (filter.receivedFrom !== undefined) where.push(sql`m.received_at >= ${filter.receivedFrom}`);
  if (filter.receivedTo !== undefined) where.push(sql`m.received_at < ${filter.receivedTo}`);
  if (filter.before !== undefined) where.push(sql`m.id < ${filter.before}`);
  const limit = limitOf(filter);
  return sql<SummaryRow>`select ${summaryColumns} from message m
    ${where.length === 0 ? sql`` : sql`where ${sql.join(where, sql` and `)}`}
    order by m.id desc limit ${sql.lit(limit + 1)}`;
}

/** Newest first. `next` is the cursor of the following page. */
export async function listMessages(db: Db, filter: MessageFilter): Promise<MessagePage> {
  const limit = limitOf(filter);
  const { rows } = await listQuery(filter).execute(db);
  const messages = rows.slice(0, limit).map(summaryOf);
  const last = messages.at(-1);
  return rows.length > limit && last !== undefined ? { messages, next: last.id } : { messages };
}

const unpack = (packed: Buffer): readonly Exchange[] =>
  JSON.parse(gunzipSync(packed).toString()) as readonly Exchange[];

/** Everything known of one message; undefined when there is none with this id. */
export async function messageStory(db: Db, id: MessageId): Promise<MessageStory | undefined> {
  if (!isMessageId(id)) return undefined;
  const { rows } = await sql<
    SummaryRow & { content_type: string; raw_sha256: Buffer; raw_size: number; sealed: boolean; actor: string }
  >`select ${summaryColumns}, m.content_type, m.raw_sha256, m.raw_size, m.sealed, m.actor from message m where m.id = ${id}`.execute(
    db,
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const [deliveries, events, attempts, links] = await Promise.all([
    sql<{ destination: string; state: string; attempts: number; cause: string | null; due_at: Date | null }>`
      select d.destination, d.state, d.attempts, d.cause, case when d.state in ('due', 'filing') then l.due_at end as due_at
      from delivery d left join lane l on l.destination = d.destination and l.patient_key = d.lane
      where d.message_id = ${id} order by d.destination`.execute(db),
    sql<{
      at: Date;
      state: MessageState;
      cause: string | null;
      detail: string | null;
      issues: MessageEvent['issues'] | null;
      actor: string;
    }>`
      select at, state, cause, detail, issues, actor from event where message_id = ${id} order by at, state`.execute(
      db,
    ),
    sql<{
      destination: string;
      number: number;
      started_at: Date;
      duration_ms: number;
      mapping_version: string | null;
      result: string;
      detail: string | null;
      exchanges: Buffer;
    }>`select destination, number, started_at, duration_ms, mapping_version, result, detail, exchanges
      from attempt where message_id = ${id} order by started_at`.execute(db),
    sql<{
      destination: string;
      artifact: string;
      resource_type: string;
      reference: string;
      version_id: string | null;
      action: EmittedLink['action'];
      tier: EmittedLink['tier'];
      owned: string[];
    }>`select destination, artifact, resource_type, reference, version_id, action, tier, owned
      from link where message_id = ${id} order by at, artifact`.execute(db),
  ]);
  const summary = summaryOf(row);
  const openCause =
    summary.state === 'held' || summary.state === 'failed' || summary.state === 'received' ? summary.cause : undefined;
  return {
    ...summary,
    contentType: row.content_type,
    rawSha256: row.raw_sha256.toString('hex'),
    rawSize: row.raw_size,
    actor: row.actor,
    ...(row.sealed ? { sealed: true as const } : {}),
    ...(openCause === undefined ? {} : { nextAction: causeOf(openCause).next, whoActs: causeOf(openCause).who }),
    deliveries: deliveries.rows.map((d): DeliveryState => ({
      destination: d.destination,
      state: d.state,
      attempts: d.attempts,
      ...(d.cause === null || !isCause(d.cause) ? {} : { cause: d.cause }),
      ...(d.due_at === null ? {} : { dueAt: d.due_at }),
    })),
    events: events.rows.map((e): MessageEvent => ({
      at: e.at,
      state: e.state,
      actor: e.actor,
      ...(e.cause === null || !isCause(e.cause) ? {} : { cause: e.cause }),
      ...(e.detail === null ? {} : { detail: e.detail }),
      ...(e.issues === null || e.issues === undefined ? {} : { issues: e.issues }),
    })),
    attempts: attempts.rows.map((a): Attempt => ({
      destination: a.destination,
      number: a.number,
      startedAt: a.started_at,
      durationMs: a.duration_ms,
      result: a.result,
      exchanges: unpack(a.exchanges),
      ...(a.mapping_version === null ? {} : { mappingVersion: a.mapping_version }),
      ...(a.detail === null ? {} : { detail: a.detail }),
    })),
    links: links.rows.map((l) => ({
      destination: l.destination,
      artifact: l.artifact,
      resourceType: l.resource_type,
      reference: l.reference,
      action: l.action,
      tier: l.tier,
      owned: l.owned,
      ...(l.version_id === null ? {} : { versionId: l.version_id }),
    })),
  };
}

/** The raw bytes as they came, and their media type. Reading them is audited. */
export async function messageRaw(
  db: Db,
  id: MessageId,
  actor: string,
): Promise<{ readonly body: Buffer; readonly contentType: string } | undefined> {
  if (!isMessageId(id)) return undefined;
  const { rows } = await sql<{ body: Buffer | null; content_type: string }>`
    with seen as (insert into audit (actor, action, message_id) select ${actor}, 'read-raw', id from message where id = ${id})
    select coalesce(p.body, k.body) as body, m.content_type from message m
    left join payload p on p.message_id = m.id and p.received_at = m.received_at
    left join payload_kept k on k.message_id = m.id where m.id = ${id} and not m.sealed`.execute(db);
  const row = rows[0];
  return row?.body == null ? undefined : { body: row.body, contentType: row.content_type };
}

/** How many messages are in each state that is not an end. */
export async function backlog(db: Db): Promise<Readonly<Record<'received' | 'held' | 'failed', number>>> {
  const { rows } = await sql<{ state: 'received' | 'held' | 'failed'; n: number }>`
    select state, sum(n)::int as n from (
      select state, count(*) as n from message where state in ('received', 'held', 'failed') group by state
      -- Acknowledged at the HL7 v2 door and not read yet.
      union all select 'received', count(*) from hl7_intake) as waiting group by state`.execute(db);
  const counts = { received: 0, held: 0, failed: 0 };
  for (const row of rows) counts[row.state] = row.n;
  return counts;
}
