/**
 * Reports of the Community Health Toolkit: by what a delivery is known (pure, at the door), and the activity it means
 * (pure, at processing time, with the config of that moment). A report is a document of CouchDB: `_id`, `_rev`, `form`,
 * `reported_date` in milliseconds, the author in `contact`, the answers in `fields`. CHT pushes a report again whenever
 * what it would send differs, every five minutes until it is taken.
 */
import type { Activity } from '../core/activity.ts';
import { fail, ok, type Failure, type Outcome } from '../core/outcome.ts';
import type { Incoming } from '../core/ports.ts';
import { type FindFlags, mayFlag } from '../core/red-flag/detect.ts';
import { type ActivityCheck, identifyActivity } from './activity.ts';
import { textOf, type Answers } from './answers.ts';
import type { FormRule, SourceConfig } from './config.ts';
import { contentHash } from './content-hash.ts';
import { instantOf } from './conversions.ts';
import { activityOf, compose, patientIn, type Report } from './form-activity.ts';
import { fillForm, holds } from './form-mapping.ts';
import { readJson, type JsonLimits } from './json-items.ts';

type Json = Readonly<Record<string, unknown>>;
type ChtReport = { readonly id: string; readonly form: string; readonly fields: Json; readonly whole: Json };
type Known = Omit<Incoming, 'raw' | 'contentType' | 'source' | 'format' | 'actor'>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One document, or an array of them, each with its own bytes. What cannot be read stays whole. */
export function splitReports(body: Uint8Array, { maxDepth }: JsonLimits): readonly Uint8Array[] {
  const read = readJson(body, { maxDepth: maxDepth + 1, maxItems: Infinity, maxItemBytes: Infinity });
  return read.ok && read.batch ? read.items.map((item) => item.raw) : [body];
}

/** By what the ledger knows one delivered document. Never throws; what cannot be read is held. */
export function identifyCht(
  raw: Uint8Array,
  config: SourceConfig,
  actor: string,
  check: ActivityCheck,
  limits: JsonLimits,
  findFlags: FindFlags,
): Known {
  const read = readDocument(raw, limits);
  if (!read.ok) return { kind: 'unreadable', hold: read.failure };
  const report = asReport(read.value);
  if (!report.ok) return identifyOther(read.value, report.failure);
  const roots = rootsOf(report.value);
  const rule = ruleFor(report.value, roots, config);
  const patient = patientIn(roots, config, rule, usual);
  const occurred = occurredIn(report.value);
  const known: Known = {
    record: recordOf(report.value, roots, config, rule),
    kind: rule?.activityType ?? report.value.form.slice(0, 100),
    ...(Object.keys(patient.subject).length === 0 ? {} : { patient: { source: config.name, ...patient.subject } }),
    ...(occurred === undefined ? {} : { occurredAt: new Date(occurred) }),
  };
  if (rule === undefined) return isIgnored(report.value, config) ? known : { ...known, hold: noRoute(report.value) };
  const made = activityOf(reportOf(report.value, roots, config, rule), roots, patient, config, rule, check);
  if (made.ok) {
    // What it depends on, what else it says of the person, and its red flags are those of the activity.
    const { patient: person, dependsOn, flags, withdrawal } = identifyActivity(made.value, raw, '', actor, findFlags);
    return {
      ...known,
      ...(person === undefined ? {} : { patient: person }),
      ...(dependsOn === undefined ? {} : { dependsOn }),
      ...(flags === undefined ? {} : { flags }),
      ...(withdrawal === undefined ? {} : { withdrawal }),
    };
  }
  const flags = flagsIn(report.value, roots, config, rule, findFlags);
  return flags.length === 0 ? known : { ...known, flags };
}

/** A red flag is found also in what will not make a valid activity. */
function flagsIn(report: ChtReport, roots: Answers, config: SourceConfig, rule: FormRule, findFlags: FindFlags) {
  if (![rule, ...(rule.components ?? [])].some(({ activityType }) => mayFlag(activityType))) return [];
  const filled = fillForm(roots, rule, config.timeZone);
  return findFlags(compose(reportOf(report, roots, config, rule), config, rule, filled, {}) as Activity);
}

/** Contacts, tasks and what else CHT keeps carry no visit: kept, and held until somebody decides what they are for. */
function identifyOther(whole: Json, hold: Failure): Known {
  const id = idOf(whole);
  const kind = `cht.${(textOf(whole['contact_type']) ?? textOf(whole['type']) ?? 'document').slice(0, 60)}`;
  if (id === undefined || hold.cause === 'source/unreadable') return { kind, hold };
  const version = revisionOf(whole);
  return {
    kind,
    record: { id, ...(version === undefined ? {} : { version }), contentHash: contentHash(withoutRevision(whole)) },
    hold,
  };
}

/** The activity that a stored report means under this config. */
export function chtActivity(
  raw: Uint8Array,
  config: SourceConfig,
  check: ActivityCheck,
  limits: JsonLimits,
): Outcome<Activity> {
  const read = readDocument(raw, limits);
  if (!read.ok) return read;
  const report = asReport(read.value);
  if (!report.ok) return report;
  const roots = rootsOf(report.value);
  const rule = ruleFor(report.value, roots, config);
  if (rule === undefined) return { ok: false, failure: noRoute(report.value) };
  const patient = patientIn(roots, config, rule, usual);
  return activityOf(reportOf(report.value, roots, config, rule), roots, patient, config, rule, check);
}

/** Whether the config says that this form is deliberately not filed. */
export function isIgnoredReport(raw: Uint8Array, config: SourceConfig, limits: JsonLimits): boolean {
  const read = readDocument(raw, limits);
  const report = read.ok ? asReport(read.value) : read;
  return report.ok && isIgnored(report.value, config);
}

function readDocument(raw: Uint8Array, limits: JsonLimits): Outcome<Json> {
  const read = readJson(raw, limits);
  if (!read.ok) return fail('source/unreadable', 'The payload is not readable JSON.', { issues: read.issues });
  const [item] = read.items;
  if (read.batch || item === undefined) return fail('source/unreadable', 'The payload is a list, not one document.');
  if (!item.ok) return fail('source/unreadable', 'The payload is not strict JSON.', { issues: item.issues });
  return isRecord(item.value) ? ok(item.value) : fail('source/unreadable', 'The payload is not a JSON object.');
}

/** Documentation of CHT shows `id` too. */
const idOf = (whole: Json): string | undefined => textOf(whole['_id']) ?? textOf(whole['id']);

function asReport(whole: Json): Outcome<ChtReport> {
  const [id, form, fields] = [idOf(whole), textOf(whole['form']), whole['fields']];
  if (id !== undefined && form !== undefined && isRecord(fields)) return ok({ id, form, fields, whole });
  const type = textOf(whole['type']);
  if (id !== undefined && form === undefined && type !== undefined && type !== 'data_record') {
    return fail('mapping/no-route', 'A CHT document was delivered that is no report; only reports are mapped.');
  }
  const missing = [
    ...(id === undefined ? ['_id'] : []),
    ...(form === undefined ? ['form'] : []),
    ...(isRecord(fields) ? [] : ['fields']),
  ];
  return fail(
    'source/unreadable',
    `The report has no ${missing.join(', no ')}. In the outbound settings of CHT map _id, _rev, form, reported_date, contact and fields.`,
  );
}

/** CouchDB counts the revisions of a document: `3-0d1f…` is the third. */
function revisionOf(whole: Json): number | undefined {
  const found = /^(\d{1,12})-/.exec(textOf(whole['_rev']) ?? '');
  return found === null ? undefined : Number(found[1]);
}

const withoutRevision = (whole: Json): Json =>
  Object.fromEntries(Object.entries(whole).filter(([name]) => name !== '_rev'));

/** A multi-select is a list in reports by SMS, and text with spaces in those of the app. */
function joined(node: unknown): unknown {
  if (Array.isArray(node)) {
    const words = node.every((one) => typeof one === 'number' || (typeof one === 'string' && !/\s/.test(one)));
    return words && node.length > 1 ? node.join(' ') : node.map(joined);
  }
  return isRecord(node) ? Object.fromEntries(Object.entries(node).map(([name, one]) => [name, joined(one)])) : node;
}

/** What paths of the rules start from: `fields.…`, `contact.…`, and what the report has beside. */
const rootsOf = ({ whole, fields }: ChtReport): Answers => ({ ...whole, fields: joined(fields) });

const usual = { sourcePatientId: { from: ['fields.patient_uuid', 'fields.patient_id'] } } as const;

const ruleFor = (report: ChtReport, roots: Answers, config: SourceConfig): FormRule | undefined =>
  (config.forms ?? []).find((rule) => rule.form === report.form && holds(roots, rule.when));

const isIgnored = ({ form }: ChtReport, config: SourceConfig): boolean => (config.ignore ?? []).includes(form);

const noRoute = ({ form }: ChtReport): Failure => ({
  cause: 'mapping/no-route',
  detail: `No form of this source has the code ${form.slice(0, 100)} (and its conditions met).`,
});

/** When the report was made, by the clock of the phone: milliseconds since 1970, as a number or as text. */
function occurredIn({ whole }: ChtReport): string | undefined {
  const text = textOf(whole['reported_date']);
  if (text === undefined) return undefined;
  if (!/^\d{12,14}$/.test(text)) return instantOf(text, 'UTC');
  return new Date(Number(text)).toISOString();
}

function authorOf({ whole, fields }: ChtReport): string | undefined {
  const inputs = isRecord(fields['inputs']) ? fields['inputs'] : {};
  const user = isRecord(inputs['user']) ? inputs['user'] : {};
  const contact = whole['contact'];
  return textOf(isRecord(contact) ? contact['_id'] : contact) ?? textOf(user['contact_id']);
}

/**
 * Only what the rules take from the report: CHT raises the revision for its own bookkeeping, and a mapping with
 * `new Date()` sends another text each time. An answer that cannot be used is content too, and so is all of a report
 * that no rule reads.
 */
function hashOf(report: ChtReport, roots: Answers, config: SourceConfig, rule: FormRule | undefined): string {
  const { form, fields } = report;
  const patient = patientIn(roots, config, rule, usual);
  const filled = rule === undefined ? undefined : fillForm(roots, rule, config.timeZone);
  const usable = filled !== undefined && filled.issues.length === 0 && patient.issues.length === 0;
  return contentHash({
    form,
    author: authorOf(report),
    patient: patient.subject,
    ...(usable ? { activity: filled.value, type: rule?.activityType } : { fields }),
  });
}

function recordOf(report: ChtReport, roots: Answers, config: SourceConfig, rule: FormRule | undefined) {
  const version = revisionOf(report.whole);
  return {
    id: report.id,
    ...(version === undefined ? {} : { version }),
    contentHash: hashOf(report, roots, config, rule),
  };
}

function reportOf(report: ChtReport, roots: Answers, config: SourceConfig, rule: FormRule): Report {
  return {
    recordId: report.id,
    version: revisionOf(report.whole),
    contentHash: () => hashOf(report, roots, config, rule),
    occurredAt: occurredIn(report),
    recordedAt: undefined,
    performer: authorOf(report),
    withdrawn: false,
    form: report.form.slice(0, 100),
  };
}
