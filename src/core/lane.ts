/** A lane is (destination, patient): what a worker claims from it, learns about the person, and writes back. Data only. */
import type { Activity } from './activity.ts';
import type { CauseCode } from './causes.ts';
import type { Disclosure } from './disclosure.ts';
import type { Progress } from './decide.ts';
import type { Fact, OwnedFact } from './fact.ts';
import type { LabVersion } from './lab/model.ts';
import type { DestinationId, EmittedLink, Exchange, MessageId, MessageState, PatientKey } from './model.ts';
import type { Judged } from './matching/judge.ts';
import type { Failure } from './outcome.ts';
import type { FoundPatient, PatientIdentifiers, UnmappedCode, WorkListEntry } from './ports.ts';

export type Work = {
  readonly messageId: MessageId;
  /** Attempts before this one. */
  readonly attempts: number;
  /** Workers that died with it in hand, in a row. */
  readonly deaths: number;
  readonly elapsedMs: number;
  /** An earlier attempt may have reached the destination. */
  readonly doubt: boolean;
  /** Somebody decided: what was deleted in the destination is filed anew. */
  readonly anew: boolean;
  readonly source: string;
  readonly recordId: string | undefined;
  readonly kind: string;
  readonly format: string;
  readonly contentType: string;
  readonly receivedAt: Date;
  readonly identifiers: PatientIdentifiers | undefined;
  readonly body: Uint8Array | undefined;
  /** What a person has let it pass. */
  readonly released: readonly CauseCode[];
  readonly record:
    | {
        readonly latestMessage: MessageId | undefined;
        readonly generation: number;
        /** Whom the version that counts is about. */
        readonly patientKey: PatientKey | undefined;
        readonly voidedBy: MessageId | undefined;
      }
    | undefined;
};

export type ClaimedLane = {
  readonly destination: DestinationId;
  readonly patientKey: PatientKey;
  readonly token: string;
  readonly changes: string;
  readonly work: readonly Work[];
  /** There is more than was claimed. */
  readonly more: boolean;
  /** The first failed message of the lane, if any: for the policy that holds the whole lane. */
  readonly failedFrom: MessageId | undefined;
  /** Held messages of the lane may go on when something is filed. */
  readonly hasHeld: boolean;
};

export type RecordName = { readonly source: string; readonly recordId: string };

export type OwnedLink = EmittedLink & { readonly source: string; readonly recordId: string | undefined };

export type PersonContext = {
  /** The Patient in the destination, once matched. */
  readonly patient: FoundPatient | undefined;
  readonly mrn: string | undefined;
  readonly dob: string | undefined;
  /** Dates that differ from it, and that a person who linked two ids has seen. */
  readonly otherDobs: readonly string[];
  /** Un-linked from a chart: a person says whose it is, whatever the identifiers say. */
  readonly review: boolean;
  /** Subject keys of people merged into this one. */
  readonly aliases: readonly string[];
  /** Found out a moment ago, for an earlier message of the lane. */
  readonly unmatched?: Failure;
  /** The latest link of every artifact that belongs to the person or to one of the records asked for. */
  readonly links: readonly OwnedLink[];
  /** What the records of the person say, as it counts now, in order of time. */
  readonly facts: readonly OwnedFact[];
};

export type RecordState = RecordName & {
  readonly latestMessage: MessageId | undefined;
  readonly state: MessageState | undefined;
  /** Activity type of that version. */
  readonly kind?: string;
  readonly cause?: CauseCode;
  readonly generation: number;
  /** Whom the version that counts is about. */
  readonly patientKey?: PatientKey;
};

export type StoredPayload = {
  readonly messageId: MessageId;
  readonly source: string;
  readonly format: string;
  readonly contentType: string;
  readonly body: Uint8Array;
};

/** What became of one message in one attempt. */
export type Completed = {
  readonly lane: Pick<ClaimedLane, 'destination' | 'patientKey' | 'token'>;
  readonly messageId: MessageId;
  readonly source: string;
  readonly recordId: string | undefined;
  readonly kind: string;
  readonly progress: Progress;
  /** This attempt may have written something that `links` does not tell. */
  readonly doubt: boolean;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly attempt: number;
  readonly mappingVersion: string;
  /** Codes that no ConceptMap listed. */
  readonly unmapped: readonly UnmappedCode[];
  readonly links: readonly EmittedLink[];
  readonly exchanges: readonly Exchange[];
  /** What the record says from now on, once it is filed or voided; absent: as before. */
  readonly facts?: readonly Fact[];
  /** For a person, when the EHR does not take it from us. */
  readonly workList?: readonly WorkListEntry[];
  /** The record whose filed messages this one voided. */
  readonly voids?: { readonly source: string; readonly recordId: string };
  readonly patient?: FoundPatient;
  /** The activity as an amendment made it of a record that was held for its wording. */
  readonly rewords?: Activity;
  /** What left the clinic with it. */
  readonly disclosures?: readonly Disclosure[];
  /** Who it could be, when that is for a person to say; `automatic`: the first is certain, and is linked. */
  readonly look?: { readonly candidates: readonly Judged[]; readonly automatic: boolean };
  /** Versions of laboratory results that it told, the ones that count and the ones that came late. */
  readonly lab?: readonly LabVersion[];
  /** Reports of another patient that are this one's now. */
  readonly labMoved?: readonly string[];
  /** The record came from another person: what it said and filed there counts no more. */
  readonly moved?: boolean;
};

export type LaneEnd = {
  readonly lane: ClaimedLane;
  /** Claimed, but not tried: back in their place. */
  readonly untried: readonly MessageId[];
  /** When to look again: after a back-off in ms, at once (0), or when something arrives (undefined). */
  readonly againInMs: number | undefined;
};

/** Messages held for one of these may go on when something is filed for the same person. */
export const waitingCauses: readonly CauseCode[] = [
  'lane/behind-failed',
  'record/target-unknown',
  'match/unknown-reference',
];

/** Messages held for one of these may go on when more is known of the person. */
export const matchCauses: readonly CauseCode[] = ['match/unknown-patient', 'match/review'];

/** Messages held for one of these may go on when a consent of the person is recorded, changed or voided. */
export const consentCauses: readonly CauseCode[] = [
  'gate/consent-missing',
  'gate/consent-expired',
  'gate/consent-withdrawn',
  'gate/consent-scope',
];
