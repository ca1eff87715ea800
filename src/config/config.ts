/** What tejido.yaml and the environment come to, checked and with all defaults; secrets resolved. */
import type { GateRules } from '../core/gates/index.ts';
import type { Receives } from '../core/gates/minimum.ts';
import type { MatchingRules } from '../core/matching/judge.ts';
import type { RetryPolicy } from '../core/decide.ts';
import type { LabRules } from '../core/lab/rules.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { EscalationPolicy } from '../core/escalation.ts';
import type { DestinationId } from '../core/model.ts';
import type { MappingContext, Performer } from '../core/ports.ts';
import type { RedFlagRules } from '../core/red-flag/rules.ts';

type SmartKeyConfig = {
  readonly kid: string;
  readonly alg: 'RS384' | 'ES384';
  readonly pem?: string;
  readonly jwk?: Readonly<Record<string, unknown>>;
};

export type AuthConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'smart';
      readonly clientId: string;
      readonly tokenUrl?: string;
      readonly scope?: string;
      readonly privateKeys: readonly SmartKeyConfig[];
    };

/** An HL7 v2 interface beside the FHIR server. */
export type Hl7InterfaceConfig = {
  readonly host: string;
  readonly port: number;
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  /** The way there is private. */
  readonly private: boolean;
  readonly connectMs: number;
  readonly answerMs: number;
  readonly idleMs: number;
  readonly connections: number;
  readonly sending: { readonly application: string; readonly facility?: string };
  readonly receiving: { readonly application: string; readonly facility?: string };
  readonly version: string;
  readonly processing: string;
  readonly charset: 'UNICODE UTF-8' | '8859/1' | 'ASCII';
  readonly acknowledgement: 'original' | 'enhanced';
  readonly mrnAuthority?: string;
  readonly documents?: {
    readonly take: 'MDM^T02';
    readonly amended: 'T10' | 'T08';
    readonly voided: 'T11' | 'T10';
    readonly text: 'TX' | 'FT';
    readonly types: Readonly<Record<string, string>>;
  };
  readonly results?: { readonly take: 'ORU^R01'; readonly voided: 'W' | 'D' };
};

export type DestinationConfig = {
  readonly id: DestinationId;
  /** `sandbox`: the built-in EHR; its base URL follows from where this process listens, `baseUrl` is then its path. */
  readonly kind: 'fhir' | 'sandbox';
  readonly baseUrl: string;
  readonly auth: AuthConfig;
  readonly mrnSystem: string;
  readonly receives: Receives;
  readonly patientIdentifierSystems?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly connections: number;
  readonly lanes: {
    readonly parallel: number;
    readonly batch: number;
    readonly leaseMs: number;
    readonly onFailure: 'dependants' | 'lane';
  };
  readonly retry: RetryPolicy;
  readonly limits?: {
    readonly conditionalEntries?: number;
    readonly updateEntries?: number;
    readonly entries?: number;
    readonly identifiersPerSearch?: number;
    readonly answerBytes?: number;
    readonly paceMs?: number;
  };
  readonly quirks?: {
    readonly transaction?: boolean;
    readonly batch?: boolean;
    readonly conditionalCreate?: boolean;
    readonly prefer?: 'minimal' | 'representation';
    readonly lookAgainMs?: readonly number[];
  };
  readonly hl7v2?: Hl7InterfaceConfig;
  readonly capabilityMaxAgeMs?: number;
  /** Absent: nothing is read back. */
  readonly sync?: SyncConfig;
};

export type SyncConfig = {
  readonly appointments: boolean;
  readonly tasks: boolean;
  /** Laboratory results that stand in the chart. */
  readonly labs: boolean;
  readonly labCategories: readonly string[];
  readonly everyMs: number;
  readonly overlapMs: number;
  /** `Organization/…` and the like. */
  readonly taskOwners: readonly string[];
  /** `code` or `system|code`. */
  readonly taskCodes: readonly string[];
};

/** The FHIR server of a laboratory, asked for new results. */
export type LabSourceConfig = {
  readonly name: string;
  readonly kind: 'fhir';
  readonly baseUrl: string;
  readonly auth: AuthConfig;
  readonly everyMs: number;
  readonly overlapMs: number;
  readonly mrnSystems: readonly string[];
  readonly systems: Readonly<Record<string, string>>;
  /** Codes of DiagnosticReport.category; none: every report. */
  readonly categories: readonly string[];
  readonly observations: boolean;
  readonly aloneAfterMs: number;
  readonly part2: boolean;
  readonly timeoutMs: number;
  readonly connections: number;
};

export type PoolConfig = {
  readonly id: string;
  readonly name: string;
  /** `Organization/…` and the like in the EHR. */
  readonly reference?: string;
  readonly webhook?: { readonly url: string; readonly secret: string; readonly timeoutMs: number };
};

export type RedFlagConfig = {
  readonly enabled: boolean;
  readonly signedOff?: { readonly by: string; readonly on: string };
  readonly rules: RedFlagRules;
  readonly pools: readonly PoolConfig[];
  readonly clock: EscalationPolicy;
  readonly link?: string;
  readonly phone?: string;
  readonly lookSeconds: number;
  readonly taskSeconds: number;
};

/** The HL7 v2 door. */
export type MllpConfig = {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** PEM texts. With `clientCa` a client must show a certificate that it signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  readonly limits: {
    readonly frameBytes: number;
    readonly bytesInFlight: number;
    readonly connections: number;
    readonly idleMs: number;
    readonly frameMs: number;
  };
  readonly senders: readonly Hl7Sender[];
  /** For what none of `senders` matches; named `hl7`. */
  readonly anySender: Hl7Sender;
};

export type Config = {
  /** Where it was read from; absent: defaults only. */
  readonly file?: string;
  readonly programme: MappingContext['programme'];
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly trustedProxies: number;
    readonly limits: {
      readonly activityBytes: number;
      readonly bodyBytes: number;
      readonly bodyBytesInFlight: number;
      readonly items: number;
      readonly depth: number;
      readonly activitiesPerMinute: number;
      readonly sourcesPerMinute: number;
      readonly readsPerMinute: number;
      readonly refusalsPerMinute: number;
    };
  };
  /** `embedded`: Tejido's own Postgres under `dataDir`. */
  readonly database: { readonly kind: 'embedded' } | { readonly kind: 'url'; readonly url: string };
  readonly redisUrl?: string;
  readonly dataDir: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Seeds an administrator key. */
  readonly apiKey?: string;
  /** At least one. */
  readonly destinations: readonly DestinationConfig[];
  /** As `src/sources/config.schema.json` checks them. */
  readonly sources: readonly Readonly<Record<string, unknown>>[];
  readonly performers: readonly Performer[];
  /** Names of columns in this site's own spreadsheets → field of a roster, or `ignore`. */
  readonly rosters: { readonly columns: Readonly<Record<string, string>> };
  /** `folders`: absolute paths. `watch`: a changed file is loaded while messages run. */
  readonly mappings: { readonly folders: readonly string[]; readonly watch: boolean };
  readonly mllp: MllpConfig;
  readonly labSources: readonly LabSourceConfig[];
  readonly labs: LabRules;
  /** `igPackages`: absolute paths. */
  readonly validation: { readonly igPackages: readonly string[] };
  readonly gates: GateRules;
  /** `key`: 32 bytes in base64; absent: one of our own in `dataDir`. */
  readonly sealing: { readonly key?: string };
  readonly redFlags: RedFlagConfig;
  readonly matching: MatchingRules;
  readonly retention: {
    readonly payloadDays: number;
    readonly attemptDays: number;
    readonly eventDays: number;
    readonly messageDays: number;
    readonly sealedDays: number;
  };
  readonly progress: {
    readonly sweepMs: number;
    readonly lateMs: number;
    readonly notReadyMs: number;
    readonly stopMs: number;
  };
};

/** One thing that is wrong with the configuration. Never holds the value of a secret. */
export type ConfigProblem = {
  /** File, or the name of the environment variable. */
  readonly where: string;
  /** From 1; absent for the environment. */
  readonly line?: number;
  readonly column?: number;
  /** `destinations[0].auth.token` */
  readonly path: string;
  readonly says: string;
  /** What to do. */
  readonly next: string;
};

export type LoadedConfig =
  { readonly ok: true; readonly value: Config } | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** `tejido.yaml:12:5 destinations[0].auth.token: … Do this.` */
export const problemLine = ({ where, line, column, path, says, next }: ConfigProblem): string =>
  `${where}${line === undefined ? '' : `:${line}:${column ?? 1}`}${path === '' ? '' : ` ${path}`}: ${says} ${next}`;
