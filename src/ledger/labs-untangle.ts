/**
 * One order in two charts: its messages for two patients were filed in the same moment, by workers that could not see each
 * other. The message that was told last is due again: it then takes the order from the other chart.
 */
import { statement, type Queryable } from './statement.ts';

const again = statement<{ message_id: string }>(
  'lab-untangle',
  `with crossed as (
      select distinct on (a.destination, a.order_value, a.service) a.destination, a.message_id
      from lab_version recent
      join lab_version a on a.destination = recent.destination and a.order_value = recent.order_value and a.service = recent.service
      join lab_version b on b.destination = a.destination and b.order_value = a.order_value and b.service = a.service
        and b.source = a.source and b.order_system is not distinct from a.order_system
        and b.collected = a.collected and b.patient_key <> a.patient_key and b.key = '' and not b.voided
      where recent.key = '' and a.key = '' and not a.voided and recent.at > clock_timestamp() - $1 * interval '1 ms'
      order by a.destination, a.order_value, a.service, a.issued desc, a.sent desc, a.message_id desc
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

/** `withinMs`: how long ago the later of the two was filed, at most. Returns how many messages are due again. */
export async function untangleLabs(on: Queryable, withinMs: number): Promise<number> {
  return (await again.run(on, [withinMs])).length;
}
