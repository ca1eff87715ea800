/** The story of messages as the doors, the console and the commands read it. Data only. */
import type { ToldChange } from './change.ts';
import type { Figure } from './report.ts';
import type { Actor, CauseCode } from './causes.ts';
import type { EscalationState, NoticeKind } from './escalation.ts';
import type {
  EmittedLink,
  Exchange,
  MessageEvent,
  MessageId,
  MessageState,
  PatientKey,
  ToldEscalation,
} from './model.ts';
import type { Severity } from './red-flag/rules.ts';

export type MessageFilter = {
  readonly state?: MessageState;
  readonly cause?: CauseCode;
  readonly source?: string;
  readonly recordId?: string;
  readonly kind?: string;
  readonly patientKey?: PatientKey;
  /** Messages that met a code which this ConceptMap does not list. */
  readonly conceptMap?: string;
  readonly receivedFrom?: Date;
  readonly receivedTo?: Date;
  /** Messages older than this one: the cursor of the last page. */
  readonly before?: MessageId;
  /** 1..500, default 50. */
  readonly limit?: number;
};

export type MessageSummary = {
  readonly id: MessageId;
  readonly state: MessageState;
  readonly source: string;
  readonly recordId?: string;
  readonly version?: number;
  readonly kind: string;
  readonly cause?: CauseCode;
  readonly receivedAt: Date;
  readonly occurredAt?: Date;
  readonly patientKey?: PatientKey;
  readonly duplicateOf?: MessageId;
  readonly replacedBy?: MessageId;
};

/** How many messages are of one kind, in one state, for one cause. */
export type MessageTally = {
  readonly kind: string;
  readonly state: MessageState;
  readonly cause?: CauseCode;
  readonly count: number;
};

export type MessagePage = { readonly messages: readonly MessageSummary[]; readonly next?: MessageId };

export type Attempt = {
  readonly destination: string;
  readonly number: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly mappingVersion?: string;
  /** `filed`, or the cause. */
  readonly result: string;
  readonly detail?: string;
  readonly exchanges: readonly Exchange[];
};

export type DeliveryState = {
  readonly destination: string;
  readonly state: string;
  readonly attempts: number;
  readonly cause?: CauseCode;
  /** When its lane is looked at next. */
  readonly dueAt?: Date;
};

export type MessageStory = MessageSummary & {
  readonly contentType: string;
  readonly rawSha256: string;
  readonly rawSize: number;
  readonly actor: string;
  /** The copy of what came is encrypted: it holds wording that must not be charted, and is shown to nobody. */
  readonly sealed?: true;
  /** What to do next, in words; absent when nothing is to be done. */
  readonly nextAction?: string;
  /** Who can do it. */
  readonly whoActs?: Actor;
  readonly deliveries: readonly DeliveryState[];
  readonly events: readonly MessageEvent[];
  readonly attempts: readonly Attempt[];
  readonly links: readonly (EmittedLink & { readonly destination: string })[];
  /** Red flags of the record, for whoever sent it: raised, and seen by whom. Never which. Absent: none. */
  readonly escalations?: readonly SeenEscalation[];
};

/** What the CHW may know of a red flag: that "a nurse has seen it". */
export type SeenEscalation = ToldEscalation & {
  readonly openedAt: Date;
  readonly acknowledgedAt?: Date;
  /** The office of whoever took it, not the name. */
  readonly acknowledgedByRole?: string;
  readonly resolvedAt?: Date;
  readonly cancelReason?: string;
};

export type EscalationFilter = {
  /** `running`: nobody has acknowledged it. */
  readonly state?: EscalationState | 'running';
  readonly severity?: Severity;
  readonly pool?: string;
  /** 1..500, default 100. */
  readonly limit?: number;
};

export type EscalationEntry = SeenEscalation & {
  readonly messageId: MessageId;
  readonly source: string;
  readonly recordId: string;
  readonly patientKey?: PatientKey;
  /** Absent when it is restricted, and the caller may not see which it is. */
  readonly code?: string;
  readonly restricted: boolean;
  readonly level: number;
  readonly pool: string;
  readonly observedAt?: Date;
  /** When the next pool is told. */
  readonly dueAt?: Date;
  readonly acknowledgedBy?: string;
  /** The EHR has its Task, or a message to the pool. */
  readonly inChart: boolean;
};

export type EscalationStory = EscalationEntry & {
  readonly events: readonly {
    readonly at: Date;
    readonly state: EscalationState;
    readonly level: number;
    readonly pool: string;
    readonly actor: string;
    readonly detail?: string;
  }[];
  /** What the alternate route carried, and every attempt at it. */
  readonly notices: readonly {
    readonly id: string;
    readonly kind: NoticeKind;
    readonly level: number;
    readonly pool: string;
    readonly state: string;
    readonly createdAt: Date;
    readonly attempts: readonly {
      readonly at: Date;
      readonly durationMs: number;
      readonly status?: number;
      readonly result: string;
    }[];
  }[];
};

export type EscalationAct =
  | { readonly do: 'ack'; readonly role?: string; readonly note?: string }
  | { readonly do: 'resolve'; readonly role?: string; readonly note?: string }
  | { readonly do: 'reassign'; readonly pool: string; readonly note?: string };

export type EscalationActed =
  { readonly ok: true; readonly state: EscalationState } | { readonly ok: false; readonly refused: string };

/** What an operator may do, and what became of it. `refused` says why in words. */
export type ActionResult =
  { readonly ok: true; readonly state: MessageState } | { readonly ok: false; readonly refused: string };

/** accepted = received + filed + held + failed + superseded + voided, for one source and day (UTC). */
export type ReconciliationRow = {
  readonly source: string;
  /** YYYY-MM-DD */
  readonly day: string;
  readonly accepted: number;
  readonly received: number;
  readonly filed: number;
  readonly held: number;
  readonly failed: number;
  readonly superseded: number;
  readonly voided: number;
  /** Resources that must stand in the EHR, and those that do. */
  readonly expected: number;
  readonly standing: number;
  readonly missing: number;
  readonly duplicated: number;
};

export type Reconciliation = {
  readonly clean: boolean;
  readonly rows: readonly ReconciliationRow[];
  readonly missing: readonly { readonly artifact: string; readonly messageId: MessageId; readonly reference: string }[];
  readonly duplicated: readonly { readonly artifact: string; readonly messageId: MessageId; readonly count: number }[];
  /** Taken back, and standing again all the same. */
  readonly revived: readonly { readonly artifact: string; readonly messageId: MessageId; readonly reference: string }[];
  /** Why the EHR could not be asked, when it could not. */
  readonly problem?: string;
};

/** A record that counted in a report, and was amended, voided or moved to another patient since. */
export type ChangedSince = {
  readonly what: 'amended' | 'voided';
  readonly source: string;
  readonly recordId: string;
  readonly messageId: MessageId;
  readonly at: Date;
};

export type ProgrammeReport = {
  /** from ≤ t < to, by when it happened. */
  readonly from: Date;
  readonly to: Date;
  /** What the ledger knew then. */
  readonly asOf: Date;
  readonly figures: readonly Figure[];
  readonly changed: readonly ChangedSince[];
};

/** What becomes of the messages whose resources differ. */
export type Healing = {
  /** Filed again. */
  readonly healing: readonly MessageId[];
  /** Their payload has aged out: a person must mend the chart. */
  readonly agedOut: readonly MessageId[];
};

/** A code that its ConceptMap does not list, and the messages it came in. Code and display may say something about a patient. */
export type UnmappedEntry = {
  readonly id: string;
  readonly conceptMap: string;
  readonly system?: string;
  readonly code: string;
  readonly display?: string;
  /** What was done the last time: the message was held, or the policy of the ConceptMap was followed. */
  readonly policy: 'hold' | 'fixed' | 'provided' | 'other-map' | 'text';
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** How many messages it came in, and how many of them wait for it. */
  readonly messages: number;
  readonly waiting: number;
  /** The newest of them, ten at most. */
  readonly messageIds: readonly MessageId[];
};

export type MappingDiffRequest = {
  readonly since: Date;
  /** So many messages at most, the newest. */
  readonly limit: number;
  /** Only of this activity type. */
  readonly kind?: string;
  /** Folders of the working copy, beside the built-in one; absent: those of the configuration. */
  readonly folders?: readonly string[];
  /** With examples of what was and what is: patients' data. */
  readonly values: boolean;
};

/** What a working copy of the maps makes differently of the messages of the past. */
export type MappingDiff = {
  readonly since: Date;
  /** Version of the working copy. */
  readonly working: string;
  /** Version → messages made with it. */
  readonly deployed: Readonly<Record<string, number>>;
  readonly compared: number;
  /** Messages of which something differs. */
  readonly changed: number;
  /** Why → how many. */
  readonly notCompared: Readonly<Record<string, number>>;
  readonly changes: readonly {
    /** Activity type whose map it is. */
    readonly kind: string;
    readonly map: string;
    readonly what:
      | 'now fails'
      | 'no longer fails'
      | 'fails otherwise'
      | 'resource appears'
      | 'resource disappears'
      | 'added'
      | 'removed'
      | 'changed';
    /** Element path, resource and slot, or cause and place. */
    readonly at: string;
    readonly messages: number;
    /** The newest of them, five at most. */
    readonly messageIds: readonly MessageId[];
    readonly examples?: readonly {
      readonly messageId: MessageId;
      readonly before?: unknown;
      readonly after?: unknown;
    }[];
  }[];
};

/** Of the status of its Task; `requested` until the organisation answers. */
export const referralStates = [
  'requested',
  'accepted',
  'in-progress',
  'on-hold',
  'completed',
  'rejected',
  'cancelled',
  'failed',
] as const;

export type ReferralFilter = {
  readonly state?: string;
  readonly category?: string;
  readonly patient?: PatientKey;
  /** 1..500, default 200. */
  readonly limit?: number;
};

/** A community referral as it stands. */
export type Referral = {
  readonly patientKey: PatientKey;
  readonly referralId: string;
  readonly category?: string;
  readonly state: string;
  /** What came of it. */
  readonly outcome?: string;
  /** Id in the resource directory; absent for legal help. */
  readonly service?: string;
  readonly requestedAt: Date;
  readonly changedAt: Date;
  /** Whole days since it was requested. */
  readonly ageDays: number;
};
/** An entry of the work list: what a person does in the chart, because the EHR does not take it from us. */
export type WorkItem = {
  readonly id: string;
  readonly destination: string;
  readonly kind: 'enter' | 'correct' | 'remove';
  readonly state: 'open' | 'done' | 'withdrawn';
  /** In plain words: a patient's data. */
  readonly lines: readonly string[];
  readonly messageId: MessageId;
  /** `Patient/…` in the destination. */
  readonly patient?: string;
  readonly mrn?: string;
  readonly createdAt: Date;
  readonly endedAt?: Date;
  /** Who did it. */
  readonly actor?: string;
  /** Where it stands in the chart now, if that person said. */
  readonly reference?: string;
};

export type WorkItemFilter = {
  readonly state?: WorkItem['state'];
  readonly messageId?: MessageId;
  readonly id?: string;
  /** Entries later than this one: the cursor of the last page. */
  readonly after?: string;
  /** 1..500, default 50. */
  readonly limit?: number;
};

export type WorkItemDone = { readonly ok: true } | { readonly ok: false; readonly refused: string };

/** `after`: `next` of the page before, `0` at the beginning. */
export type ChangeAsk = { readonly after: string; readonly limit: number; readonly sources?: readonly string[] };
/** `more`: ask again at once. */
export type ChangePage = { readonly changes: readonly ToldChange[]; readonly next: string; readonly more: boolean };
