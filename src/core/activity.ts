/**
 * The canonical CHW activity: one contact or event, as every door delivers it to the pipeline. The fields are those of
 * the published JSON Schema (`schemas/activity.schema.json`), which is what checks them; here only what code reads is typed.
 */
export type ActivityStatus = 'completed' | 'partial' | 'attempted' | 'not-done' | 'entered-in-error';

export type ActivitySource = {
  readonly systemId: string;
  /** Stable id of the record at its source: an edit keeps it. */
  readonly recordId: string;
  readonly recordVersion?: number;
  readonly contentHash?: string;
};

export type ActivitySubject = {
  readonly sourcePatientId?: string;
  readonly mrn?: string;
  /** YYYY-MM-DD */
  readonly dob?: string;
  readonly name?: { readonly given?: string; readonly family?: string; readonly secondFamily?: string };
  readonly sex?: string;
  readonly phones?: readonly string[];
  readonly postalCode?: string;
};

export type ActivityComponent = {
  readonly key: string;
  readonly activityType: string;
  readonly details?: Record<string, unknown>;
};

export type Activity = {
  readonly schemaVersion: string;
  readonly activityType: string;
  readonly programmeId: string;
  readonly status: ActivityStatus;
  readonly source: ActivitySource;
  /** ISO 8601 with offset, as the device gave it. */
  readonly occurredAt: string;
  readonly recordedAt?: string;
  /** Absent only in work without the patient. */
  readonly subject?: ActivitySubject;
  readonly performer: { readonly sourceUserId: string };
  readonly details?: Record<string, unknown>;
  readonly components?: readonly ActivityComponent[];
  readonly narrative?: { readonly es?: string; readonly en?: string; readonly translatedBy?: string };
  readonly sensitivity?: readonly string[];
  readonly consentRef?: string;
  readonly basedOn?: readonly string[];
  readonly [other: string]: unknown;
};

/** What was only tried, or did not come about, says nothing of the patient. */
export const tookPlace = ({ status }: Pick<Activity, 'status'>): boolean =>
  status === 'completed' || status === 'partial';
