/**
 * The model of the ledger, for every part: ids, states, messages, links. No I/O here.
 *
 *   received ──▶ filing ──▶ filed ──▶ voided
 *      │  ▲         │  └──▶ failed ──▶ (retry) received
 *      │  └─────────┤
 *      ├──▶ held ───┘ (released by a person or an event)
 *      └──▶ superseded   (a duplicate, or a newer version took its place)
 */
import type { CauseCode } from './causes.ts';
import type { EscalationState } from './escalation.ts';
import type { Issue } from './outcome.ts';
import type { Severity } from './red-flag/rules.ts';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type MessageId = Branded<string, 'MessageId'>;
export type DestinationId = Branded<string, 'DestinationId'>;
/** Our own id of a person, stable whatever identifiers the sources use. */
export type PatientKey = Branded<string, 'PatientKey'>;

/** The lane of what names no patient: the pipeline says what is missing. */
export const nobody = '00000000-0000-0000-0000-000000000000' as PatientKey;

/** Whether this text can be the id of a message at all; what cannot is nobody's, and is not asked for. */
export const isMessageId = (text: string): text is MessageId => /^\d{1,18}$/.test(text);

export const messageStates = ['received', 'filing', 'filed', 'held', 'failed', 'superseded', 'voided'] as const;
export type MessageState = (typeof messageStates)[number];

/**
 * How a resource is filed. `native`: as itself. `elsewhere`: as another type (a Task as a Communication). `note`: as a
 * line of a DocumentReference. `v2`: sent by HL7 v2, as a message of its own or as a line of one; `reference` is then
 * `MDM_T02/<MSH-10>`. `work-list`: entered in the chart by a person;
 * `reference` is then `WorkItem/…`, and `versionId` is `done` once that person said so. `kept`: stands in Tejido only.
 */
export type TierName = 'native' | 'elsewhere' | 'note' | 'v2' | 'work-list' | 'kept';

/** What stands in an EHR because of a message. `artifact` is the value of our business identifier on the resource. */
export type EmittedLink = {
  readonly artifact: string;
  readonly resourceType: string;
  /** `Type/id` in the EHR. */
  readonly reference: string;
  readonly versionId?: string;
  /** `merged`: elements set on a resource that another record owns; voiding this record leaves that one standing. */
  readonly action: 'created' | 'updated' | 'unchanged' | 'merged' | 'voided';
  /** The form it was filed in. In a lesser one `resourceType` stays the type wanted; `reference` is what holds it. */
  readonly tier: TierName;
  /** Top-level elements that we set, so that an amendment can also take one away. */
  readonly owned: readonly string[];
  /** Of what has an HL7 v2 message of its own. */
  readonly sent?: SentByV2;
};

/** What a later HL7 v2 message about the same must repeat, and whether the receiver has said that it took the last one. */
export type SentByV2 = {
  /** `Patient/…`: whose chart it was sent for. */
  readonly patient: string;
  /** Over what it said of the artifact, without what differs from send to send. */
  readonly hash: string;
  /** False: the answer was lost; the same bytes go again. */
  readonly acknowledged: boolean;
  /** A document's place in its line, from 1: each replacement has a number of its own (HL7 v2.5.1 §9.6.1.12). */
  readonly number: number;
  /** Codes by which the receiver knows it: OBR-4 and each OBX-3, or TXA-2; each as its components. */
  readonly codes: readonly (readonly string[])[];
  /** OBR-7, or TXA-4. */
  readonly at?: string;
};

/** One exchange with a destination, kept whole. Never logged. */
export type Exchange = {
  readonly method: string;
  readonly url: string;
  readonly requestBody?: string;
  readonly status?: number;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly responseBody?: string;
  /** Set when no answer, or no readable one, came. */
  readonly error?: CauseCode;
  readonly startedAt: Date;
  readonly durationMs: number;
};

export type MessageEvent = {
  readonly at: Date;
  readonly state: MessageState;
  readonly cause?: CauseCode;
  readonly detail?: string;
  readonly issues?: readonly Issue[];
  /** Who: `system`, or the name of an API key. */
  readonly actor: string;
};

/** What a door answers for one accepted item. */
export type Receipt = {
  readonly id: MessageId;
  readonly state: MessageState;
  readonly duplicateOf?: MessageId;
  /** Red flags of the record, when it shows any: `GET /v1/messages/{id}` tells when somebody has seen them. */
  readonly escalations?: readonly ToldEscalation[];
};

/** What a sender is told of a red flag: that it was raised, and whether somebody has seen it. Never which. */
export type ToldEscalation = { readonly id: string; readonly severity: Severity; readonly state: EscalationState };
