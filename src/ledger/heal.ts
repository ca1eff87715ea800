/**
 * Healing: what reconciliation found missing or doubled in an EHR is filed again, in its old place of its lane. What was
 * deleted there is made anew; of twins that are alike the later ones are marked; twins that differ go to a person.
 */
import type pg from 'pg';
import type { MessageId } from '../core/model.ts';
import type { Healing } from '../core/story.ts';
import { inTransaction } from './transaction.ts';

/** The messages that are due again. One whose payload has aged out cannot be made anew, and stays as it is. */
export function healMessages(pool: pg.Pool, ids: readonly MessageId[], actor: string): Promise<Healing> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: MessageId; healing: boolean }>(
      `with asked as (
        select m.id, exists (select 1 from payload p where p.message_id = m.id and p.received_at = m.received_at)
          or exists (select 1 from payload_kept k where k.message_id = m.id) as healing
        from message m where m.id = any($1::bigint[]) and m.state = 'filed' for update
      ), again as (
        update delivery set state = 'due', cause = null, attempts = 0, first_attempt_at = null, doubt = true, anew = true
        from asked where delivery.message_id = asked.id and asked.healing and delivery.state = 'filed'
        returning delivery.message_id, delivery.destination, delivery.lane
      ), shown as (
        update message set state = 'received', cause = null, changed_at = clock_timestamp()
        where id in (select message_id from again)
      ), told as (
        insert into event (message_id, state, detail, actor)
        select distinct message_id, 'received', 'Filed again: it did not stand in the EHR as it should.', $2 from again
      ), audited as (
        insert into audit (actor, action, message_id) select distinct $2, 'heal', message_id from again
      ), woken as (
        insert into lane (destination, patient_key, due_at, changes)
        select destination, lane, clock_timestamp(), 1 from (select distinct destination, lane from again order by 1, 2) l
        on conflict (destination, patient_key) do update set changes = lane.changes + 1,
          due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
      )
      select id::text, healing from asked order by id`,
      [ids, actor],
    );
    return {
      healing: rows.filter(({ healing }) => healing).map(({ id }) => id),
      agedOut: rows.filter(({ healing }) => !healing).map(({ id }) => id),
    };
  });
}
