/**
 * Filing anew what stands in a lesser form: an EHR may take by now what it did not take then. The message goes its whole
 * way once more; what it finds standing it changes, and makes nothing twice.
 */
import { type Queryable, statement } from './statement.ts';

const again = statement<{ message_id: string }>(
  'refile',
  `with latest as (
      select distinct on (destination, source, record_id, artifact) destination, source, record_id, tier, action, version_id
      from link where record_id is not null and ($1::text is null or destination = $1)
      order by destination, source, record_id, artifact, message_id desc
    ), lesser as (
      select distinct destination, source, record_id from latest
      where tier in ('note', 'elsewhere', 'work-list') and action <> 'voided'
        and (tier <> 'work-list' or version_id is distinct from 'done')
    ), last as (
      select max(l.message_id) as message_id, l.destination, r.latest_message
      from lesser join link l using (destination, source, record_id)
      join record r on r.source = lesser.source and r.record_id = lesser.record_id and r.voided_by is null
      group by l.destination, l.source, l.record_id, r.latest_message
    ), again as (
      update delivery d set state = 'due', cause = null, attempts = 0, first_attempt_at = null
      from last join message m on m.id = last.message_id
      where d.message_id = last.message_id and d.destination = last.destination and d.state = 'filed' and m.state = 'filed'
        -- What retention has taken cannot be made again: it stays as it is.
        and not exists (
          select 1 from unnest(array[last.message_id, last.latest_message]) as needed (id)
          where not exists (select 1 from payload p where p.message_id = needed.id)
            and not exists (select 1 from payload_kept k where k.message_id = needed.id))
      returning d.message_id, d.destination, d.lane
    ), told as (
      insert into event (message_id, state, actor) select distinct message_id, 'received', $2 from again
    ), noted as (
      insert into audit (actor, action, message_id) select distinct $2, 'refile', message_id from again
    ), shown as (
      update message set state = 'received', changed_at = clock_timestamp() where id in (select message_id from again)
    ), woken as (
      insert into lane (destination, patient_key, due_at, changes)
      select distinct destination, lane, clock_timestamp(), 1 from again
      on conflict (destination, patient_key) do update set changes = lane.changes + 1,
        due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
    )
    select distinct message_id::text from again order by message_id`,
);

/** Returns how many messages go again. What a person has entered by hand is left to that person. */
export async function refileLesser(on: Queryable, destination: string | undefined, actor: string): Promise<number> {
  const rows = await again.run(on, [destination ?? null, actor]);
  return rows.length;
}
