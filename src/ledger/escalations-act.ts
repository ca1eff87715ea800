/** What a person, or the EHR, does with an escalation. State, history and audit are one transaction. */
import type pg from 'pg';
import { type EscalationPolicy, type EscalationState, levelAt } from '../core/escalation.ts';
import type { MessageId } from '../core/model.ts';
import type { Severity } from '../core/red-flag/rules.ts';
import type { EscalationAct, EscalationActed } from '../core/story.ts';
import { isEscalationId } from './escalations-read.ts';
import type { Queryable } from './statement.ts';
import { inTransaction } from './transaction.ts';

type Standing = {
  readonly state: EscalationState;
  readonly severity: Severity;
  readonly level: number;
  readonly message_id: MessageId;
};

const ended: ReadonlySet<EscalationState> = new Set(['resolved', 'cancelled']);
const defaultRole = 'care team';

export function actOnEscalation(
  pool: pg.Pool,
  id: string,
  act: EscalationAct,
  actor: string,
  policy: EscalationPolicy,
): Promise<EscalationActed> {
  return inTransaction(pool, async (client) => {
    const { rows } = isEscalationId(id)
      ? await client.query<Standing>(
          'select state, severity, level, message_id::text from escalation where id = $1 for update',
          [id],
        )
      : { rows: [] };
    const [standing] = rows;
    if (standing === undefined) return { ok: false, refused: 'There is no escalation with this id.' };
    if (ended.has(standing.state)) return { ok: false, refused: `It is ${standing.state} already.` };
    const { ackMinutes } = levelAt(policy, standing.severity, standing.level);
    const state = await apply(client, id, standing.state, act, actor, ackMinutes);
    await client.query(
      `insert into escalation_event (escalation_id, at, state, level, pool, actor, detail)
       select id, clock_timestamp(), state, level, pool, $2, $3 from escalation where id = $1`,
      [id, actor, act.note ?? null],
    );
    await client.query('insert into audit (actor, action, message_id) values ($1, $2, $3)', [
      actor,
      `escalation-${act.do}`,
      standing.message_id,
    ]);
    return { ok: true, state };
  });
}

async function apply(
  client: Queryable,
  id: string,
  before: EscalationState,
  act: EscalationAct,
  actor: string,
  minutes: number,
): Promise<EscalationState> {
  // Nobody is called out any more, whichever it is.
  await client.query(
    `update escalation_notice set state = 'dropped', due_at = null where escalation_id = $1 and state = 'due' and kind = 'alert'`,
    [id],
  );
  if (act.do === 'reassign') {
    await client.query(
      `with told as (
        insert into escalation_notice (escalation_id, kind, level, pool, due_at, created_at)
        select id, 'alert', level, $2, clock_timestamp(), clock_timestamp() from escalation where id = $1
      )
      update escalation set state = case when state = 'acknowledged' then 'notified' else state end, pool = $2,
        due_at = clock_timestamp() + $3 * interval '1 minute', alternate_at = null,
        acknowledged_at = null, acknowledged_by = null, acknowledged_role = null where id = $1`,
      [id, act.pool, minutes],
    );
    return before === 'acknowledged' ? 'notified' : before;
  }
  const to = act.do === 'ack' ? 'acknowledged' : 'resolved';
  // The first acknowledgement counts, also when it is resolved without one.
  await client.query(
    `update escalation set state = $2, due_at = null, alternate_at = null,
       acknowledged_by = case when acknowledged_at is null then $3 else acknowledged_by end,
       acknowledged_role = case when acknowledged_at is null then $4 else acknowledged_role end,
       acknowledged_at = coalesce(acknowledged_at, clock_timestamp()),
       resolved_at = case when $2 = 'resolved' then clock_timestamp() end
     where id = $1`,
    [id, to, actor, act.role ?? defaultRole],
  );
  return to;
}
