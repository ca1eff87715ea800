/** What a person does with a message: retry, release, void. State, history and audit are one transaction. */
import { type Kysely, sql } from 'kysely';
import type { CauseCode } from '../core/causes.ts';
import type { DestinationId, MessageId, MessageState, PatientKey } from '../core/model.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import type { ActionResult } from '../core/story.ts';
import type { Db } from './database.ts';
import { recogniseAll } from './patients.ts';
import { releaseWaiting } from './release.ts';
import { waitingCauses } from '../core/lane.ts';

type Tx = Kysely<Record<string, never>>;

type Row = {
  id: string;
  state: MessageState;
  cause: CauseCode | null;
  source: string;
  record_id: string | null;
  version: string | null;
  content_hash: string | null;
  patient_key: PatientKey | null;
  identifiers: PatientIdentifiers | null;
};

async function lock(tx: Tx, id: MessageId): Promise<Row | undefined> {
  if (!/^\d{1,18}$/.test(id)) return undefined;
  const { rows } =
    await sql<Row>`select id::text, state, cause, source, record_id, version::text, content_hash, patient_key, identifiers
    from message where id = ${id} for update`.execute(tx);
  return rows[0];
}

const unknown: ActionResult = { ok: false, refused: 'There is no message with this id.' };

async function audit(tx: Tx, actor: string, action: string, id: MessageId, detail?: string): Promise<void> {
  await sql`insert into audit (actor, action, message_id, detail) values (${actor}, ${action}, ${id}, ${detail ?? null})`.execute(
    tx,
  );
}

/** Due again, in its old place of its lane, for every destination where it is not filed. */
async function makeDue(tx: Tx, row: Row, destinations: readonly DestinationId[], actor: string): Promise<void> {
  const lane = await laneOf(tx, row);
  await sql`
    with again as (
      insert into delivery (message_id, destination, lane, state)
      select ${row.id}, destination, ${lane}, 'due' from unnest(${destinations}::text[]) as t (destination)
      on conflict (message_id, destination) do update set state = 'due', cause = null, attempts = 0, first_attempt_at = null,
        lane = excluded.lane where delivery.state in ('held', 'failed', 'superseded')
      returning destination
    ), woken as (
      insert into lane (destination, patient_key, due_at, changes) select destination, ${lane}, clock_timestamp(), 1 from again
      on conflict (destination, patient_key) do update set changes = lane.changes + 1,
        due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
    ), told as (
      insert into event (message_id, state, actor) values (${row.id}, 'received', ${actor})
    )
    update message set state = 'received', cause = null, changed_at = clock_timestamp() where id = ${row.id}`.execute(
    tx,
  );
}

async function laneOf(tx: Tx, row: Row): Promise<PatientKey> {
  if (row.patient_key !== null) return row.patient_key;
  const { people } = await recogniseAll(tx, [row.identifiers ?? undefined]);
  const person = people[0];
  if (person === undefined || person.conflict !== undefined)
    return '00000000-0000-0000-0000-000000000000' as PatientKey;
  await sql`update message set patient_key = ${person.key} where id = ${row.id}`.execute(tx);
  return person.key;
}

/** A held or failed message is tried again, with the mapping, configuration and identifiers of now. */
export function retryMessage(
  db: Db,
  destinations: readonly DestinationId[],
  id: MessageId,
  actor: string,
): Promise<ActionResult> {
  return db.transaction().execute(async (tx) => {
    const row = await lock(tx, id);
    if (row === undefined) return unknown;
    if (row.state !== 'held' && row.state !== 'failed') {
      return { ok: false, refused: `Only a held or failed message can be retried; this one is ${row.state}.` };
    }
    if (row.cause === 'record/version-conflict' || row.cause === 'record/voided') {
      return { ok: false, refused: 'A retry cannot decide this; release it, or void it.' };
    }
    await makeDue(tx, row, destinations, actor);
    await audit(tx, actor, 'retry', id);
    return { ok: true, state: 'received' };
  });
}

/** A person takes the decision that a held message asked for: reviewed, stands again, or replaces the version that stands. */
export function releaseMessage(
  db: Db,
  destinations: readonly DestinationId[],
  id: MessageId,
  actor: string,
): Promise<ActionResult> {
  return db.transaction().execute(async (tx) => {
    const row = await lock(tx, id);
    if (row === undefined) return unknown;
    const releasable: readonly (CauseCode | null)[] = ['gate/review', 'record/voided', 'record/version-conflict'];
    if (row.state !== 'held' || !releasable.includes(row.cause)) {
      return {
        ok: false,
        refused: `Nothing here is for a person to release (${row.state}${row.cause === null ? '' : `, ${row.cause}`}). Try retry.`,
      };
    }
    await audit(tx, actor, 'release', id, row.cause ?? undefined);
    if (row.cause === 'record/version-conflict') {
      await sql`update record set latest_message = ${id}, latest_version = ${row.version}, latest_hash = ${row.content_hash}
        where source = ${row.source} and record_id = ${row.record_id}`.execute(tx);
    }
    if (row.cause === 'record/voided') {
      await sql`update record set voided_by = null where source = ${row.source} and record_id = ${row.record_id}`.execute(
        tx,
      );
    }
    await makeDue(tx, row, destinations, actor);
    return { ok: true, state: 'received' };
  });
}

/**
 * Takes back a message that has filed nothing. What is in the chart is voided by its source (a void activity), so that
 * both sides agree.
 */
export function voidMessage(db: Db, id: MessageId, actor: string): Promise<ActionResult> {
  return db.transaction().execute(async (tx) => {
    const row = await lock(tx, id);
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
    const { rows } = await sql<{
      reference: string;
    }>`select reference from link where message_id = ${id} limit 1`.execute(tx);
    if (rows.length > 0) {
      return { ok: false, refused: 'A part of it stands in the chart. Send a void activity for its record.' };
    }
    await sql`
      with gone as (update delivery set state = 'voided', cause = null where message_id = ${id}),
      told as (insert into event (message_id, state, actor) values (${id}, 'voided', ${actor}))
      update message set state = 'voided', cause = null, changed_at = clock_timestamp() where id = ${id}`.execute(tx);
    await audit(tx, actor, 'void', id);
    if (row.patient_key !== null) await releaseWaiting(tx, { patients: [row.patient_key], causes: waitingCauses });
    return { ok: true, state: 'voided' };
  });
}
