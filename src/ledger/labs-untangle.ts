/**
 * One order in two charts: its messages for two patients were filed in the same moment, by workers that could not see each
 * other. The message that was told last is due again: it then takes the order from the other chart.
 */
import { statement, type Queryable } from './statement.ts';

const again = statement<{ message_id: string }>(
  'lab-untangle',
  // Both were filed within this time: one pass over what is recent finds them.
  `with crossed as (
      select destination, (array_agg(message_id order by issued desc, sent desc, message_id desc))[1] as message_id
      from lab_version
      where key = '' and not voided and collected is not null and at > clock_timestamp() - $1 * interval '1 ms'
      group by destination, order_value, order_system, service, source, collected
      having min(patient_key::text) <> max(patient_key::text)
    ), due as (
      update delivery set state = 'due', cause = null, attempts = 0, first_attempt_at = null from crossed
      where delivery.message_id = crossed.message_id and delivery.destination = crossed.destination
        and delivery.state in ('filed', 'superseded')
      returning delivery.message_id, delivery.destination, delivery.lane
    ), shown as (
      update message set state = 'received', cause = null, changed_at = clock_timestamp()
      where id in (select message_id from due)
    ), told as (
      insert into event (message_id, state, detail, actor)
      select message_id, 'received', 'Its order stands for another patient as well: looked at again.', 'system' from due
    ), woken as (
      insert into lane (destination, patient_key, due_at, changes)
      select distinct destination, lane, clock_timestamp(), 1 from due
      on conflict (destination, patient_key) do update set changes = lane.changes + 1,
        due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
    )
    select message_id::text from due`,
);

/** `withinMs`: how long ago the two were filed, at most. Returns how many messages are due again. */
export async function untangleLabs(on: Queryable, withinMs: number): Promise<number> {
  return (await again.run(on, [withinMs])).length;
}
