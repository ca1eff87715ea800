/** The activity that a report of a form means: the site's rules over its answers, checked, and each complaint traced to its question. */
import type { Activity } from '../core/activity.ts';
import { fail, ok, type Issue, type Outcome } from '../core/outcome.ts';
import type { ActivityCheck } from './activity.ts';
import type { Answers } from './answers.ts';
import type { FieldRule, FormRule, PatientRule, SourceConfig } from './config.ts';
import { answer, fillForm, type Filled } from './form-mapping.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the format itself says of a report, beside the answers. */
export type Report = {
  readonly recordId: string;
  /** Without one, `contentHash` stands in the activity. */
  readonly version: number | undefined;
  readonly contentHash: () => string;
  readonly occurredAt: string | undefined;
  readonly recordedAt: string | undefined;
  readonly performer: string | undefined;
  readonly withdrawn: boolean;
  /** By what people know the form. */
  readonly form: string;
};

export type PatientFields = Readonly<Record<'sourcePatientId' | 'mrn' | 'dob', FieldRule>>;
export type PatientFound = { readonly subject: Record<string, string>; readonly issues: readonly Issue[] };

/** Who the patient is, by the rules of form and source; `usual`: where the format has it. */
export function patientIn(
  roots: Answers,
  config: SourceConfig,
  rule: FormRule | undefined,
  usual: Partial<PatientFields>,
): PatientFound {
  const given: PatientRule = { ...config.patient, ...rule?.patient };
  const subject: Record<string, string> = {};
  const issues: Issue[] = [];
  for (const field of ['sourcePatientId', 'mrn', 'dob'] as const) {
    const told = given[field] ?? usual[field];
    if (told === undefined) continue;
    const asDate = field === 'dob' && typeof told === 'string' ? { from: told, as: 'date' as const } : told;
    const found = answer(roots, asDate, `subject.${field}`, config.timeZone);
    if (found === undefined) continue;
    if ('issue' in found) issues.push(found.issue);
    else if (typeof found.value === 'string') subject[field] = found.value;
  }
  return { subject, issues };
}

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The activity as it comes, not checked. */
export function compose(report: Report, config: SourceConfig, rule: FormRule, filled: Filled, subject: Json): Json {
  const { recordId, version, occurredAt, recordedAt, performer } = report;
  const programmeId = rule.programmeId ?? config.programmeId;
  const { subject: mapped, ...others } = filled.value;
  return {
    schemaVersion: '1.0',
    activityType: rule.activityType,
    ...(programmeId === undefined ? {} : { programmeId }),
    status: 'completed',
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(recordedAt === undefined ? {} : { recordedAt }),
    ...(performer === undefined ? {} : { performer: { sourceUserId: performer } }),
    ...others,
    ...(report.withdrawn ? { status: 'entered-in-error', voidReason: 'mistaken' } : {}),
    source: {
      systemId: config.name,
      recordId,
      ...(version === undefined ? { contentHash: report.contentHash() } : { recordVersion: version }),
    },
    subject: { ...subject, ...(isRecord(mapped) ? mapped : {}) },
  };
}

/** `roots`: what the paths of the rules start from. */
export function activityOf(
  report: Report,
  roots: Answers,
  patient: PatientFound,
  config: SourceConfig,
  rule: FormRule,
  check: ActivityCheck,
): Outcome<Activity> {
  const filled = fillForm(roots, rule, config.timeZone);
  const issues = [...filled.issues, ...patient.issues];
  if (issues.length > 0) {
    return filled.unmapped
      ? fail('mapping/unmapped-code', `Form ${report.form}: an answer is not in its table of values in tejido.yaml.`, {
          issues,
        })
      : fail('activity/invalid', `Form ${report.form}: ${issues.length} answer(s) could not be used.`, { issues });
  }
  const activity = compose(report, config, rule, filled, patient.subject);
  const wrong = check(activity);
  if (wrong.length === 0) return ok(activity as Activity);
  return fail('activity/invalid', `Form ${report.form} does not make a valid ${rule.activityType}.`, {
    issues: wrong.map((issue) => traced(issue, filled)),
  });
}

/** A complaint about a field names the question it came from. */
function traced(issue: Issue, filled: Filled): Issue {
  const origin = filled.origins.find(({ field }) => issue.where === field || issue.where.startsWith(`${field}/`));
  return origin === undefined ? issue : { ...issue, where: `${origin.question} → ${issue.where}` };
}
