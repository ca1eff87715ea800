/** What a site decides about laboratory results (`labs`). Data only. */
import type { Severity } from '../red-flag/rules.ts';
import type { SensitiveClass } from './sensitive.ts';

/** An analyte whose trend the CHW is told of. */
export type TrendRule = {
  /** `a1c`, `ldl` …: part of the feed. */
  readonly name: string;
  /** In words, for the CHW. */
  readonly says: { readonly es: string; readonly en: string };
  /** LOINC. */
  readonly codes: readonly string[];
  /** UCUM; values in another unit are not compared. */
  readonly unit: string;
  /** Outside of this a value is shown with a warning and not compared. */
  readonly plausible?: { readonly low: number; readonly high: number };
};

/** A value that must be told to a person by name. */
export type CriticalRule = {
  readonly codes: readonly string[];
  readonly unit: string;
  /** A value below, or at and above. */
  readonly low?: number;
  readonly high?: number;
  readonly severity: Severity;
};

export type LabRules = {
  /** `file`: with the sender's own code and text; `hold`: until the ConceptMap has an answer. */
  readonly unmappedCodes: 'file' | 'hold';
  readonly release: {
    /** From the time it was filed until the CHW may be told, in ms. */
    readonly delayMs: number;
    /** How often is looked for what may be told, in ms. */
    readonly everyMs: number;
    /** Only what was collected at most so long before its message was made is news, in ms. */
    readonly newsWithinMs: number;
  };
  readonly trends: readonly TrendRule[];
  readonly critical: readonly CriticalRule[];
  /** Only what was collected at most so long before its message was made raises an alarm, in ms. */
  readonly criticalWithinMs: number;
  /** Also without a rule: results that the laboratory itself flags as critical (HH, LL, AA). */
  readonly criticalFlags: boolean;
  readonly criticalFlagSeverity: Severity;
  /** What is sensitive by code and name (`src/config/screens/sensitive-labs.json`). */
  readonly sensitive: readonly SensitiveClass[];
  /** What is sensitive by its code beside that: class → codes. */
  readonly sensitiveCodes: Readonly<Record<string, readonly string[]>>;
  /** Sensitivities whose results do not go to the EHR. */
  readonly withholdFromEhr: readonly string[];
};
