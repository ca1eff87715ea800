/** What becomes of a message once it is prepared: filed, settled without filing, or stopped. */
import type { Activity } from '../core/activity.ts';
import type { Disclosure } from '../core/disclosure.ts';
import type { Fact } from '../core/fact.ts';
import type { LabVersion } from '../core/lab/model.ts';
import type { RecordName } from '../core/lane.ts';
import type { EmittedLink } from '../core/model.ts';
import type { Failure, Issue } from '../core/outcome.ts';
import type { FilingStep, FoundPatient, UnmappedCode } from '../core/ports.ts';
import type { Matching } from './match.ts';

export type Prepared =
  | {
      readonly do: 'file';
      readonly record: RecordName;
      readonly steps: readonly FilingStep[];
      /** What the record says from now on. */
      readonly facts: readonly Fact[];
      /** Prefix of the artifacts of the record; absent where nothing new is filed. */
      readonly recordKey?: string;
      /** The record whose messages this one voids. */
      readonly voids?: RecordName;
      readonly patient?: FoundPatient;
      /** What is left out, for the history. */
      readonly left?: string;
      /** What the gates said. */
      readonly issues?: readonly Issue[];
      /** The record as an amendment made it, when it was held for its wording. */
      readonly rewords?: Activity;
      /** What leaves the clinic when these resource types stand. */
      readonly discloses?: (filed: readonly string[]) => readonly Disclosure[];
      /** What the message is when the steps are done; else `filed`. */
      readonly as?: 'superseded' | 'voided';
      /** Versions of laboratory results that it tells, and the reports that stand for another patient no more. */
      readonly lab?: {
        readonly versions: readonly LabVersion[];
        readonly voided: readonly string[];
        /** What stands in the chart by another hand. */
        readonly chart?: readonly EmittedLink[];
      };
      /** The steps only clean up: the message itself waits all the same. */
      readonly waits?: Failure;
    }
  | {
      readonly do: 'settle';
      readonly state: 'superseded' | 'voided';
      readonly why?: string;
      readonly issues?: readonly Issue[];
    }
  | { readonly do: 'stop'; readonly failure: Failure };

/** What comes up on the way, also when it ends with a failure. */
export type AlongTheWay = Matching & {
  /** Codes that no ConceptMap listed. */
  readonly unmapped: UnmappedCode[];
};

export const stop = (failure: Failure): Prepared => ({ do: 'stop', failure });

export const open = new Set(['received', 'filing', 'held', 'failed']);
