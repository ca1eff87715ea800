/** A parsed HL7 v2 message, as text: every delimiter resolved, every escape undone, nothing interpreted. Data only. */

/** MSH-1 and MSH-2. `truncation` from v2.7 on (HL7 v2.7 §2.5.5.2). */
export type Delimiters = {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  readonly truncation?: string;
};

/** Subcomponents of a component, from 1 at index 0. */
export type Component = readonly string[];
/** Components of one repetition, from 1 at index 0. */
export type Repetition = readonly Component[];
/** Repetitions of a field; none when the field is empty. A field that is `""` (explicit null) holds that text. */
export type Field = readonly Repetition[];

export type Segment = {
  /** `MSH`, `OBX`, `ZPD`. */
  readonly name: string;
  /** Field n at index n - 1. Of MSH, FHS and BHS the first two are the delimiters themselves, as one text each. */
  readonly fields: readonly Field[];
};

export type Hl7Message = { readonly delimiters: Delimiters; readonly segments: readonly Segment[] };

/** What of MSH is needed to answer a message, whatever is wrong with the rest of it. */
export type Hl7Header = {
  readonly delimiters: Delimiters;
  /** MSH-3.1 and MSH-4.1. */
  readonly application: string;
  readonly facility: string;
  /** MSH-3 and MSH-4, as they stand: an answer is addressed to them. */
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  /** MSH-5 and MSH-6, as they stand. */
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  /** MSH-7, as it stands. */
  readonly sentAt: string;
  /** MSH-9: `ORU`, `R01`, `ORU_R01`. */
  readonly type: string;
  readonly trigger: string;
  readonly structure: string;
  /** MSH-10. */
  readonly controlId: string;
  /** MSH-11.1. */
  readonly processing: string;
  /** MSH-12.1. */
  readonly version: string;
  /** MSH-15 and MSH-16: `AL`, `NE`, `ER`, `SU`, or empty. Either of them given means enhanced mode. */
  readonly acceptAck: string;
  readonly applicationAck: string;
  /** MSH-18, all repetitions. */
  readonly charsets: readonly string[];
};
