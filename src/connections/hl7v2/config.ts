/** An HL7 v2 interface of an EHR, beside its FHIR server: what it takes, and how. `src/config` reads it from tejido.yaml. */
import type { MllpTarget } from '../../mllp/client.ts';

/** Where a message is from, or for: MSH-3 and -4, or MSH-5 and -6. */
export type Hl7Party = { readonly application: string; readonly facility?: string };

export type Hl7InterfaceConfig = MllpTarget & {
  readonly connectMs: number;
  /** How long one acknowledgement may take. */
  readonly answerMs: number;
  readonly idleMs: number;
  /** Each has one message in flight. */
  readonly connections: number;
  readonly sending: Hl7Party;
  readonly receiving: Hl7Party;
  /** MSH-12. */
  readonly version: string;
  /** MSH-11: `P`, or `T` while the interface is tried. */
  readonly processing: string;
  readonly charset: 'UNICODE UTF-8' | '8859/1' | 'ASCII';
  /** `enhanced`: MSH-15 `AL`, MSH-16 `NE`; the receiver says that it keeps the message (CA), nothing later. */
  readonly acknowledgement: 'original' | 'enhanced';
  /** PID-3.4 of the medical record number; absent: the OID of `mrnSystem`, where it is one. */
  readonly mrnAuthority?: string;
  /** Notes. Absent: it takes none. */
  readonly documents?: {
    readonly take: 'MDM^T02';
    /** A corrected note: a replacement with a number of its own (T10), or an edit of the same document (T08). */
    readonly amended: 'T10' | 'T08';
    /** A withdrawn note: a cancellation (T11), or a replacement that says so (T10). */
    readonly voided: 'T11' | 'T10';
    /** One OBX for each line (TX), or one for all of it (FT). */
    readonly text: 'TX' | 'FT';
    /** TXA-2 for a LOINC document type; others go as LOINC itself. */
    readonly types: Readonly<Record<string, string>>;
  };
  /** Vital signs and point-of-care tests. Absent: it takes none. */
  readonly results?: {
    readonly take: 'ORU^R01';
    /** OBX-11 of a withdrawn one: posted as wrong (W), or deleted (D). */
    readonly voided: 'W' | 'D';
  };
};
