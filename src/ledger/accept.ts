/**
 * Accepting: the one way into the ledger. Raw bytes, message, delivery, lane and history are one transaction, and the
 * receipt leaves only after its commit. Items that arrive together commit together.
 */
import type pg from 'pg';
import type { Identity, KnownPerson } from '../core/person.ts';
import { classify, type StandingRecord } from '../core/version.ts';
import { matchCauses, type RecordName } from '../core/lane.ts';
import { nobody } from '../core/model.ts';
import type { DestinationId, MessageId, MessageState, PatientKey, Receipt } from '../core/model.ts';
import type { Failure } from '../core/outcome.ts';
import type { Accept, Incoming } from '../core/ports.ts';
import { readHead, writeBatch, writePayloads } from './accept-statements.ts';
import { asLedgerUnavailable } from './database.ts';
import { gather } from './gather.ts';
import { IntakeGone, takeIntake } from './intake.ts';
import { keepDemographics, toldOf } from './demographics.ts';
import { identitiesOfBatch, type PeopleOfBatch, recogniseAll } from './patients.ts';
import type { EscalationPolicy } from '../core/escalation.ts';
import { flagsOfBatch, writeEscalations } from './escalations-open.ts';
import { purgeSealed } from './sealed.ts';
import { releaseWaiting } from './release.ts';
import { blamesData, storable } from './storable.ts';

const mostPerCommit = 512;
/** Serialization, deadlock, and somebody else made the same record or identity in the same moment. */
const tryAgain = new Set(['40001', '40P01', '23505']);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

export type Acceptor = { readonly accept: Accept; readonly idle: () => Promise<void> };

/** `onAccepted` is told after each commit: a wake-up may be sent. It must not throw. */
export function createAcceptor(options: {
  readonly pool: pg.Pool;
  readonly destinations: readonly DestinationId[];
  readonly escalation: EscalationPolicy;
  /** Seals the copy of what must not be read. */
  readonly seal?: (item: Incoming) => Incoming;
  readonly onAccepted: (receipts: readonly Receipt[], items: readonly Incoming[]) => void;
}): Acceptor {
  const gathered = gather<Incoming, Receipt>(
    async (items) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await commit(options.pool, options.destinations, options.escalation, items);
        } catch (error) {
          const again = tryAgain.has(codeOf(error));
          if (!again || tries === 5) throw asLedgerUnavailable(error);
        }
      }
    },
    {
      most: mostPerCommit,
      // What was taken by somebody else must not hinder what came beside it.
      apart: (error) => blamesData(error) || codeOf(error) === IntakeGone.code,
    },
  );
  return {
    idle: gathered.idle,
    accept: async (items) => {
      if (items.length === 0) return [];
      const sealing = options.seal ?? ((item: Incoming) => item);
      const receipts = await gathered.add(items.map((item) => sealing(storable(item))));
      options.onAccepted(receipts, items);
      return receipts;
    },
  };
}

async function commit(
  pool: pg.Pool,
  destinations: readonly DestinationId[],
  escalation: EscalationPolicy,
  items: readonly Incoming[],
): Promise<readonly Receipt[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const given = items.map((item) => item.patient);
    const records = recordsOf(items);
    const identities = identitiesOfBatch(given);
    const [, head] = await Promise.all([
      client.query('begin'),
      readHead(client, { count: items.length, records, identities }),
      // Accepted and taken out of the intake at once, or neither.
      takeIntake(
        client,
        items.flatMap(({ intake }) => intake ?? []),
      ),
    ]);
    const people = recogniseAll(given, head.people);
    const batch = place(items, head.ids, people, head.records);
    const told = toldOf(given, people);
    if (told.length > 0) await keepDemographics(client, told);
    const flags = flagsOfBatch(batch);
    const escalated = flags === undefined ? undefined : writeEscalations(client, head.at, flags, escalation);
    const writes = [
      ...(escalated === undefined ? [] : [escalated]),
      writeBatch(client, { at: head.at, destinations, batch, people }),
      writePayloads(client, head.at, batch.placed),
      purgeSealed(client, [...batch.replaced.keys(), ...batch.withdrawn.keys()]),
      ...(people.learnt.length === 0 ? [] : [releaseWaiting(client, { patients: people.learnt, causes: matchCauses })]),
      client.query('commit'),
    ];
    // All of them are on their way; the commit of a transaction that failed is a rollback.
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const seen = await escalated;
    return batch.placed.map(({ id, item, state, duplicateOf }) => {
      const escalations =
        item.flags === undefined ? undefined : seen?.get(nameOf(item.source, item.record?.id ?? `message ${id}`));
      return {
        id,
        state,
        ...(duplicateOf === undefined ? {} : { duplicateOf }),
        ...(escalations === undefined ? {} : { escalations }),
      };
    });
  } catch (error) {
    broken = error instanceof Error ? error : new Error('unknown');
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release(broken !== undefined && !('code' in broken) ? broken : undefined);
  }
}

export type Head = {
  /** The time of receipt: the database's clock, to the millisecond. */
  readonly at: Date;
  readonly ids: readonly MessageId[];
  readonly records: readonly (RecordName & {
    readonly standing: StandingRecord | undefined;
    readonly voidedBy: MessageId | undefined;
  })[];
  readonly people: readonly KnownPerson[];
};

export type HeadRequest = {
  readonly count: number;
  readonly records: readonly RecordName[];
  readonly identities: readonly Identity[];
};

export type Placed = {
  readonly id: MessageId;
  readonly item: Incoming;
  readonly state: MessageState;
  readonly hold: Failure | undefined;
  readonly patient: PatientKey | undefined;
  /** Absent: nothing to deliver now. */
  readonly lane: PatientKey | undefined;
  readonly duplicateOf: MessageId | undefined;
  readonly replacedBy: MessageId | undefined;
  readonly targetRecord: string | undefined;
};

/** A record as it is to stand after the batch. */
export type RecordRow = RecordName & {
  readonly isNew: boolean;
  readonly standing: StandingRecord | undefined;
  readonly voidedBy: MessageId | undefined;
};

export type Batch = {
  readonly placed: readonly Placed[];
  readonly records: readonly RecordRow[];
  /** Earlier messages, and what takes their place. */
  readonly replaced: ReadonlyMap<MessageId, MessageId>;
  /** Earlier messages that a void is about, and the void. */
  readonly withdrawn: ReadonlyMap<MessageId, MessageId>;
};

const nameOf = (source: string, recordId: string): string => `${source}\n${recordId}`;

/** The record that a void or an amendment is about. */
const targetOf = (item: Incoming): string | undefined =>
  item.kind === 'void' || item.kind === 'amend' ? item.dependsOn?.[0] : undefined;

/** Records these items name: their own, and the targets of voids and amendments. */
function recordsOf(items: readonly Incoming[]): readonly RecordName[] {
  const records = new Map<string, RecordName>();
  for (const item of items) {
    for (const recordId of [item.record?.id, targetOf(item)]) {
      if (recordId !== undefined) records.set(nameOf(item.source, recordId), { source: item.source, recordId });
    }
  }
  // One order for everybody: two accepting processes cannot lock each other out.
  return [...records.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

/** Decides for each item, in order, what it is beside what stands. Pure. */
function place(
  items: readonly Incoming[],
  ids: readonly MessageId[],
  people: PeopleOfBatch,
  known: Head['records'],
): Batch {
  const existing = new Set(known.map((record) => nameOf(record.source, record.recordId)));
  const records = new Map<string, RecordRow>();
  for (const record of known) records.set(nameOf(record.source, record.recordId), { ...record, isNew: false });
  const touched = new Set<string>();
  const replaced = new Map<MessageId, MessageId>();
  const withdrawn = new Map<MessageId, MessageId>();

  const decided = items.map((item, index): Placed => {
    const id = ids[index] as MessageId;
    const person = people.people[index];
    const patient = person?.conflict === undefined ? person?.key : undefined;
    const targetRecord = targetOf(item);
    const target = targetRecord === undefined ? undefined : records.get(nameOf(item.source, targetRecord));
    const lane = target?.standing?.patientKey ?? patient ?? nobody;
    const base = { id, item, patient, targetRecord, lane: undefined, duplicateOf: undefined, replacedBy: undefined };
    let hold = item.hold ?? person?.conflict;

    if (item.record !== undefined) {
      const name = nameOf(item.source, item.record.id);
      const before = records.get(name);
      const standing = before?.standing;
      const arrival = classify(item.record, standing);
      if (standing !== undefined && (arrival === 'duplicate' || arrival === 'older')) {
        const by = standing.latestMessage;
        return {
          ...base,
          state: 'superseded',
          hold: undefined,
          ...(arrival === 'duplicate' ? { duplicateOf: by } : { replacedBy: by }),
        };
      }
      if (arrival === 'conflict') {
        const version = String(item.record.version);
        hold = { cause: 'record/version-conflict', detail: `Version ${version} stands with other content.` };
      } else {
        if (standing !== undefined) replaced.set(standing.latestMessage, id);
        records.set(name, {
          source: item.source,
          recordId: item.record.id,
          isNew: !existing.has(name),
          voidedBy: before?.voidedBy,
          standing: next(standing, id, item.record, patient),
        });
        touched.add(name);
      }
    }
    if (item.kind === 'void' && targetRecord !== undefined) {
      const name = nameOf(item.source, targetRecord);
      if (target?.standing !== undefined) withdrawn.set(target.standing.latestMessage, id);
      records.set(name, {
        source: item.source,
        recordId: targetRecord,
        isNew: !existing.has(name),
        standing: target?.standing,
        voidedBy: id,
      });
      touched.add(name);
    }
    return hold === undefined ? { ...base, state: 'received', hold, lane } : { ...base, state: 'held', hold };
  });
  // Replaced inside this very batch: never handed to a lane.
  const placed = decided.map((one): Placed => {
    const by = replaced.get(one.id);
    return by === undefined ? one : { ...one, state: 'superseded', hold: undefined, lane: undefined, replacedBy: by };
  });
  const rows = [...touched].sort().flatMap((name) => records.get(name) ?? []);
  return { placed, replaced, withdrawn, records: rows };
}

function next(
  before: StandingRecord | undefined,
  id: MessageId,
  record: NonNullable<Incoming['record']>,
  patient: PatientKey | undefined,
): StandingRecord {
  const moved = before?.patientKey !== undefined && patient !== undefined && before.patientKey !== patient;
  const patientKey = patient ?? before?.patientKey;
  return {
    latestMessage: id,
    latestHash: record.contentHash,
    generation: (before?.generation ?? 1) + (moved ? 1 : 0),
    ...(record.version === undefined ? {} : { latestVersion: record.version }),
    ...(patientKey === undefined ? {} : { patientKey }),
  };
}
