/** What waited for something goes on: held messages become due again, in their old place in the lane. */
import type { CauseCode } from '../core/causes.ts';
import { matchCauses, waitingCauses } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';

const release = statement<{ message_id: string }>(
  'release',
  `with released as (
    update delivery set state = 'due', cause = null, due_at = null
    where ($1::uuid[] is null or lane = any($1)) and state = 'held' and cause = any($2::text[])
    returning message_id, destination, lane
  ), shown as (
    update message set state = 'received', cause = null, changed_at = clock_timestamp()
    where id in (select message_id from released) and state = 'held'
  ), told as (
    insert into event (message_id, state, actor) select distinct message_id, 'received', 'system' from released
  ), woken as (
    -- While a worker holds the lease, due_at is its end and must stay; it sees the change when it finishes.
    update lane set changes = changes + 1,
      due_at = case when worker is null then least(due_at, clock_timestamp()) else due_at end
    from (select distinct destination, lane as patient_key from released) as l
    where lane.destination = l.destination and lane.patient_key = l.patient_key
  )
  select message_id::text from released`,
);

/** Returns the ids released. A message held at the door has no delivery yet: a retry makes it, not this. */
export async function releaseWaiting(
  on: Queryable,
  what: { readonly patients: readonly PatientKey[]; readonly causes: readonly CauseCode[] },
): Promise<readonly string[]> {
  const rows = await release.run(on, [what.patients, what.causes]);
  return rows.map((row) => row.message_id);
}

/** Everything that waits for an event, looked at again: for events that no message told of. */
export async function releaseAllWaiting(on: Queryable): Promise<number> {
  const rows = await release.run(on, [null, [...waitingCauses, ...matchCauses, 'gate/clock-skew']]);
  return rows.length;
}
