/** Escalations as people read them: lists, one with its story, and what a sender is told. */
import type { EscalationState } from '../core/escalation.ts';
import type { MessageId, PatientKey } from '../core/model.ts';
import type { Severity } from '../core/red-flag/rules.ts';
import type { EscalationEntry, EscalationFilter, EscalationStory, SeenEscalation } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';

/**
 * Whether the EHR holds the Task of escalation `e`, or a message to the pool: in its own right, not as a line of a
 * note, which calls nobody. Artifacts are `<26 characters>.<item>.<slot>`, or without the item for the whole activity.
 */
export const inChart = `exists (
  select 1 from (
    select distinct on (l.destination, l.artifact) l.action from link l
    where l.source = e.source and l.record_id = e.record_id and l.resource_type in ('Task', 'Communication')
      and l.tier = 'native' and (case when e.item = '' then strpos(substr(l.artifact, 28), '.') = 0
        else starts_with(substr(l.artifact, 28), e.item || '.') end)
    order by l.destination, l.artifact, l.message_id desc) as s
  where s.action <> 'voided')`;

type Row = {
  id: string;
  message_id: string;
  source: string;
  record_id: string;
  code: string;
  severity: Severity;
  restricted: boolean;
  patient_key: PatientKey | null;
  observed_at: Date | null;
  state: EscalationState;
  level: number;
  pool: string;
  opened_at: Date;
  due_at: Date | null;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  acknowledged_role: string | null;
  resolved_at: Date | null;
  cancel_reason: string | null;
  in_chart: boolean;
};

const columns = `e.id::text, e.message_id::text, e.source, e.record_id, e.code, e.severity, e.restricted, e.patient_key,
  e.observed_at, e.state, e.level, e.pool, e.opened_at, e.due_at, e.acknowledged_at, e.acknowledged_by, e.acknowledged_role,
  e.resolved_at, e.cancel_reason, ${inChart} as in_chart`;

const list = statement<Row>(
  'escalations-list',
  `select ${columns} from escalation e
  where ($1::text is null or e.state = $1 or ($1 = 'running' and e.state in ('open', 'notified')))
    and ($2::text is null or e.severity = $2) and ($3::text is null or e.pool = $3)
  order by e.state in ('open', 'notified') desc, e.opened_at desc limit $4`,
);

const one = statement<Row>('escalations-one', `select ${columns} from escalation e where e.id = $1`);

const events = statement<{
  at: Date;
  state: EscalationState;
  level: number;
  pool: string;
  actor: string;
  detail: string | null;
}>(
  'escalations-events',
  'select at, state, level, pool, actor, detail from escalation_event where escalation_id = $1 order by at',
);

const notices = statement<{
  id: string;
  kind: 'alert' | 'withdrawn';
  level: number;
  pool: string;
  state: string;
  created_at: Date;
  attempts: { at: string; durationMs: number; status: number | null; result: string }[];
}>(
  'escalations-notices',
  `select n.id::text, n.kind, n.level, n.pool, n.state, n.created_at, (
      select coalesce(json_agg(json_build_object('at', a.at, 'durationMs', a.duration_ms, 'status', a.status, 'result', a.result)
        order by a.number), '[]') from escalation_attempt a where a.notice_id = n.id) as attempts
  from escalation_notice n where n.escalation_id = $1 order by n.created_at, n.id`,
);

const seen = statement<Row>(
  'escalations-of-message',
  `select ${columns} from escalation e
  where (e.source, e.record_id) = (select source, coalesce(record_id, 'message ' || id) from message where id = $1)
    or e.message_id = $1
  order by e.opened_at, e.code`,
);

const seenOf = (row: Row): SeenEscalation => ({
  id: row.id,
  severity: row.severity,
  state: row.state,
  openedAt: row.opened_at,
  ...(row.acknowledged_at === null ? {} : { acknowledgedAt: row.acknowledged_at }),
  ...(row.acknowledged_role === null ? {} : { acknowledgedByRole: row.acknowledged_role }),
  ...(row.resolved_at === null ? {} : { resolvedAt: row.resolved_at }),
  ...(row.cancel_reason === null ? {} : { cancelReason: row.cancel_reason }),
});

const entryOf = (row: Row, restrictedToo: boolean): EscalationEntry => ({
  ...seenOf(row),
  messageId: row.message_id as MessageId,
  source: row.source,
  recordId: row.record_id,
  restricted: row.restricted,
  level: row.level,
  pool: row.pool,
  inChart: row.in_chart,
  ...(row.restricted && !restrictedToo ? {} : { code: row.code }),
  ...(row.patient_key === null ? {} : { patientKey: row.patient_key }),
  ...(row.observed_at === null ? {} : { observedAt: row.observed_at }),
  ...(row.due_at === null ? {} : { dueAt: row.due_at }),
  ...(row.acknowledged_by === null ? {} : { acknowledgedBy: row.acknowledged_by }),
});

/** Those that nobody has acknowledged first, then newest first. `restrictedToo`: with the codes that are restricted. */
export async function listEscalations(
  on: Queryable,
  { state, severity, pool, limit = 100 }: EscalationFilter,
  restrictedToo: boolean,
): Promise<readonly EscalationEntry[]> {
  const rows = await list.run(on, [state ?? null, severity ?? null, pool ?? null, Math.min(Math.max(limit, 1), 500)]);
  return rows.map((row) => entryOf(row, restrictedToo));
}

export const isEscalationId = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);

export async function escalationStory(
  on: Queryable,
  id: string,
  restrictedToo: boolean,
): Promise<EscalationStory | undefined> {
  if (!isEscalationId(id)) return undefined;
  const [row] = await one.run(on, [id]);
  if (row === undefined) return undefined;
  const told = await events.run(on, [id]);
  const sent = await notices.run(on, [id]);
  return {
    ...entryOf(row, restrictedToo),
    events: told.map(({ detail, ...rest }) => ({ ...rest, ...(detail === null ? {} : { detail }) })),
    notices: sent.map(({ created_at, attempts, ...rest }) => ({
      ...rest,
      createdAt: created_at,
      attempts: attempts.map(({ at, status, ...tried }) => ({
        ...tried,
        at: new Date(at),
        ...(status === null ? {} : { status }),
      })),
    })),
  };
}

/** Of the record that the message is a version of. */
export async function escalationsOfMessage(on: Queryable, id: MessageId): Promise<readonly SeenEscalation[]> {
  return (await seen.run(on, [id])).map(seenOf);
}

/** For metrics: what runs, the oldest of it, and of those acknowledged in the last 30 days how many were in time. */
export type EscalationReading = {
  readonly severity: Severity;
  readonly running: number;
  readonly oldestMs: number;
  readonly inTime: number;
  readonly late: number;
};

const readings = statement<{ severity: Severity; running: number; oldest_ms: number; in_time: number; late: number }>(
  'escalations-readings',
  `select s.severity,
    count(e.id) filter (where e.state in ('open', 'notified'))::int as running,
    coalesce(extract(epoch from clock_timestamp() - min(e.opened_at) filter (where e.state in ('open', 'notified'))) * 1000, 0)::float8
      as oldest_ms,
    count(e.id) filter (where e.acknowledged_at <= e.opened_at + s.minutes * interval '1 minute')::int as in_time,
    count(e.id) filter (where e.acknowledged_at > e.opened_at + s.minutes * interval '1 minute')::int as late
  from unnest($1::text[], $2::float8[]) as s (severity, minutes)
  left join escalation e on e.severity = s.severity
    and (e.state in ('open', 'notified') or e.opened_at > clock_timestamp() - interval '30 days')
  group by s.severity`,
);

/** `minutes`: within which each severity must be acknowledged. */
export async function escalationReadings(
  on: Queryable,
  minutes: Readonly<Record<Severity, number>>,
): Promise<readonly EscalationReading[]> {
  const rows = await readings.run(on, [Object.keys(minutes), Object.values(minutes)]);
  return rows.map(({ severity, running, oldest_ms, in_time, late }) => ({
    severity,
    running,
    oldestMs: oldest_ms,
    inTime: in_time,
    late,
  }));
}
