/** What the pipeline is given by `main.ts`. */
import type { Activity } from '../core/activity.ts';
import type { CauseCode } from '../core/causes.ts';
import type { RetryPolicy } from '../core/decide.ts';
import type { RecordedDisclosure } from '../core/disclosure.ts';
import type { Gates } from '../core/gates/index.ts';
import type { Receives } from '../core/gates/minimum.ts';
import type {
  ClaimedLane,
  Completed,
  LaneEnd,
  OwnedLink,
  PersonContext,
  RecordName,
  RecordState,
  StoredPayload,
} from '../core/lane.ts';
import type { KnownAlike } from '../core/matching/candidates.ts';
import type { Demographics } from '../core/matching/demographics.ts';
import type { MatchingRules } from '../core/matching/judge.ts';
import type { DestinationId, MessageId, PatientKey } from '../core/model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { LabDeps, LabLedger } from './lab/deps.ts';
import type { Clock, Destination, Log, Mapper, MappingContext, Performer, Validate } from '../core/ports.ts';

/** Raw bytes of a source to the canonical activity, with the configuration of now. */
export type Payload = {
  readonly source: string;
  readonly format: string;
  readonly contentType: string;
  readonly body: Uint8Array;
};

export type ReadActivity = (payload: Payload) => Outcome<Activity>;

/** The part of the ledger the pipeline works with, bound to one destination. */
export type LaneLedger = LabLedger & {
  readonly claim: (lanes: number) => Promise<readonly ClaimedLane[]>;
  readonly extend: (lanes: readonly ClaimedLane[]) => Promise<ReadonlySet<PatientKey>>;
  readonly complete: (completed: Completed) => Promise<boolean>;
  readonly finish: (end: LaneEnd) => Promise<void>;
  readonly nextDueMs: () => Promise<number | undefined>;
  readonly personContext: (
    patient: PatientKey,
    prefix: string,
    records: readonly RecordName[],
  ) => Promise<PersonContext>;
  readonly recordStates: (records: readonly RecordName[]) => Promise<readonly RecordState[]>;
  /** Another version of this record is being filed, or may stand, in the chart of somebody else. */
  readonly inFlightElsewhere: (record: RecordName, patient: PatientKey) => Promise<boolean>;
  /** Of whom the record says something, as it counts now: somebody else, until a record that moved is filed. */
  readonly peopleTold: (record: RecordName) => Promise<readonly PatientKey[]>;
  readonly recordPayloads: (record: RecordName, before: MessageId) => Promise<readonly StoredPayload[]>;
  /** `causes`: beside those that wait for another record. */
  readonly releaseWaiting: (patient: PatientKey, causes?: readonly CauseCode[]) => Promise<void>;
  /** What left the clinic about this person so far, newest first. */
  readonly disclosures: (patient: PatientKey) => Promise<readonly RecordedDisclosure[]>;
  /** What still stands of a record, in whichever chart. */
  readonly ownedLinks: (record: RecordName) => Promise<readonly OwnedLink[]>;
  readonly described: (
    patient: PatientKey,
  ) => Promise<{ readonly told: Demographics; readonly rejected: readonly string[] }>;
  readonly alike: (patient: PatientKey, keys: readonly string[]) => Promise<readonly KnownAlike[]>;
  readonly onCharts: (
    patient: PatientKey,
    charts: readonly { readonly reference: string; readonly mrn?: string }[],
  ) => Promise<readonly KnownAlike[]>;
  /** Links the person to the one candidate that is certain. False when that is not so any more. */
  readonly linkCertain: (patient: PatientKey) => Promise<boolean>;
};

export type PipelineDeps = {
  readonly ledger: LaneLedger;
  readonly destination: Destination;
  readonly read: ReadActivity;
  /** The configuration says that this form is deliberately not filed. */
  readonly ignores: (payload: Payload) => boolean;
  /** The mapper of now: asked once for each message, so that a message is prepared with one set of maps. */
  readonly mapper: () => Mapper;
  readonly validate: Validate;
  readonly gates: Gates;
  readonly labs: LabDeps;
  /** What this destination gets of an activity. */
  readonly receives: Receives;
  readonly matching: MatchingRules;
  readonly programme: MappingContext['programme'];
  readonly performer: (system: string, id: string) => Performer;
  readonly policy: RetryPolicy;
  /** `lane`: one failed message holds all that follows for that patient; `dependants`: only what builds on it. */
  readonly onFailure: 'dependants' | 'lane';
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observe: (completed: Completed, destination: DestinationId) => void;
};

/** What preparing one message takes. */
export type PrepareDeps = Omit<PipelineDeps, 'mapper'> & { readonly mapper: Mapper };
