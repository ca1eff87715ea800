/**
 * The acknowledgement clock of escalations, and what the alternate route carries. Everything it knows is in the ledger:
 * it goes on where it was after any stop. `now` absent: the database's clock.
 */
import type pg from 'pg';
import { type EscalationPolicy, type EscalationState, type Notice, retryAfterMs, tick } from '../core/escalation.ts';
import type { Severity } from '../core/red-flag/rules.ts';
import { inChart } from './escalations-read.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';
import { inTransaction } from './transaction.ts';

const atOnceMost = 200;

type DueRow = {
  id: string;
  severity: Severity;
  state: 'open' | 'notified';
  level: number;
  pool: string;
  due_at: Date;
  alternate_at: Date | null;
  in_chart: boolean;
  now: Date;
};

const due = statement<DueRow>(
  'escalations-due',
  `with at as (select coalesce($1::timestamptz, date_trunc('milliseconds', clock_timestamp())) as now)
  select e.id::text, e.severity, e.state, e.level, e.pool, e.due_at, e.alternate_at, ${inChart} as in_chart, at.now
  from escalation e, at
  where e.state in ('open', 'notified') and (e.due_at <= at.now or e.alternate_at <= at.now
    or (e.state = 'open' and ${inChart}))
  order by e.due_at limit ${String(atOnceMost)} for update of e skip locked`,
);

const move = statement(
  'escalations-move',
  `with moved as materialized (
    select * from jsonb_to_recordset($1::jsonb) as x (id uuid, state text, level int, pool text, due_at timestamptz,
      alternate_at timestamptz, tell jsonb, says text)
  ), told as (
    insert into escalation_notice (escalation_id, kind, level, pool, due_at, created_at)
    select m.id, 'alert', m.level, t.pool, $2::timestamptz, $2::timestamptz from moved m
    cross join lateral jsonb_to_recordset(m.tell) as t (pool text)
  ), events as (
    insert into escalation_event (escalation_id, at, state, level, pool, actor, detail)
    select id, $2, state, level, pool, 'system', says from moved where says is not null
  )
  update escalation e set state = m.state, level = m.level, pool = m.pool, due_at = m.due_at, alternate_at = m.alternate_at
  from moved m where e.id = m.id`,
);

export type Moved = { readonly id: string; readonly severity: Severity; readonly level: number; readonly told: number };

/** Moves every escalation whose time has come. Answers those of which somebody is to be told now. */
export function moveEscalations(pool: pg.Pool, policy: EscalationPolicy, now?: Date): Promise<readonly Moved[]> {
  return inTransaction(pool, async (client) => {
    const rows = await due.run(client, [now ?? null]);
    const [first] = rows;
    if (first === undefined) return [];
    const moved = rows.map((row) => {
      const {
        level,
        pool: to,
        dueAt,
        alternateAt,
        tell,
        state,
      } = tick(
        {
          severity: row.severity,
          state: row.state,
          level: row.level,
          pool: row.pool,
          dueAt: row.due_at,
          alternateAt: row.alternate_at ?? undefined,
          inChart: row.in_chart,
        },
        policy,
        first.now,
      );
      const says =
        row.due_at <= first.now
          ? 'not acknowledged in time'
          : state === row.state
            ? tell.length > 0
              ? 'alternate route'
              : undefined
            : 'the EHR has the task';
      return { id: row.id, severity: row.severity, state, level, pool: to, due_at: dueAt, alternate_at: alternateAt, tell, says }; // prettier-ignore
    });
    await move.run(client, [asJsonb(moved), first.now]);
    return moved
      .filter((one) => one.tell.length > 0)
      .map(({ id, severity, level, tell }) => ({ id, severity, level, told: tell.length }));
  });
}

/** One message for the alternate route, taken by us for a while. */
export type TakenNotice = Notice & { readonly pool: string; readonly attempt: number };

const take = statement<{
  id: string;
  escalation_id: string;
  kind: Notice['kind'];
  level: number;
  pool: string;
  attempts: number;
  severity: Severity;
  opened_at: Date;
}>(
  'escalations-take-notices',
  `with taken as (
    select id from escalation_notice where state = 'due' and due_at <= coalesce($1::timestamptz, clock_timestamp())
    order by due_at limit $2 for update skip locked
  )
  -- Out of the way of others while we try; if we die it is due again.
  update escalation_notice n set attempts = n.attempts + 1,
    due_at = coalesce($1::timestamptz, clock_timestamp()) + $3 * interval '1 millisecond'
  from taken, escalation e where n.id = taken.id and e.id = n.escalation_id
  returning n.id::text, n.escalation_id::text, n.kind, n.level, n.pool, n.attempts, e.severity, e.opened_at`,
);

export async function takeNotices(
  on: Queryable,
  most: number,
  leaseMs: number,
  now?: Date,
): Promise<readonly TakenNotice[]> {
  const rows = await take.run(on, [now ?? null, most, leaseMs]);
  return rows.map((row) => ({
    id: row.id,
    escalation: row.escalation_id,
    kind: row.kind,
    severity: row.severity,
    level: row.level,
    openedAt: row.opened_at,
    pool: row.pool,
    attempt: row.attempts,
  }));
}

/** `no-route`: the pool has no alternate route; the attempt says so, and it is not tried again. */
export type Tried = {
  readonly end: 'sent' | 'failed' | 'no-route';
  readonly status?: number;
  readonly result: string;
  readonly at: Date;
  readonly durationMs: number;
};

const settle = statement(
  'escalations-notice-tried',
  `with told as (
    insert into escalation_attempt (notice_id, number, at, duration_ms, status, result) values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
  ), notice as (
    -- Nobody is called out for what was acknowledged meanwhile.
    update escalation_notice n set
      state = case when $7 <> 'failed' then $7 when n.kind = 'alert' and e.state not in ('open', 'notified') then 'dropped' else 'due' end,
      due_at = case when $7 = 'failed' then coalesce($9::timestamptz, clock_timestamp()) + $8 * interval '1 millisecond' end
    from escalation e where n.id = $1 and e.id = n.escalation_id and n.state = 'due'
    returning n.escalation_id, n.kind
  ), notified as (
    update escalation e set state = 'notified' from notice
    where e.id = notice.escalation_id and notice.kind = 'alert' and e.state = 'open' and $7 = 'sent'
    returning e.id, e.level, e.pool
  )
  insert into escalation_event (escalation_id, at, state, level, pool, actor, detail)
  select id, $3, 'notified', level, pool, 'system', 'alternate route' from notified`,
);

export async function noticeTried(on: Queryable, notice: TakenNotice, tried: Tried, now?: Date): Promise<void> {
  await settle.run(on, [
    notice.id,
    notice.attempt,
    tried.at,
    tried.durationMs,
    tried.status ?? null,
    tried.result,
    tried.end,
    retryAfterMs(notice.attempt),
    now ?? null,
  ]);
}

/** A Task of an escalation that nobody has resolved, in the EHR. */
export type OwnTask = {
  readonly escalation: string;
  readonly state: EscalationState;
  readonly destination: string;
  readonly reference: string;
};

const tasks = statement<{ id: string; state: EscalationState; destination: string; reference: string }>(
  'escalations-tasks',
  `with looking as (
    update escalation set looked_at = coalesce($1::timestamptz, clock_timestamp()) where id in (
      select id from escalation where state in ('open', 'notified', 'acknowledged')
        and (looked_at is null or looked_at <= coalesce($1::timestamptz, clock_timestamp()) - $2 * interval '1 millisecond')
      order by looked_at nulls first limit ${String(atOnceMost)} for update skip locked)
    returning id, state, source, record_id, item
  )
  select distinct on (e.id, l.destination) e.id::text, e.state, l.destination, l.reference from looking e
  join link l on l.source = e.source and l.record_id = e.record_id and l.resource_type = 'Task' and l.tier = 'native'
    and (case when e.item = '' then strpos(substr(l.artifact, 28), '.') = 0 else starts_with(substr(l.artifact, 28), e.item || '.') end)
  order by e.id, l.destination, l.message_id desc`,
);

/** Those not looked at for `everyMs`. */
export async function tasksToLookAt(on: Queryable, everyMs: number, now?: Date): Promise<readonly OwnTask[]> {
  const rows = await tasks.run(on, [now ?? null, everyMs]);
  return rows.map(({ id, ...task }) => ({ escalation: id, ...task }));
}
