/**
 * What the parts hand each other, wired in `main.ts`. A folder that needs something it may not import takes one of
 * these as an argument.
 */
import type { Activity } from './activity.ts';
import type { CauseCode } from './causes.ts';
import type { DestinationId, EmittedLink, Exchange, MessageId, Receipt, TierName } from './model.ts';
import type { Fact, FactView } from './fact.ts';
import type { FunctionTag } from './key-functions.ts';
import type { ChartPatient } from './matching/candidates.ts';
import type { Demographics } from './matching/demographics.ts';
import type { ResultFlag } from './lab/critical.ts';
import type { LabNames, LabOrder } from './lab/model.ts';
import type { Failure, Issue, Outcome } from './outcome.ts';
import type { RedFlag } from './red-flag/rules.ts';

/** A FHIR resource as data. What it must look like is the validator's affair, not the type system's. */
export type Resource = { readonly resourceType: string; readonly id?: string; readonly [element: string]: unknown };

// ---------------------------------------------------------------- doors → ledger

/** One item as a door accepted it, before anything is decided about it. */
export type Incoming = {
  /** The bytes as they came (for an array: the slice of this item). */
  readonly raw: Uint8Array;
  /** What is kept instead of `raw`: it holds wording that must not be charted. */
  readonly sealed?: Uint8Array;
  readonly contentType: string;
  /** Configured name of the source, or the systemId of an activity that came by `/v1/activities`. */
  readonly source: string;
  /** `activity`, `commcare`, … : which reader the pipeline uses on `raw`. */
  readonly format: string;
  /** Natural key. Absent when the payload was not readable enough to have one: it is then held. */
  readonly record?: {
    readonly id: string;
    /** Orders versions of one record: an integer, or microseconds since 1970; absent = by arrival. */
    readonly version?: number;
    /** Hash over the content that matters (not over volatile metadata). */
    readonly contentHash: string;
  };
  /** Activity type, or the form's own name when no route is known. */
  readonly kind: string;
  readonly patient?: PatientIdentifiers;
  /** Records of the same source this one needs first (void/amend target, basedOn, goal). */
  readonly dependsOn?: readonly string[];
  readonly occurredAt?: Date;
  readonly recordedAt?: Date;
  /** Hold at once: the payload cannot go on as it is. */
  readonly hold?: Failure;
  /** Red flags it shows, at least one; absent: none. */
  readonly flags?: readonly RedFlag[];
  /** What its laboratory results mean for alarms, at least one; absent: nothing. */
  readonly results?: readonly ResultFlag[];
  /** Why a record is withdrawn, when this withdraws one: `wrong-patient`, `duplicate`, `mistaken`, `privacy`. */
  readonly withdrawal?: string;
  /** Its place among what the HL7 v2 door has acknowledged and not handed on: taken from there as it is accepted. */
  readonly intake?: string;
  /** The key, or the sender, that sent it. */
  readonly actor: string;
};

export type PatientIdentifiers = {
  readonly source: string;
  readonly sourcePatientId?: string;
  readonly mrn?: string;
  readonly dob?: string;
  /** What else the sender says of the person: for matching only. */
  readonly demographics?: Demographics;
};

/** Commits all items with fsync, then answers, in order. Rejects with a `LedgerUnavailable` when it could not. */
export type Accept = (items: readonly Incoming[]) => Promise<readonly Receipt[]>;

// ---------------------------------------------------------------- mapping

export type Performer = {
  readonly system: string;
  readonly id: string;
  readonly name?: string;
  readonly phone?: string;
  readonly languages?: readonly string[];
  /** `Practitioner/…` or `PractitionerRole/…` in the EHR, when the site knows it. */
  readonly reference?: string;
};

/** Everything a map may read, besides the activity itself. Pure data: same input, same output. */
export type MappingContext = {
  /** `Patient/…` in the destination. */
  readonly patient: { readonly reference: string; readonly display?: string };
  readonly performer: Performer;
  readonly programme: {
    readonly id: string;
    readonly name: string;
    readonly phone?: string;
    readonly timeZone: string;
    /** System of every business identifier that Tejido writes. */
    readonly artifactSystem: string;
    readonly organization?: { readonly reference?: string; readonly display: string };
    /** Who answers red flags. */
    readonly pool?: { readonly reference?: string; readonly display: string };
  };
  /** Prefix of the artifact identifiers of this record: `<recordKey>.encounter`, `<recordKey>.v1.bp`. */
  readonly recordKey: string;
  /** Prefix of what outlives a record and belongs to the person: `<subjectKey>.goal.g-77`. */
  readonly subjectKey: string;
  readonly receivedAt: string;
  /** A late entry: whole days from the event to its receipt. */
  readonly lateDays?: number;
  /** What earlier messages filed for this patient: artifact → `Type/id`. */
  readonly filed: Readonly<Record<string, string>>;
  /** What the records of the person say. */
  readonly facts: FactView;
};

/** What a map of laboratory results may read beside the order. Pure data: same input, same output. */
export type LabContext = {
  /** `Patient/…` in the destination. */
  readonly patient: { readonly reference: string; readonly display?: string };
  readonly programme: Pick<MappingContext['programme'], 'artifactSystem' | 'timeZone'>;
  /** Name of the sender in the ledger. */
  readonly source: string;
  /** The sender's namespaces → URI (`mllp.senders[].systems`). */
  readonly systems?: Readonly<Record<string, string>>;
  /** `1,024` is a number (`mllp.senders[].groupedNumbers`). */
  readonly groupedNumbers?: boolean;
  /** `hold`: a result without LOINC that the ConceptMap lab-code does not list holds the message (`labs.unmappedCodes`). */
  readonly unmappedCodes?: 'file' | 'hold';
  readonly receivedAt: string;
  /** What earlier messages filed of the order and of its parent: artifact → `Type/id`. */
  readonly filed: Readonly<Record<string, string>>;
};

/**
 * One resource to stand in the chart.
 * `put`: create it, or make the one that carries the artifact identifier equal to it.
 * `merge`: set these elements on a resource that must already stand (a goal's achievementStatus).
 */
export type Mapped = {
  readonly artifact: string;
  readonly fullUrl: string;
  readonly do: 'put' | 'merge';
  readonly resource: Resource;
  /** Of a merge: elements that are taken away where it does not set them. */
  readonly clears?: readonly string[];
  /** Of a merge: what it merges into stands also when the record that wrote it last is voided. */
  readonly stays?: true;
  /** Derived of what several records say: it stands as long as one of them does. */
  readonly shared?: true;
};

/** One file of a set of maps. `where` is its path, for messages. */
export type MapFile = { readonly name: string; readonly where: string; readonly text: string };

/**
 * A code of a sender that a ConceptMap does not list, and what was done: the message is held, or the ConceptMap's own
 * policy (`unmapped.mode`) was followed. It may say something about the patient: never logged.
 */
export type UnmappedCode = {
  readonly conceptMap: string;
  readonly system?: string;
  readonly code: string;
  readonly display?: string;
  readonly policy: 'hold' | 'fixed' | 'provided' | 'other-map' | 'text';
};

export type Mapper = {
  /** Content hash of maps, ConceptMaps and routes: stored with every message and attempt. */
  readonly version: string;
  /** What the version is the hash of. */
  readonly files: readonly MapFile[];
  /** Activity types that have a route. */
  readonly kinds: readonly string[];
  /** Canonical of the map that an activity type takes. */
  readonly mapOf: (kind: string) => string | undefined;
  /** Activity types whose map makes nothing: they are kept in the programme store, and no chart shows them. */
  readonly uncharted: readonly string[];
  /**
   * What the activity is in the chart, and what is derived of the facts it touches; without an activity (its record is
   * voided) only the latter. `unmapped` collects the codes that no ConceptMap listed, also when the outcome is a failure.
   */
  readonly map: (
    activity: Activity | undefined,
    context: MappingContext,
    unmapped?: UnmappedCode[],
  ) => Outcome<readonly Mapped[]>;
  /** What one order of a laboratory is in the chart: its report, each of its results, specimens. */
  readonly mapLab: (
    order: LabOrder,
    names: LabNames,
    context: LabContext,
    unmapped?: UnmappedCode[],
  ) => Outcome<readonly Mapped[]>;
  /** The key functions of peer support that an activity as a whole serves, beside what other records say. */
  readonly functionsOf: (activity: Activity, others: readonly Fact[]) => readonly FunctionTag[];
  /** Whether its ConceptMap has an answer for this code by now: what waited for it may go on. */
  readonly answers: (code: UnmappedCode) => boolean;
};

/** Issues of one resource against base R4 and every profile that applies to it; errors only stop it. */
export type Validate = (resource: Resource) => readonly Issue[];

// ---------------------------------------------------------------- pipeline → outbound

export type FilingStep =
  | {
      readonly do: 'put';
      readonly artifact: string;
      readonly fullUrl: string;
      readonly resource: Resource;
      /** Where it stands already, when an earlier version of this record filed it. */
      readonly known?: EmittedLink;
      readonly shared?: true;
    }
  | {
      readonly do: 'merge';
      readonly artifact: string;
      readonly resource: Resource;
      readonly clears?: readonly string[];
      readonly stays?: true;
      readonly known?: EmittedLink;
    }
  /** Mark it entered-in-error. */
  | {
      readonly do: 'void';
      readonly artifact: string;
      readonly resourceType: string;
      readonly known?: EmittedLink;
      /** `Patient/…`: where what is not known is looked for, if the EHR does not search by identifier. */
      readonly subject?: string;
      /** What an attempt may have sent: where it cannot be looked for, it is cancelled all the same. */
      readonly was?: Resource;
    };

export type FilingPlan = {
  readonly messageId: MessageId;
  /** In an order in which each step refers only to earlier ones, or to what stands already. */
  readonly steps: readonly FilingStep[];
  /** An earlier attempt may have written some of it: look before writing. */
  readonly doubt: boolean;
  /** What has been deleted in the EHR is created anew; else it stops as `send/gone`. */
  readonly anew?: boolean;
  /** Prefix of the artifacts of the record, for a note that holds what the EHR does not take. Absent in a void. */
  readonly recordKey?: string;
  /** When the message came to Tejido: the same in each attempt, so that what is sent by HL7 v2 is the same bytes. */
  readonly receivedAt: Date;
};

/**
 * What a person must do in the chart, because the EHR does not take it from us. `artifact` names the entry: there is one
 * at a time for each. Lines are in plain words, for whoever enters them: a patient's data.
 */
export type WorkListEntry =
  | { readonly do: 'enter' | 'correct' | 'remove'; readonly artifact: string; readonly lines: readonly string[] }
  /** Not wanted any more: closed when nobody has acted on it, else it becomes one to remove what was entered. */
  | { readonly do: 'withdraw'; readonly artifact: string };

/** `links` holds what is known to stand, also when the rest failed. */
export type Filing = {
  readonly links: readonly EmittedLink[];
  readonly exchanges: readonly Exchange[];
  readonly failure?: Failure;
  readonly workList?: readonly WorkListEntry[];
  /** What a reader of the message should know of how it was filed. No patient's data. */
  readonly remarks?: readonly string[];
};

export type FoundPatient = { readonly reference: string; readonly display?: string };

export type Destination = {
  readonly id: DestinationId;
  readonly file: (plan: FilingPlan, signal?: AbortSignal) => Promise<Filing>;
  /**
   * Exactly one active patient with these identifiers, or a `match/*` failure (never a guess): the MRN must be the
   * chart's own, a given date of birth must agree.
   */
  readonly findPatient: (
    identifiers: PatientIdentifiers,
    signal?: AbortSignal,
  ) => Promise<{ readonly outcome: Outcome<FoundPatient>; readonly exchanges: readonly Exchange[] }>;
  /**
   * Active patients who could be this person, by name, date of birth and telephone, each checked against what was asked.
   * `send/unsupported` where the EHR cannot be searched so.
   */
  readonly findAlike?: (
    about: Demographics,
    signal?: AbortSignal,
  ) => Promise<{ readonly outcome: Outcome<readonly ChartPatient[]>; readonly exchanges: readonly Exchange[] }>;
  /** Which of our artifacts stand in the EHR, how often, and in what status: for reconciliation. */
  readonly standing: (
    artifacts: readonly { artifact: string; resourceType: string }[],
  ) => Promise<Outcome<readonly { artifact: string; count: number; errored: number }[]>>;
  readonly report: () => Promise<CapabilityReport>;
};

/** What `tejido check` prints of a destination. */
export type CapabilityReport = {
  readonly destination: string;
  readonly reachable: boolean;
  readonly software?: string;
  readonly fhirVersion?: string;
  readonly transaction: boolean;
  readonly batch: boolean;
  readonly auth: string;
  readonly resources: readonly {
    readonly type: string;
    readonly level: 'native' | 'degraded' | 'impossible';
    readonly create: boolean;
    readonly update: boolean;
    readonly conditionalCreate: boolean;
    /** How it is filed, and why so. */
    readonly tier: TierName;
    readonly says: string;
    /** How a correction and a void of it reach the chart. */
    readonly amend: string;
    readonly void: string;
  }[];
  /** An HL7 v2 interface beside it. */
  readonly hl7v2?: {
    readonly where: string;
    readonly reachable: boolean;
    readonly documents: boolean;
    readonly results: boolean;
  };
  readonly problems: readonly { readonly cause: CauseCode; readonly detail: string }[];
};

// ---------------------------------------------------------------- everybody

/** Logging takes an event name and fields of the allow-list in `observe/log.ts`; anything else is dropped there. */
export type Log = (level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: Record<string, unknown>) => void;

/** The one clock, passed in. Deadlines and leases use the database's. */
export type Clock = () => Date;
