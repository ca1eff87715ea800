/** What becomes of sealed copies: gone once a reworded version arrived or their days are over, replaced by an amendment. */
import { sql } from 'kysely';
import type { Completed } from '../core/lane.ts';
import type { MessageId } from '../core/model.ts';
import type { Db } from './database.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

const purge = statement<Record<string, never>>(
  'sealed-purge',
  `with gone as (select id, received_at from message where id = any($1::bigint[]) and sealed),
    kept as (delete from payload_kept using gone where payload_kept.message_id = gone.id)
    delete from payload using gone where payload.message_id = gone.id and payload.received_at = gone.received_at`,
);

/** A newer version, or a void, took their place. Copies that are not sealed stay. */
export async function purgeSealed(on: Queryable, replaced: readonly MessageId[]): Promise<void> {
  if (replaced.length > 0) await purge.run(on, [replaced]);
}

/** Whatever became of their messages. */
export async function purgeOldSealed(db: Db, before: Date): Promise<void> {
  await sql`with gone as (select id, received_at from message where sealed and received_at < ${before}),
    kept as (delete from payload_kept using gone where payload_kept.message_id = gone.id)
    delete from payload using gone where payload.message_id = gone.id and payload.received_at = gone.received_at`.execute(
    db,
  );
}

const reword = statement<Record<string, never>>(
  'sealed-reword',
  `with target as (
      select m.id, m.received_at, convert_to(x.body, 'UTF8') as body, x.message_id as by
      from jsonb_to_recordset($1::jsonb) as x (
        message_id bigint, destination text, patient_key uuid, token bigint, source text, record_id text, body text)
      join lane on lane.destination = x.destination and lane.patient_key = x.patient_key and lane.lease_token = x.token
      join record r on r.source = x.source and r.record_id = x.record_id
      join message m on m.id = r.latest_message and m.state = 'held' and m.cause = 'gate/sensitive-text'
    ), new_payload as (
      update payload set body = target.body from target
      where payload.message_id = target.id and payload.received_at = target.received_at
    ), new_kept as (
      update payload_kept set body = target.body from target where payload_kept.message_id = target.id
    ), settled as (
      update delivery set state = 'filed', cause = null from target
      where delivery.message_id = target.id and delivery.state = 'held'
    ), told as (
      insert into event (message_id, state, detail, actor)
      select id, 'filed', 'Reworded by message ' || by || '.', 'system' from target
    )
    update message set state = 'filed', cause = null, sealed = false, format = 'activity',
      content_type = 'application/json', changed_at = clock_timestamp()
    from target where message.id = target.id`,
);

/** A record that was held for its wording stands as its amendment says: so does the copy of it, and no other. */
export async function rewordRecords(on: Queryable, completed: readonly Completed[]): Promise<void> {
  const rows = completed.flatMap(({ messageId, lane, source, recordId, rewords }) =>
    rewords === undefined
      ? []
      : [
          {
            message_id: messageId,
            destination: lane.destination,
            patient_key: lane.patientKey,
            token: lane.token,
            source,
            record_id: recordId,
            body: JSON.stringify(rewords),
          },
        ],
  );
  if (rows.length > 0) await reword.run(on, [asJsonb(rows)]);
}
