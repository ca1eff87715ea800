/** The ledger as the workers of one destination see it. What several of them ask or write at once goes together. */
import type pg from 'pg';
import {
  type ClaimedLane,
  type Completed,
  type LaneEnd,
  type PersonContext,
  type RecordName,
  waitingCauses,
} from '../core/lane.ts';
import type { CauseCode } from '../core/causes.ts';
import type { DestinationId, MessageId, PatientKey } from '../core/model.ts';
import { createAlike } from './alike.ts';
import { disclosuresOf } from './disclosures.ts';
import {
  type AskedPerson,
  inFlightElsewhere,
  ownedLinks,
  peopleContext,
  peopleTold,
  recordPayloads,
  recordStates,
} from './context.ts';
import { gather } from './gather.ts';
import { type AskedLabs, type KnownLabs, labsKnown } from './labs.ts';
import { claim, complete, extendLeases, finishLanes, nextDueMs } from './lanes.ts';
import type { Seal } from './seal.ts';
import { linkCertain } from './match-decisions.ts';
import { releaseWaiting } from './release.ts';
import { blamesData } from './storable.ts';

export type LaneLedgerOptions = {
  readonly destination: DestinationId;
  /** Names this process in the lane rows: host and pid, say. */
  readonly worker: string;
  /** Messages taken from one lane at a time. */
  readonly perLane: number;
  readonly leaseMs: number;
  /** Opens sealed copies, in memory alone. */
  readonly seal?: Seal;
};

/** Many lanes are worked on at once: a statement for several of them costs half of what theirs would. */
const together = { most: 64, lingerMs: 5 };

export function createLaneLedger(on: pg.Pool, options: LaneLedgerOptions) {
  const { destination, worker, perLane, leaseMs, seal } = options;
  const opened = (body: Uint8Array | undefined): Uint8Array | undefined =>
    body === undefined || seal === undefined
      ? body
      : seal.open(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  const completions = gather<Completed, boolean>((batch) => complete(on, batch), { ...together, apart: blamesData });
  const ends = gather<LaneEnd, void>(async (batch) => {
    await finishLanes(on, batch);
    return batch.map(() => undefined);
  }, together);
  const people = gather<AskedPerson, PersonContext>((asked) => peopleContext(on, destination, asked), together);
  const labs = gather<AskedLabs, KnownLabs>((asked) => labsKnown(on, destination, asked), together);
  return {
    claim: async (lanes: number) =>
      (await claim(on, { destination, worker, lanes, perLane, leaseMs })).map((lane) => ({
        ...lane,
        work: lane.work.map((work) => ({ ...work, body: opened(work.body) })),
      })),
    extend: (lanes: readonly ClaimedLane[]) => extendLeases(on, destination, lanes, leaseMs),
    complete: async (completed: Completed) => (await completions.add([completed]))[0] ?? false,
    finish: async (end: LaneEnd) => {
      await ends.add([end]);
    },
    nextDueMs: () => nextDueMs(on, destination),
    personContext: async (patientKey: PatientKey, prefix: string, records: readonly RecordName[]) =>
      theOne(await people.add([{ patientKey, prefix, records }])),
    recordStates: (records: readonly RecordName[]) => recordStates(on, records),
    inFlightElsewhere: (record: RecordName, patient: PatientKey) => inFlightElsewhere(on, destination, record, patient),
    peopleTold: (record: RecordName) => peopleTold(on, record),
    recordPayloads: async (record: RecordName, before: MessageId) =>
      (await recordPayloads(on, record, before)).flatMap((payload) => {
        const body = opened(payload.body);
        return body === undefined ? [] : [{ ...payload, body }];
      }),
    ownedLinks: (record: RecordName) => ownedLinks(on, destination, record),
    labKnown: async (patientKey: PatientKey, asked: Omit<AskedLabs, 'patientKey'>) =>
      theOne(await labs.add([{ patientKey, ...asked }])),
    ...createAlike(on, destination),
    linkCertain: (patient: PatientKey) => linkCertain(on, destination, patient),
    releaseWaiting: async (patient: PatientKey, causes: readonly CauseCode[] = []) => {
      await releaseWaiting(on, { patients: [patient], causes: [...waitingCauses, ...causes] });
    },
    disclosures: (patient: PatientKey) => disclosuresOf(on, { patient }),
  };
}

function theOne<T>([answer]: readonly T[]): T {
  if (answer === undefined) throw new Error('The ledger answered nothing.');
  return answer;
}
