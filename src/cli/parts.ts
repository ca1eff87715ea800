/** What the commands need from the rest of Tejido. `src/assembly/parts.ts` implements it; tests give a fake one. */
import type { People } from '../inbound/deps.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import type { RecordedDisclosure } from '../core/disclosure.ts';
import type { MessageId, PatientKey } from '../core/model.ts';
import type { CapabilityReport } from '../core/ports.ts';
import type {
  ActionResult,
  EscalationAct,
  EscalationActed,
  EscalationEntry,
  EscalationFilter,
  EscalationStory,
  MappingDiff,
  MappingDiffRequest,
  MessageFilter,
  MessagePage,
  MessageStory,
  MessageTally,
  Healing,
  ProgrammeReport,
  Reconciliation,
  Referral,
  ReferralFilter,
  UnmappedEntry,
  WorkItem,
  WorkItemDone,
  WorkItemFilter,
} from '../core/story.ts';

export type Terminal = {
  /** What was asked for: stdout. */
  readonly out: (text: string) => void;
  /** Everything else: stderr. */
  readonly err: (text: string) => void;
  /** stderr is a terminal: progress may move the cursor. */
  readonly interactive: boolean;
};

export type Key = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly systemIds?: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
  readonly lastUsedAt?: Date;
};

type NewKey = {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly systemIds?: readonly string[];
  readonly expiresAt?: Date;
};

/** The ledger, opened for one command. `actor` is recorded with every act. */
export type CliLedger = {
  readonly list: (filter: MessageFilter) => Promise<MessagePage>;
  readonly tally: () => Promise<readonly MessageTally[]>;
  readonly story: (id: MessageId) => Promise<MessageStory | undefined>;
  readonly raw: (id: MessageId, actor: string) => Promise<{ readonly body: Uint8Array } | undefined>;
  readonly retry: (id: MessageId, actor: string) => Promise<ActionResult>;
  readonly release: (id: MessageId, actor: string) => Promise<ActionResult>;
  readonly void: (id: MessageId, actor: string) => Promise<ActionResult>;
  /** What a person does in the chart. */
  readonly workList: (filter: WorkItemFilter) => Promise<readonly WorkItem[]>;
  readonly finishWork: (id: string, actor: string, reference?: string) => Promise<WorkItemDone>;
  /** How many messages go again because a part of them stands in a lesser form. */
  readonly refile: (destination: string | undefined, actor: string) => Promise<number>;
  /** Codes that no ConceptMap lists, and what waits for them. */
  readonly unmapped: () => Promise<readonly UnmappedEntry[]>;
  /** `restrictedToo`: with the codes that only few may see. */
  readonly escalations: {
    readonly list: (filter: EscalationFilter, restrictedToo: boolean) => Promise<readonly EscalationEntry[]>;
    readonly story: (id: string, restrictedToo: boolean) => Promise<EscalationStory | undefined>;
    readonly act: (id: string, act: EscalationAct, actor: string) => Promise<EscalationActed>;
  };
  readonly disclosures: (wanted: {
    readonly patient: PatientKey;
    readonly from?: Date;
    readonly to?: Date;
  }) => Promise<readonly RecordedDisclosure[]>;
  readonly referrals: (filter: ReferralFilter) => Promise<readonly Referral[]>;
  readonly people: People;
  readonly keys: {
    readonly create: (key: NewKey, actor: string) => Promise<{ readonly key: Key; readonly secret: string }>;
    readonly list: () => Promise<readonly Key[]>;
    readonly revoke: (id: string, actor: string) => Promise<boolean>;
  };
  readonly destinations: {
    /** All of the configuration; `since`: of the last pause or resume. */
    readonly list: () => Promise<
      readonly { readonly id: string; readonly paused: boolean; readonly since?: Date; readonly reason?: string }[]
    >;
    readonly setPaused: (id: string, paused: boolean, actor: string, reason?: string) => Promise<void>;
  };
  /** Counts, and asks the destinations what stands there. */
  readonly reconcile: (range: { readonly from?: Date; readonly to?: Date }) => Promise<Reconciliation>;
  readonly report: (asked: Pick<ProgrammeReport, 'from' | 'to' | 'asOf'>) => Promise<ProgrammeReport>;
  /** Files the messages again whose resources do not stand as they should. Work for a running Tejido. */
  readonly heal: (ids: readonly MessageId[], actor: string) => Promise<Healing>;
  readonly close: () => Promise<void>;
};

export type Running = {
  /** Lines for the person who started it: where it listens, that it uses the sandbox, the first key, what to try. */
  readonly notices: readonly string[];
  /** Where it listens; absent in a worker. */
  readonly url?: string;
  /** Loads the maps anew; what is wrong with them stands in the log, and the old ones stay. */
  readonly reload: () => Promise<void>;
  /** Takes nothing new, lets running work end within its limit. */
  readonly stop: () => Promise<void>;
  /** Settles when it ended: resolves after `stop`, rejects when it cannot go on. */
  readonly ended: Promise<void>;
};

/** One connection that was tried. */
export type Tried = { readonly name: string; readonly ok: boolean; readonly says: string; readonly next?: string };

export type CheckReport = {
  readonly connections: readonly Tried[];
  readonly destinations: readonly CapabilityReport[];
};

/** What the rest of Tejido does for a command. */
type Services = {
  /** `all`: doors, lanes, schedules. `worker`: lanes and schedules only. */
  readonly start: (config: Config, role: 'all' | 'worker') => Promise<Running>;
  /** Opens the ledger (starts or adopts the embedded Postgres), without doors or lanes. */
  readonly openLedger: (config: Config) => Promise<CliLedger>;
  /** A shadow run over messages of the past. */
  readonly diffMaps: (
    config: Config,
    request: MappingDiffRequest,
    onProgress: (done: number) => void,
  ) => Promise<MappingDiff>;
  /** Names of the migrations that were applied. */
  readonly migrate: (config: Config) => Promise<readonly string[]>;
  /** Tries everything the configuration names. Never rejects for what it finds. */
  readonly check: (config: Config, onStep: (what: string) => void) => Promise<CheckReport>;
};

export type Parts = Services & {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly loadConfig: (file: string | undefined) => Promise<LoadedConfig>;
  readonly pause: (ms: number) => Promise<void>;
  readonly clock: () => Date;
  readonly random: () => number;
};
