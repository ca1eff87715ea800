/** What a person does with a message: retry, release, void. State, history and audit are one transaction. */
import type pg from 'pg';
import type { CauseCode } from '../core/causes.ts';
import { waitingCauses } from '../core/lane.ts';
import { isMessageId, nobody } from '../core/model.ts';
import type { DestinationId, MessageId, MessageState, PatientKey } from '../core/model.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import type { ActionResult } from '../core/story.ts';
import { identitiesOf } from '../core/person.ts';
import { recogniseGiven } from './accept-statements.ts';
import { recheckEscalations } from './escalations-recheck.ts';
import { releaseWaiting } from './release.ts';
import { inTransaction } from './transaction.ts';

type Row = {
  readonly id: MessageId;
  readonly state: MessageState;
  readonly cause: CauseCode | null;
  readonly source: string;
  readonly record_id: string | null;
  readonly version: string | null;
  readonly content_hash: string | null;
  readonly patient_key: PatientKey | null;
  readonly identifiers: PatientIdentifiers | null;
};

async function lock(client: pg.ClientBase, id: MessageId): Promise<Row | undefined> {
  if (!isMessageId(id)) return undefined;
  const { rows } = await client.query<Row>(
    `select id::text, state, cause, source, record_id, version::text, content_hash, patient_key, identifiers
     from message where id = $1 for update`,
    [id],
  );
  return rows[0];
}

const unknown: ActionResult = { ok: false, refused: 'There is no message with this id.' };

async function audit(
  client: pg.ClientBase,
  actor: string,
  action: string,
  id: MessageId,
  detail?: string,
): Promise<void> {
  await client.query('insert into audit (actor, action, message_id, detail) values ($1, $2, $3, $4)', [
    actor,
    action,
    id,
    detail ?? null,
  ]);
}

/** Due again, in its old place of its lane, for every destination where it is not filed. */
async function makeDue(
  client: pg.ClientBase,
  row: Row,
  lane: PatientKey,
  destinations: readonly DestinationId[],
  actor: string,
): Promise<void> {
  await client.query(
    `with again as (
      insert into delivery (message_id, destination, lane, state)
      select $1, destination, $2::uuid, 'due' from unnest($3::text[]) as t (destination)
      on conflict (message_id, destination) do update set state = 'due', cause = null, attempts = 0, first_attempt_at = null,
        anew = delivery.cause is not distinct from 'send/gone', lane = excluded.lane where delivery.state in ('held', 'failed', 'superseded')
      returning destination
    ), woken as (
      insert into lane (destination, patient_key, due_at, changes)
      select destination, $2::uuid, clock_timestamp(), 1 from again
      on conflict (destination, patient_key) do update set changes = lane.changes + 1,
        due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
    ), told as (
      insert into event (message_id, state, actor) values ($1, 'received', $4)
    )
    update message set state = 'received', cause = null, patient_key = nullif($2::uuid, $5::uuid), changed_at = clock_timestamp()
    where id = $1`,
    [row.id, lane, destinations, actor, nobody],
  );
}

/**
 * A message held at the door for its identifiers: the person may be recognisable by now. Undefined while the
 * identifiers contradict each other: no lane is its own, and nothing is filed on a guess.
 */
async function laneOf(client: pg.ClientBase, row: Row): Promise<PatientKey | undefined> {
  if (row.patient_key !== null) return row.patient_key;
  if (row.identifiers === null || identitiesOf(row.identifiers).length === 0) return nobody;
  return recogniseGiven(client, row.identifiers);
}

const contradicted: ActionResult = {
  ok: false,
  refused: 'Its identifiers still belong to different patients. Correct them at the source and send the record again.',
};

/** What trying again would decide without anybody having looked. */
const undecided: readonly CauseCode[] = ['record/version-conflict', 'record/voided', 'source/control-id-reused'];

/** A held or failed message is tried again, with the mapping, configuration and identifiers of now. */
export function retryMessage(
  pool: pg.Pool,
  destinations: readonly DestinationId[],
  id: MessageId,
  actor: string,
): Promise<ActionResult> {
  return inTransaction(pool, async (client) => {
    const row = await lock(client, id);
    if (row === undefined) return unknown;
    if (row.state !== 'held' && row.state !== 'failed') {
      return { ok: false, refused: `Only a held or failed message can be retried; this one is ${row.state}.` };
    }
    if (row.cause !== null && undecided.includes(row.cause)) {
      return { ok: false, refused: 'A retry cannot decide this; release it, or void it.' };
    }
    const lane = await laneOf(client, row);
    if (lane === undefined) return contradicted;
    await makeDue(client, row, lane, destinations, actor);
    await audit(client, actor, 'retry', id);
    return { ok: true, state: 'received' };
  });
}

const releasable: readonly (CauseCode | null)[] = [
  'gate/review',
  'gate/part2-review',
  'gate/late',
  'gate/clock-skew',
  'record/voided',
  'record/version-conflict',
  'source/control-id-reused',
  'lab/order-conflict',
  'lab/test-message',
];

/** A person takes the decision that a held message asks for: reviewed, stands again, or replaces the version that stands. */
export function releaseMessage(
  pool: pg.Pool,
  destinations: readonly DestinationId[],
  id: MessageId,
  actor: string,
): Promise<ActionResult> {
  return inTransaction(pool, async (client) => {
    const row = await lock(client, id);
    if (row === undefined) return unknown;
    if (row.state !== 'held' || !releasable.includes(row.cause)) {
      const cause = row.cause === null ? '' : `, ${row.cause}`;
      return { ok: false, refused: `Nothing here is for a person to release (${row.state}${cause}). Try retry.` };
    }
    const lane = await laneOf(client, row);
    if (lane === undefined) return contradicted;
    if (row.cause === 'record/version-conflict') {
      const person = lane === nobody ? null : lane;
      const { rowCount } = await client.query(
        `update record set latest_message = $1, latest_version = $2, latest_hash = $3,
           patient_key = coalesce($6::uuid, patient_key),
           generation = generation + case when patient_key <> $6::uuid then 1 else 0 end
         where source = $4 and record_id = $5 and coalesce(latest_version <= $2, true)`,
        [id, row.version, row.content_hash, row.source, row.record_id, person],
      );
      if (rowCount === 0) return { ok: false, refused: 'A newer version of the record counts by now. Void this one.' };
      await recheckEscalations(client, {
        source: row.source,
        recordId: row.record_id ?? `message ${id}`,
        messageId: id,
      });
    }
    await audit(client, actor, 'release', id, row.cause ?? undefined);
    if (row.cause === 'record/voided') {
      await client.query('update record set voided_by = null where source = $1 and record_id = $2', [
        row.source,
        row.record_id,
      ]);
    }
    await makeDue(client, row, lane, destinations, actor);
    return { ok: true, state: 'received' };
  });
}

/**
 * Takes back a message that has filed nothing. What is in the chart is voided by its source (a void activity), so that
 * both sides agree.
 */
export function voidMessage(pool: pg.Pool, id: MessageId, actor: string): Promise<ActionResult> {
  return inTransaction(pool, async (client) => {
    const row = await lock(client, id);
    if (row === undefined) return unknown;
    if (row.state !== 'held' && row.state !== 'failed') {
      return {
        ok: false,
        refused:
          row.state === 'filed'
            ? 'It stands in the chart. Send a void activity for its record, so that source and chart agree.'
            : `Only a held or failed message can be voided here; this one is ${row.state}.`,
      };
    }
    const { rows } = await client.query('select 1 from link where message_id = $1 limit 1', [id]);
    if (rows.length > 0) {
      return { ok: false, refused: 'A part of it stands in the chart. Send a void activity for its record.' };
    }
    const { rows: doubts } = await client.query('select 1 from delivery where message_id = $1 and doubt limit 1', [id]);
    if (doubts.length > 0) {
      return {
        ok: false,
        refused:
          'An answer was lost: a part of it may stand in the chart. Retry it, or send a void activity for its record; both look first.',
      };
    }
    await client.query(
      `with gone as (update delivery set state = 'voided', cause = null where message_id = $1),
      told as (insert into event (message_id, state, actor) values ($1, 'voided', $2))
      update message set state = 'voided', cause = null, changed_at = clock_timestamp() where id = $1`,
      [id, actor],
    );
    await recheckEscalations(client, { source: row.source, recordId: row.record_id ?? `message ${id}`, messageId: id });
    await audit(client, actor, 'void', id);
    if (row.patient_key !== null) await releaseWaiting(client, { patients: [row.patient_key], causes: waitingCauses });
    return { ok: true, state: 'voided' };
  });
}
