/**
 * Red flags: what they are called, how urgent each is, and from what on a measurement or a score is one. Every figure
 * comes from the configuration (`redFlags`), where the medical director of a site signs it off. Data only.
 */
export const severities = ['stat', 'urgent', 'routine'] as const;
export type Severity = (typeof severities)[number];

/** Their order is kept: the number of a code is part of identifiers. A new one goes to the end. */
export const redFlagCodes = [
  /** Below the level at which the brain suffers, or a meter that shows LO. */
  'glucose-very-low',
  /** Low, and the patient feels it. */
  'glucose-low-with-symptoms',
  /** At or above the upper limit, or a meter that shows HI. */
  'glucose-very-high',
  'blood-pressure-crisis',
  /** PHQ-9 item 9: thoughts of being better off dead, or of hurting oneself. */
  'phq9-item-9',
  /** PHQ-9 total. */
  'phq9-severe',
  'out-of-insulin',
  'chest-pain',
  'stroke-signs',
  'dka-symptoms',
  'new-foot-ulcer',
  'suicidality',
  'violence-at-home',
  /** Abuse of a child or an elder, disclosed. */
  'abuse-disclosure',
  'other',
  /** A value of a laboratory; by its rules (`labs.critical`), or flagged by the laboratory itself. */
  'lab-critical',
] as const;
export type RedFlagCode = (typeof redFlagCodes)[number];

export type RedFlagRules = {
  readonly glucose: {
    /** mg/dL; a value below is a red flag. */
    readonly lowMgDl: number;
    /** mg/dL; a value below is one when symptoms are reported. */
    readonly lowWithSymptomsMgDl: number;
    /** mg/dL; this value and above. */
    readonly highMgDl: number;
  };
  /** mmHg; this value and above, either of them. */
  readonly bloodPressure: { readonly systolic: number; readonly diastolic: number };
  /** Score of item 9, and total, from which on it is a red flag. */
  readonly phq9: { readonly item9: number; readonly total: number };
  /** Parts of names by which insulin is known, lower case, without accents. */
  readonly insulinNames: readonly string[];
  /** `off`: not found by rule; a CHW who raises it herself is always heard. */
  readonly severity: Readonly<Record<RedFlagCode, Severity | 'off'>>;
  /** Codes that only a key with the scope `escalations:restricted` is shown. */
  readonly restricted: readonly RedFlagCode[];
};

export type RedFlag = {
  readonly code: RedFlagCode;
  readonly severity: Severity;
  readonly restricted: boolean;
  /** ISO 8601 with offset. */
  readonly observedAt: string;
  /** Key of the component that shows it; empty: the activity itself. */
  readonly from: string;
  /** Key of the item that the chart's Task is made of: `from`, or the key of the derived item. */
  readonly item: string;
  /** Found by rule; else raised by the CHW. */
  readonly derived: boolean;
  /** What was measured or scored; stays in the message and the chart. */
  readonly shows: Readonly<Record<string, unknown>>;
};

export const isRedFlagCode = (code: unknown): code is RedFlagCode =>
  typeof code === 'string' && (redFlagCodes as readonly string[]).includes(code);

const isSeverity = (given: unknown): given is Severity =>
  typeof given === 'string' && (severities as readonly string[]).includes(given);

/** The graver of what the site says of a code and what the CHW says of this case. */
export function graver(configured: Severity | 'off', given: unknown): Severity {
  const known = [configured, given].filter(isSeverity);
  return severities.find((one) => known.includes(one)) ?? 'urgent';
}
