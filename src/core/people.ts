/** People and open matches as the front desk sees them. The details hold what senders and charts say of patients. */
import type { Demographics } from './matching/demographics.ts';
import type { Feature } from './matching/score.ts';
import type { DestinationId, MessageId, MessageState, PatientKey } from './model.ts';
import type { Identity } from './person.ts';

/** open: nobody looked yet. not-sure: somebody could not say. new: none of the candidates so far. linked: decided. */
export const matchStates = ['open', 'not-sure', 'new', 'linked'] as const;
export type MatchState = (typeof matchStates)[number];

/** Without a word about the patient: also for those who only count. */
export type MatchSummary = {
  readonly id: string;
  readonly destination: DestinationId;
  readonly patientKey: PatientKey;
  readonly state: MatchState;
  readonly openedAt: Date;
  readonly changedAt: Date;
  /** Names of the sources that sent for this patient. */
  readonly sources: readonly string[];
  /** Messages that wait. */
  readonly waiting: number;
  readonly candidates: number;
  /** Points of the best one. */
  readonly best?: number;
};

export type MatchCandidate = {
  /** What a decision names it by. */
  readonly number: number;
  readonly patientKey?: PatientKey;
  readonly reference?: string;
  readonly mrn?: string;
  readonly demographics: Demographics;
  readonly class: 'certain' | 'unsure';
  readonly score: number;
  readonly features: readonly Feature[];
  readonly doubts: readonly string[];
  readonly rejectedBy?: string;
};

export type MatchDetail = Omit<MatchSummary, 'candidates' | 'best'> & {
  readonly identities: readonly Identity[];
  readonly demographics: Demographics;
  readonly messageIds: readonly MessageId[];
  readonly candidates: readonly MatchCandidate[];
  readonly decidedBy?: string;
  readonly decidedAt?: Date;
};

export type MatchDecision =
  | { readonly kind: 'candidate'; readonly number: number }
  | { readonly kind: 'mrn'; readonly mrn: string }
  | { readonly kind: 'new' }
  | { readonly kind: 'not-sure' };

export type PersonDetail = {
  readonly patientKey: PatientKey;
  readonly identities: readonly (Identity & { readonly demographics?: Demographics })[];
  readonly dob?: string;
  readonly charts: readonly { readonly destination: string; readonly reference: string; readonly display?: string }[];
  /** People merged into this one. */
  readonly merged: readonly PatientKey[];
  readonly messages: Readonly<Partial<Record<MessageState, number>>>;
  readonly resources: Readonly<Record<string, number>>;
};

/** What merging or un-linking touches. */
export type ChangePreview = {
  readonly messages: Readonly<Partial<Record<MessageState, number>>>;
  /** Resources that stand, by type: to be marked entered-in-error by an un-link, to be kept by a merge. */
  readonly resources: Readonly<Record<string, number>>;
  /** Messages that wait or are on their way. */
  readonly openWork: number;
  /** Resources of others that were changed by what is un-linked: look at them by hand. */
  readonly changedElsewhere: readonly string[];
  /** Person-level resources that stand twice in the chart: after a merge only the second is kept up to date. */
  readonly twice: readonly string[];
};

export type PeopleResult =
  | { readonly ok: true; readonly done: boolean; readonly preview: ChangePreview; readonly patientKey?: PatientKey }
  | { readonly ok: false; readonly refused: string };

export type DecisionResult =
  | { readonly ok: true; readonly state: MatchState; readonly released: number }
  | { readonly ok: false; readonly refused: string; readonly unknown?: true };

export type MatchFilter = { readonly state?: MatchState; readonly after?: string; readonly limit?: number };

export const isPatientKey = (text: string): text is PatientKey =>
  /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/.test(text);
