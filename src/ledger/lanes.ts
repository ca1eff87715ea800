/**
 * Lanes: claiming work in batches under a lease, and writing down what became of it. Only the database's clock counts,
 * and every write of a worker carries the token of its lease: one that lost it changes nothing.
 */
import { gzipSync } from 'node:zlib';
import type { ClaimedLane, Completed, LaneEnd, Work } from '../core/lane.ts';
import type { DestinationId, Exchange, MessageId, PatientKey } from '../core/model.ts';
import {
  ages,
  type ClaimRow,
  claimLanes,
  completeMessages,
  extend,
  finish,
  leave,
  nextDue,
  oldestDue,
  settle,
  sweep,
} from './lane-statements.ts';
import { joined } from './bytes.ts';
import type { Queryable } from './statement.ts';
import { rewordRecords } from './sealed.ts';
import { recordDisclosures } from './disclosures.ts';
import { labRows, withdrawLabs } from './labs.ts';
import { asJsonb } from './storable.ts';
import { recordLooks } from './matches.ts';
import { recordUnmapped } from './unmapped.ts';
import { recordWorkList } from './work-list.ts';

/** Takes up to `lanes` due lanes of a destination, each with its next `perLane` messages in order. */
export async function claim(
  on: Queryable,
  options: {
    readonly destination: DestinationId;
    readonly worker: string;
    readonly lanes: number;
    readonly perLane: number;
    readonly leaseMs: number;
  },
): Promise<readonly ClaimedLane[]> {
  const { destination, perLane } = options;
  const rows = await claimLanes.run(on, [destination, options.lanes, options.leaseMs, options.worker, perLane]);

  const lanes = new Map<PatientKey, Omit<ClaimedLane, 'work' | 'more'> & { work: Work[] }>();
  for (const row of rows) {
    const lane = lanes.get(row.patient_key) ?? {
      destination,
      patientKey: row.patient_key,
      token: row.lease_token,
      changes: row.changes,
      failedFrom: (row.failed_from ?? undefined) as MessageId | undefined,
      hasHeld: row.has_held,
      work: [],
    };
    lanes.set(row.patient_key, lane);
    if (row.message_id !== null) lane.work.push(workOf(row, row.message_id));
  }
  return [...lanes.values()].map((lane) => ({ ...lane, more: lane.work.length === perLane }));
}

function workOf(row: ClaimRow, messageId: string): Work {
  return {
    messageId: messageId as MessageId,
    attempts: row.attempts,
    deaths: row.deaths,
    elapsedMs: row.elapsed_ms ?? 0,
    doubt: row.doubt,
    anew: row.anew,
    source: row.source,
    recordId: row.record_id ?? undefined,
    kind: row.kind,
    format: row.format,
    contentType: row.content_type,
    receivedAt: row.received_at,
    identifiers: row.identifiers ?? undefined,
    body: row.body ?? undefined,
    released: row.released,
    record:
      row.generation === null
        ? undefined
        : {
            latestMessage: (row.latest_message ?? undefined) as MessageId | undefined,
            generation: row.generation,
            patientKey: row.record_patient ?? undefined,
            voidedBy: (row.voided_by ?? undefined) as MessageId | undefined,
          },
  };
}

/** Keeps the leases of lanes still worked on. Returns those that are ours no longer. */
export async function extendLeases(
  on: Queryable,
  destination: DestinationId,
  lanes: readonly Pick<ClaimedLane, 'patientKey' | 'token'>[],
  leaseMs: number,
): Promise<ReadonlySet<PatientKey>> {
  const rows = await extend.run(on, [leaseMs, lanes.map((l) => l.patientKey), lanes.map((l) => l.token), destination]);
  const kept = new Set(rows.map((row) => row.patient_key));
  return new Set(lanes.map((lane) => lane.patientKey).filter((key) => !kept.has(key)));
}

/** Writes all of it in one statement, one commit. Returns for each whether the lease was still ours. */
export async function complete(on: Queryable, completed: readonly Completed[]): Promise<readonly boolean[]> {
  // Before: a worker that dies in between leaves a code in the queue, not a message that waits for nothing.
  if (completed.some(({ unmapped }) => unmapped.length > 0)) await recordUnmapped(on, completed);
  if (completed.some(({ rewords }) => rewords !== undefined)) await rewordRecords(on, completed);
  // Before as well: a disclosure too many in the account is better than one that nobody knows of.
  if (completed.some(({ disclosures = [] }) => disclosures.length > 0)) await recordDisclosures(on, completed);
  if (completed.some(({ workList }) => workList !== undefined)) await recordWorkList(on, completed);
  if (completed.some(({ look }) => look !== undefined)) await recordLooks(on, completed);
  const rows = completed.map((one) => ({
    message_id: one.messageId,
    destination: one.lane.destination,
    patient_key: one.lane.patientKey,
    token: one.lane.token,
    state: one.progress.state,
    delivery_state: one.progress.state === 'again' ? 'due' : one.progress.state,
    cause: 'failure' in one.progress ? one.progress.failure.cause : undefined,
    detail: 'failure' in one.progress ? one.progress.failure.detail : one.progress.detail,
    issues: 'failure' in one.progress ? one.progress.failure.issues : one.progress.issues,
    attempted: one.exchanges.length > 0,
    number: one.attempt,
    started_at: one.startedAt,
    duration_ms: Math.round(one.durationMs),
    mapping_version: one.mappingVersion,
    ambiguous: one.doubt,
    void_source: one.voids?.source,
    void_record: one.voids?.recordId,
    reference: one.patient?.reference,
    display: one.patient?.display,
  }));
  const links = completed.flatMap((one) =>
    one.links.map((link) => ({
      message_id: one.messageId,
      destination: one.lane.destination,
      patient_key: one.lane.patientKey,
      token: one.lane.token,
      source: one.source,
      record_id: one.recordId,
      artifact: link.artifact,
      resource_type: link.resourceType,
      reference: link.reference,
      version_id: link.versionId,
      action: link.action,
      tier: link.tier,
      owned: link.owned,
      sent: link.sent,
    })),
  );
  const said = completed.flatMap((one) =>
    one.facts === undefined || one.recordId === undefined
      ? []
      : [
          {
            message_id: one.messageId,
            destination: one.lane.destination,
            source: one.source,
            record_id: one.recordId,
            facts: one.facts,
          },
        ],
  );
  const told = labRows(completed);
  const attempts = completed.filter((one) => one.exchanges.length > 0);
  const exchanges = joined(attempts.map((one) => pack(one.exchanges)));
  const kept = await completeMessages.run(on, [
    asJsonb(rows),
    asJsonb(links),
    attempts.map((one) => one.messageId),
    attempts.map((one) => one.lane.destination),
    exchanges.bytes,
    asJsonb(said),
    asJsonb(told),
    exchanges.starts,
    exchanges.sizes,
  ]);
  if (completed.some(({ labMoved, voids }) => (labMoved ?? []).length > 0 || voids !== undefined))
    await withdrawLabs(on, completed);
  const overlooked = kept.filter((row) => row.overlooked).map((row) => row.message_id);
  if (overlooked.length > 0) await settle.run(on, [overlooked]);
  const still = new Set(kept.map((row) => `${row.message_id} ${row.destination}`));
  const isKept = (one: Completed): boolean => still.has(`${one.messageId} ${one.lane.destination}`);
  for (const one of completed) {
    // Else a later look at the person would build on what is gone.
    if (one.moved === true && one.recordId !== undefined && isKept(one)) await leave.run(on, leftBy(one));
  }
  return completed.map(isKept);
}

const leftBy = ({ lane, messageId, source, recordId, links }: Completed): readonly unknown[] => [
  lane.destination,
  messageId,
  source,
  recordId,
  lane.patientKey,
  links.filter(({ action }) => action === 'voided').map(({ artifact }) => artifact),
];

const pack = (exchanges: readonly Exchange[]): Buffer => gzipSync(JSON.stringify(exchanges), { level: 1 });

/** Messages all of whose deliveries ended, but that do not say so. Returns how many there were. */
export async function settleMessages(on: Queryable): Promise<number> {
  const rows = await settle.run(on, [null]);
  return rows.length;
}

/** Gives lanes back. An arrival that came while a lane was worked on makes it due again. */
export async function finishLanes(on: Queryable, ends: readonly LaneEnd[]): Promise<void> {
  const rows = ends.map(({ lane, againInMs, untried }) => ({
    destination: lane.destination,
    patient_key: lane.patientKey,
    token: lane.token,
    changes: lane.changes,
    again_ms: againInMs,
    untried,
  }));
  await finish.run(on, [asJsonb(rows)]);
}

/** When the next lane of a destination is due, in ms from now (0 or less: overdue); undefined when all is done. */
export async function nextDueMs(on: Queryable, destination: DestinationId): Promise<number | undefined> {
  const rows = await nextDue.run(on, [destination]);
  return rows[0]?.ms ?? undefined;
}

/** Age in ms of the oldest due work nobody holds, over those of these destinations that are not paused. */
export async function oldestDueMs(on: Queryable, destinations: readonly DestinationId[]): Promise<number | undefined> {
  const rows = await oldestDue.run(on, [destinations]);
  return rows[0]?.ms ?? undefined;
}

/**
 * Rebuilds what a lost write could have lost: a lane that has open deliveries but no due time, and nobody at work.
 * Returns how many were found.
 */
export async function sweepLanes(on: Queryable): Promise<number> {
  const rows = await sweep.run(on, []);
  return rows.length;
}

/** Per destination with due work: how long the oldest has been due, in ms. */
export async function laneAges(
  on: Queryable,
): Promise<readonly { readonly destination: string; readonly ageMs: number }[]> {
  const rows = await ages.run(on, []);
  return rows.map((row) => ({ destination: row.destination, ageMs: row.age_ms }));
}
