/**
 * Laboratory results, whatever door they come by: an order with its results, how each is known, and what stands of it.
 * A result is (patient, order, analyte, sub-id), not a message. Data only.
 */
import type { DestinationId, MessageId, PatientKey } from '../model.ts';
import type { PatientIdentifiers, Resource } from '../ports.ts';

/** Formats of stored messages that hold laboratory results. */
export const labFormats = ['hl7v2', 'fhir-lab'] as const;
export type LabFormat = (typeof labFormats)[number];

export const isLabFormat = (format: string): format is LabFormat => (labFormats as readonly string[]).includes(format);

/** A placer's or filler's number. The number alone is not unique: `system` is a URI, or the namespace as it was given. */
export type OrderNumber = { readonly value: string; readonly system?: string };

/** One order of a message with its results (OBR and what follows it; a DiagnosticReport and what it refers to). */
export type LabOrder = {
  readonly placer?: OrderNumber;
  readonly filler?: OrderNumber;
  /** What was ordered, for identity: `system|code` of the first coding, else its text. */
  readonly service: string;
  /** When it was collected, as ISO 8601, as precise as it was given. */
  readonly collected?: string;
  /** Orders the versions: when these results were reported (OBR-22, else MSH-7; issued), ISO 8601 with offset. */
  readonly issued: string;
  /** Decides between two of one time: when the message was made (MSH-7; meta.lastUpdated). */
  readonly sent: string;
  /** The order that this one grew out of: a reflex test, a culture's susceptibility. */
  readonly parent?: { readonly placer?: OrderNumber; readonly filler?: OrderNumber };
  /** One for each `tree.observation`, in that order. */
  readonly results: readonly LabResultName[];
  /** One for each `tree.specimen`. */
  readonly specimens: readonly string[];
  /** What maps read of it: see the logical model lab-order. For FHIR a `FhirLabTree`, the resources as they came. */
  readonly tree: Readonly<Record<string, unknown>>;
  /** Read from the chart itself: what it stands as there. Nothing of it is filed in that destination. */
  readonly standsAs?: StandsAs;
};

export type StandsAs = {
  readonly destination: DestinationId;
  /** `DiagnosticReport/…`; absent: results that no report refers to. */
  readonly report?: string;
  /** `Observation/…` of each of `results`, in that order. */
  readonly results: readonly string[];
};

/** `LabOrder.tree` of a FHIR source. */
export type FhirLabTree = {
  readonly format: 'fhir-lab';
  /** The DiagnosticReport; absent: a result that no report refers to. */
  readonly report?: Resource;
  /** One for each of `results` and `specimens`, in that order. */
  readonly observation: readonly Resource[];
  readonly specimen: readonly Resource[];
  /** What else came with it: ServiceRequest, Organization, Practitioner …, for their names and numbers. */
  readonly around: readonly Resource[];
  /** Base URL of the server: references are `Type/id` there. */
  readonly base: string;
};

export type LabResultName = {
  /** Unique within the order and the same in each message about it: analyte and sub-id. */
  readonly key: string;
  /** When this result became what it is, where that is told apart from the report (OBX-19). */
  readonly at?: string;
};

/** One message about one patient, read. */
export type LabMessage = {
  readonly patient?: PatientIdentifiers;
  /** MSH-11 other than `P`: not for a production chart. */
  readonly test: boolean;
  /** The sender is a programme under 42 CFR Part 2, by configuration. */
  readonly part2: boolean;
  readonly orders: readonly LabOrder[];
};

/** The artifacts that an order's resources carry. */
export type LabNames = {
  readonly report: string;
  /** Of each result and specimen, in the order of `LabOrder.results` and `.specimens`. */
  readonly results: readonly string[];
  readonly specimens: readonly string[];
  /** Of the report that this one grew out of, when it is known. */
  readonly parent?: string;
};

/** What a reader of a trend or a correction needs of a value; read from the Observation that was filed. */
export type ResultSummary = {
  /** All codings, `system|code`. */
  readonly codes: readonly string[];
  readonly name?: string;
  /** The value in words, with its unit: `8.7 %`, `> 400 mg/dL`, `Yellow`. Absent: no value. */
  readonly text?: string;
  /** Final by its status alone: the value was told before, or comes yet (`dataAbsentReason` `temp-unknown`). */
  readonly awaited?: true;
  readonly number?: number;
  readonly comparator?: string;
  /** UCUM. */
  readonly unit?: string;
  readonly effective?: string;
  /** v3-ObservationInterpretation. */
  readonly flags?: readonly string[];
};

/** One version of a report (`key` empty) or of a result of it, as one message told it. */
export type LabVersion = {
  readonly artifact: string;
  /** Artifact of the report it belongs to. */
  readonly report: string;
  readonly resourceType: 'DiagnosticReport' | 'Observation';
  /** Value of the filler's number, else the placer's, else empty. */
  readonly orderValue: string;
  readonly orderSystem?: string;
  /** The placer's number beside the filler's. */
  readonly placer?: OrderNumber;
  readonly service: string;
  readonly collected?: string;
  readonly key: string;
  /** FHIR status. */
  readonly status: string;
  /** Final once, never preliminary again. */
  readonly final: boolean;
  /** Instants; `sent` decides where `issued` is the same. */
  readonly issued: Date;
  readonly sent: Date;
  /** Over the resource as it was mapped, without what differs from send to send. */
  readonly hash: string;
  /** Of a result within the message. */
  readonly position: number;
  readonly summary: ResultSummary;
  /** May be told to the CHW who follows the patient. */
  readonly chw: boolean;
};

/** A version that the ledger keeps, and that was not withdrawn with its message or moved to another patient. */
export type KeptLabVersion = LabVersion & {
  readonly messageId: MessageId;
  readonly patientKey: PatientKey;
  readonly source: string;
  readonly recordId?: string;
};
