/** The `sources` section of tejido.yaml, as `config.schema.json` checks it. */

/** Path into the payload: `form.visita.minutos`, `case.update.mrn`, `meta.timeEnd`; inside a repeat `item.dosis`. */
type AnswerPath = string;

export type AnswerRule = {
  /** Several: the first that is answered; with `join` all that are. */
  readonly from: AnswerPath | readonly AnswerPath[];
  readonly as?: 'text' | 'number' | 'integer' | 'boolean' | 'list' | 'date' | 'datetime';
  /** Order of day, month and year in a `date` that is not ISO. */
  readonly order?: 'dmy' | 'mdy';
  /** Answer → value. An answer that is not in the table stops the form. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Converts a number between units. */
  readonly unit?: { readonly from: string; readonly to: string };
  readonly join?: string;
  readonly default?: unknown;
  readonly required?: boolean;
};

export type FieldRule = AnswerPath | AnswerRule;

/** All that is given must hold. A multi-select answer counts as its choices. */
export type Condition = {
  readonly from: AnswerPath;
  readonly is?: string | readonly string[];
  readonly isNot?: string | readonly string[];
  readonly answered?: boolean;
};

type Rules = {
  readonly when?: Condition | readonly Condition[];
  /** Target path in the activity (or in the component) → fixed value. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Target path → question. */
  readonly fields?: Readonly<Record<string, FieldRule>>;
};

export type ComponentRule = Rules & {
  readonly key: string;
  readonly activityType: string;
  /** A repeat group: one component for each of its rows. */
  readonly each?: AnswerPath;
};

export type FormRule = Rules & {
  /** Identity of a CommCare form. */
  readonly xmlns?: string;
  /** Code of a CHT form. */
  readonly form?: string;
  /** For people; not read. */
  readonly name?: string;
  readonly activityType: string;
  readonly programmeId?: string;
  readonly patient?: PatientRule;
  readonly components?: readonly ComponentRule[];
};

export type PatientRule = {
  /** Which case is the patient's, when a form touches several. */
  readonly caseType?: string;
  readonly sourcePatientId?: FieldRule;
  readonly mrn?: FieldRule;
  readonly dob?: FieldRule;
};

export type SourceConfig = {
  readonly name: string;
  readonly format: 'commcare' | 'cht' | 'activity';
  readonly programmeId?: string;
  /** IANA name; for answers that carry no offset. */
  readonly timeZone?: string;
  readonly patient?: PatientRule;
  /** The first entry whose xmlns (or form) and `when` fit is taken. */
  readonly forms?: readonly FormRule[];
  /** xmlns (or codes) of forms that are deliberately not filed. */
  readonly ignore?: readonly string[];
};
