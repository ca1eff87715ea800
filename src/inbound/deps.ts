/** What the HTTP doors need from the rest of Tejido; `main.ts` hands it in. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Activity } from '../core/activity.ts';
import type { RecordedDisclosure } from '../core/disclosure.ts';
import type { MessageId, PatientKey } from '../core/model.ts';
import type {
  DecisionResult,
  MatchDecision,
  MatchDetail,
  MatchFilter,
  MatchSummary,
  PeopleResult,
  PersonDetail,
} from '../core/people.ts';
import type { Identity } from '../core/person.ts';
import type { Issue, Outcome } from '../core/outcome.ts';
import type { Accept, Clock, Incoming, Log, Mapped } from '../core/ports.ts';
import type { AttendanceAnswer, AttendanceAsk } from '../core/attendance.ts';
import type { RosterAnswer, RosterAsk, RosterImport, RosterSummary } from '../core/roster.ts';
import type {
  ActionResult,
  ChangeAsk,
  ChangePage,
  EscalationAct,
  EscalationActed,
  EscalationEntry,
  EscalationFilter,
  EscalationStory,
  MessageFilter,
  MessagePage,
  MessageStory,
  Referral,
  ReferralFilter,
  UnmappedEntry,
  WorkItem,
  WorkItemDone,
  WorkItemFilter,
} from '../core/story.ts';

export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Which `source.systemId` it may send; absent: any. */
  readonly systemIds?: readonly string[];
};

/** Strict reading of JSON bodies (sources/json-items.ts). */
type ActivityDoor = {
  readonly read: (body: Uint8Array, ndjson: boolean, limits: ItemLimits) => ReadItems;
  /** All that is wrong with one item; none when it is an activity. */
  readonly check: (value: unknown) => readonly Issue[];
  readonly identify: (activity: Activity, raw: Uint8Array, contentType: string, actor: string) => Incoming;
};

type ItemLimits = { readonly maxDepth: number; readonly maxItems: number; readonly maxItemBytes: number };

export type ReadItem =
  | { readonly raw: Uint8Array; readonly ok: true; readonly value: unknown }
  | { readonly raw: Uint8Array; readonly ok: false; readonly issues: readonly Issue[] };

type ReadItems =
  | { readonly ok: true; readonly batch: boolean; readonly items: readonly ReadItem[] }
  | { readonly ok: false; readonly tooLarge: boolean; readonly issues: readonly Issue[] };

/** A configured source: cuts a delivery into items. Never throws, never refuses; what is wrong is held. */
type SourceDoor = (delivery: {
  readonly raw: Uint8Array;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly actor: string;
}) => readonly Incoming[];

export type KeptAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

type IdempotencyStore = {
  readonly begin: (
    apiKey: string,
    key: string,
    fingerprint: Buffer,
  ) => Promise<
    | { readonly kind: 'first' }
    | { readonly kind: 'again'; readonly answer: KeptAnswer }
    | { readonly kind: 'in-flight' }
    | { readonly kind: 'other-body' }
  >;
  readonly finish: (apiKey: string, key: string, answer: KeptAnswer) => Promise<void>;
  readonly abandon: (apiKey: string, key: string) => Promise<void>;
};

export type MessageAction = 'retry' | 'release' | 'void';

export type Messages = {
  readonly list: (filter: MessageFilter) => Promise<MessagePage>;
  readonly story: (id: MessageId) => Promise<MessageStory | undefined>;
  /** The bytes as they came; absent when retention has taken them. `actor`: reading them is recorded. */
  readonly raw: (id: MessageId, actor: string) => Promise<{ readonly body: Uint8Array } | undefined>;
  readonly unmapped: () => Promise<readonly UnmappedEntry[]>;
  readonly workList: (filter: WorkItemFilter) => Promise<readonly WorkItem[]>;
  readonly finishWork: (id: string, actor: string, reference?: string) => Promise<WorkItemDone>;
} & Readonly<Record<MessageAction, (id: MessageId, actor: string) => Promise<ActionResult>>>;

export type RosterDoor = {
  readonly upload: (bytes: Uint8Array, ask: RosterAsk) => Promise<RosterAnswer>;
  /** Newest first; ids below `before`. */
  readonly list: (page: { readonly before?: string; readonly limit: number }) => Promise<readonly RosterSummary[]>;
  readonly show: (id: string) => Promise<RosterImport | undefined>;
};

export type AttendanceDoor = (bytes: Uint8Array, json: boolean, ask: AttendanceAsk) => Promise<AttendanceAnswer>;
/** `restrictedToo`: with the codes that only few may see. */
export type Escalations = {
  readonly list: (filter: EscalationFilter, restrictedToo: boolean) => Promise<readonly EscalationEntry[]>;
  readonly story: (id: string, restrictedToo: boolean) => Promise<EscalationStory | undefined>;
  readonly act: (id: string, act: EscalationAct, actor: string) => Promise<EscalationActed>;
};

/** What left the clinic, and how the referrals stand. */
export type Accounts = {
  readonly disclosures: (wanted: {
    readonly patient: PatientKey;
    readonly from?: Date;
    readonly to?: Date;
  }) => Promise<readonly RecordedDisclosure[]>;
  readonly referrals: (filter: ReferralFilter) => Promise<readonly Referral[]>;
};

/** People and open matches. Who looked and who acted is recorded. */
export type People = {
  readonly matches: (
    filter: MatchFilter,
  ) => Promise<{ readonly matches: readonly MatchSummary[]; readonly next?: string }>;
  readonly match: (id: string, actor: string) => Promise<MatchDetail | undefined>;
  readonly decide: (id: string, decision: MatchDecision, actor: string) => Promise<DecisionResult>;
  readonly find: (by: Identity) => Promise<PatientKey | undefined>;
  readonly show: (key: PatientKey, actor: string) => Promise<PersonDetail | undefined>;
  readonly merge: (
    given: { readonly from: PatientKey; readonly into: PatientKey; readonly run: boolean },
    actor: string,
  ) => Promise<PeopleResult>;
  readonly unlink: (
    given: {
      readonly person: PatientKey;
      readonly source: string;
      readonly sourcePatientId: string;
      readonly run: boolean;
    },
    actor: string,
  ) => Promise<PeopleResult>;
};

export type Limits = {
  /** Body of one activity, and of one source delivery's item. */
  readonly activityBytes: number;
  /** Body of a batch, and of a source delivery. */
  readonly bodyBytes: number;
  readonly items: number;
  readonly depth: number;
  /** All bodies being read at one time; beyond it 503. */
  readonly bodyBytesInFlight: number;
  /** Requests a minute and key; 0 = no limit. */
  readonly activitiesPerMinute: number;
  readonly sourcesPerMinute: number;
  readonly readsPerMinute: number;
  /** Refused credentials a minute and address. */
  readonly refusalsPerMinute: number;
};

export const defaultLimits: Limits = {
  activityBytes: 1_000_000,
  bodyBytes: 10_000_000,
  items: 1_000,
  depth: 32,
  bodyBytesInFlight: 64_000_000,
  activitiesPerMinute: 60_000,
  sourcesPerMinute: 600_000,
  readsPerMinute: 6_000,
  refusalsPerMinute: 600,
};

export type AppDeps = {
  readonly accept: Accept;
  readonly keys: { readonly verify: (secret: string) => Promise<ApiKey | undefined> };
  readonly idempotency: IdempotencyStore;
  readonly activities: ActivityDoor;
  /** The resources that would be filed; nothing is stored or sent. */
  readonly dryRun: (activity: Activity) => Outcome<readonly Mapped[]>;
  /** Asked at each delivery, so that a reloaded config holds at once. */
  readonly source: (name: string) => SourceDoor | undefined;
  /** Something may be new at this source of laboratory results: looks, without keeping the caller. False: no such source. */
  readonly hintLabs: (name: string) => boolean;
  readonly messages: Messages;
  readonly rosters: RosterDoor;
  readonly attendance: AttendanceDoor;
  readonly escalations: Escalations;
  readonly accounts: Accounts;
  readonly changes: (ask: ChangeAsk) => Promise<ChangePage>;
  readonly people: People;
  /** Documents of `schemas/`, for `/openapi.json`. */
  readonly schemas: readonly Readonly<Record<string, unknown>>[];
  /** `profiles/CapabilityStatement-tejido.json`, for `/fhir/metadata`. */
  readonly capability: Readonly<Record<string, unknown>>;
  readonly version: string;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly health: () => { readonly ok: boolean; readonly [fact: string]: unknown };
  readonly ready: () => Promise<{ readonly ok: boolean; readonly [fact: string]: unknown }>;
  readonly jwks: () => Promise<{ readonly keys: readonly unknown[] }>;
  readonly sandbox?: RequestHandler;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  /** Number of reverse proxies in front whose X-Forwarded-For is believed. */
  readonly trustedProxies?: number;
  readonly observe?: (request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }) => void;
};

/** What the middlewares left for the handler. */
export type Caller = { readonly requestId: string; readonly key?: ApiKey };

export const callerOf = (res: Response): Caller => res.locals as Caller;

export type Handle = (req: Request, res: Response, next: NextFunction) => Promise<void> | void;
