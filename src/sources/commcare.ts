/**
 * CommCare's forms and cases: by what a delivery is known (pure, at the door), and the activity it means (pure, at
 * processing time, with the config of that moment). Sources: CommCare HQ docs/api/form-data.rst, form-case-forwarding.rst.
 */
import type { Activity } from '../core/activity.ts';
import { fail, type Failure, type Outcome } from '../core/outcome.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import { type FindFlags, mayFlag } from '../core/red-flag/detect.ts';
import type { RedFlag } from '../core/red-flag/rules.ts';
import type { ActivityCheck } from './activity.ts';
import type { Answers } from './answers.ts';
import { rows, textOf } from './answers.ts';
import { isRecord, readPayload, type CommCarePayload, type Json } from './commcare-payload.ts';
import type { FormRule, PatientRule, SourceConfig } from './config.ts';
import { contentHash } from './content-hash.ts';
import { instantOf } from './conversions.ts';
import { activityOf, compose, patientIn, type Report } from './form-activity.ts';
import { fillForm, holds } from './form-mapping.ts';
import type { JsonLimits } from './json-items.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export type Identified = {
  readonly record?: { readonly id: string; readonly version?: number; readonly contentHash: string };
  readonly kind: string;
  readonly patient?: PatientIdentifiers;
  readonly occurredAt?: Date;
  readonly recordedAt?: Date;
  readonly hold?: Failure;
  readonly flags?: readonly RedFlag[];
  readonly withdrawal?: string;
};

/** By what the ledger knows one delivered record. Never throws; what cannot be read is held. */
export function identifyCommCare(
  raw: Uint8Array,
  headers: Headers,
  config: SourceConfig,
  limits: JsonLimits,
  findFlags: FindFlags,
): Identified {
  const read = readPayload(raw, limits);
  if (!read.ok) return { kind: 'unreadable', hold: read.failure };
  const payload = read.value;
  if (payload.kind !== 'form') return identifyOther(payload);
  const roots = rootsOf(payload, config.patient);
  const id = idOf(payload);
  const rule = ruleFor(payload, roots, config);
  const kind = rule?.activityType ?? nameOf(payload.form);
  if (id === undefined) {
    return { kind, hold: { cause: 'source/unreadable', detail: 'The form has neither an id nor meta.instanceID.' } };
  }
  const version = versionOf(payload.whole, headers);
  const patient = patientOf(roots, config, rule);
  const occurredAt = dateOf(occurredIn(payload));
  const recordedAt = dateOf(textOf(payload.whole['received_on']) ?? header(headers, 'received-on'));
  const flags = rule === undefined ? [] : flagsIn(payload, id, config, rule, findFlags);
  return {
    record: { id, ...(version === undefined ? {} : { version }), contentHash: hashOf(payload) },
    kind,
    ...(patient === undefined ? {} : { patient }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(recordedAt === undefined ? {} : { recordedAt }),
    ...(rule === undefined && !isIgnored(payload, config) ? { hold: noRoute(payload) } : {}),
    ...(flags.length === 0 ? {} : { flags }),
    ...(isWithdrawn(payload.whole) ? { withdrawal: 'mistaken' } : {}),
  };
}

/** Only a form whose rule can show one is read at the door; also when the rest of it will not make a valid activity. */
function flagsIn(
  payload: FormPayload,
  id: string,
  config: SourceConfig,
  rule: FormRule,
  findFlags: FindFlags,
): readonly RedFlag[] {
  if (![rule, ...(rule.components ?? [])].some(({ activityType }) => mayFlag(activityType))) return [];
  const filled = fillForm(rootsOf(payload, rule.patient ?? config.patient), rule, config.timeZone);
  return findFlags(compose(reportOf(payload, id), config, rule, filled, {}) as Activity);
}

/** Cases and stubs carry no visit: kept, and held until somebody decides what they are for. */
function identifyOther(payload: Exclude<CommCarePayload, { kind: 'form' }>): Identified {
  const { whole, kind } = payload;
  const id = textOf(whole[kind === 'case' ? 'case_id' : 'form_id']) ?? '';
  const version = micros(textOf(whole['server_date_modified']) ?? textOf(whole['server_last_modified']));
  return {
    kind: `commcare.${kind}`,
    record: {
      id: `${kind}:${id}`,
      ...(version === undefined ? {} : { version }),
      contentHash: contentHash(whole),
    },
    hold: noRoute(payload),
  };
}

/** The activity that a stored form means under this config. */
export function commCareActivity(
  raw: Uint8Array,
  config: SourceConfig,
  check: ActivityCheck,
  limits: JsonLimits,
): Outcome<Activity> {
  const read = readPayload(raw, limits);
  if (!read.ok) return read;
  const payload = read.value;
  if (payload.kind !== 'form') return { ok: false, failure: noRoute(payload) };
  const roots = rootsOf(payload, config.patient);
  const rule = ruleFor(payload, roots, config);
  if (rule === undefined) return { ok: false, failure: noRoute(payload) };
  const recordId = idOf(payload);
  if (recordId === undefined) return fail('source/unreadable', 'The form has neither an id nor meta.instanceID.');

  const answers = rootsOf(payload, rule.patient ?? config.patient);
  return activityOf(reportOf(payload, recordId), answers, patientIn(roots, config, rule, usual), config, rule, check);
}

/** Whether the config says that this form is deliberately not filed. */
export function isIgnoredForm(raw: Uint8Array, config: SourceConfig, limits: JsonLimits): boolean {
  const read = readPayload(raw, limits);
  return read.ok && read.value.kind === 'form' && isIgnored(read.value, config);
}

type FormPayload = Extract<CommCarePayload, { kind: 'form' }>;

const isIgnored = (payload: FormPayload, config: SourceConfig): boolean =>
  (config.ignore ?? []).includes(textOf(payload.form['@xmlns']) ?? '');

function reportOf(payload: FormPayload, recordId: string): Report {
  const { whole, form } = payload;
  return {
    recordId,
    version: versionOf(whole, {}),
    contentHash: () => hashOf(payload),
    occurredAt: occurredIn(payload),
    recordedAt: instantOf(textOf(whole['received_on']) ?? '', 'UTC'),
    performer: textOf(isRecord(form['meta']) ? form['meta']['userID'] : undefined),
    withdrawn: isWithdrawn(whole),
    form: shown(payload),
  };
}

const noRoute = (payload: CommCarePayload): Failure => ({
  cause: 'mapping/no-route',
  detail:
    payload.kind === 'form'
      ? `No form of this source has xmlns ${shown(payload)} (and its conditions met).`
      : `A CommCare ${payload.kind} was delivered; only forms are mapped. In CommCare, forward forms.`,
});

const shown = (payload: FormPayload): string => (textOf(payload.form['@xmlns']) ?? '(none)').slice(0, 200);

const nameOf = (form: Json): string => (textOf(form['@name']) ?? textOf(form['name']) ?? 'form').slice(0, 100);

const ruleFor = (payload: FormPayload, roots: Answers, config: SourceConfig): FormRule | undefined => {
  const xmlns = textOf(payload.form['@xmlns']);
  return (config.forms ?? []).find((rule) => rule.xmlns === xmlns && holds(roots, rule.when));
};

function idOf({ whole, form }: FormPayload): string | undefined {
  const meta = isRecord(form['meta']) ? form['meta'] : {};
  const metadata = isRecord(whole['metadata']) ? whole['metadata'] : {};
  return textOf(whole['id']) ?? textOf(meta['instanceID']) ?? textOf(metadata['instanceID']);
}

/**
 * When the form was opened: nearer to the beginning of a visit than when it was finished. CommCare writes its times in
 * UTC; `metadata` and some `form.meta` drop the Z.
 */
function occurredIn({ whole, form }: FormPayload): string | undefined {
  const meta = isRecord(form['meta']) ? form['meta'] : {};
  const metadata = isRecord(whole['metadata']) ? whole['metadata'] : {};
  const text =
    textOf(meta['timeStart']) ??
    textOf(metadata['timeStart']) ??
    textOf(meta['timeEnd']) ??
    textOf(metadata['timeEnd']) ??
    textOf(whole['received_on']);
  return text === undefined ? undefined : instantOf(text, 'UTC');
}

function dateOf(text: string | undefined): Date | undefined {
  const instant = text === undefined ? undefined : instantOf(text, 'UTC');
  return instant === undefined ? undefined : new Date(instant);
}

const header = (headers: Headers, name: string): string | undefined => textOf(headers[name]);

function versionOf(whole: Json, headers: Headers): number | undefined {
  for (const field of ['server_modified_on', 'edited_on', 'received_on']) {
    const version = micros(textOf(whole[field]));
    if (version !== undefined) return version;
  }
  return micros(header(headers, 'server-modified-on')) ?? micros(header(headers, 'received-on'));
}

/** Microseconds since 1970: the server's clock has them, and they stay below 2^53 until the year 2255. */
function micros(text: string | undefined): number | undefined {
  const instant = text === undefined ? undefined : instantOf(text, 'UTC');
  if (instant === undefined) return undefined;
  const fraction = /\.(\d+)/.exec(instant)?.[1] ?? '';
  return Math.floor(Date.parse(instant) / 1000) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Archiving, and being replaced by an edited copy under another id, withdraw what the form filed. */
const isWithdrawn = (whole: Json): boolean =>
  whole['archived'] === true ||
  whole['archived'] === 'true' ||
  whole['doc_type'] === 'XFormArchived' ||
  whole['doc_type'] === 'XFormDeprecated';

const keptOfMeta = ['timeStart', 'timeEnd', 'userID', 'instanceID'];
const volatile = new Set(['#type', '@version', '@uiVersion', 'meta']);

/** Only what the CHW recorded: an app update or a re-send does not change it. */
function hashOf({ whole, form }: FormPayload): string {
  const meta = isRecord(form['meta']) ? form['meta'] : {};
  const kept = Object.entries(form).filter(([name]) => !volatile.has(name));
  return contentHash({
    form: Object.fromEntries(kept),
    meta: Object.fromEntries(keptOfMeta.map((name) => [name, meta[name]])),
    withdrawn: isWithdrawn(whole),
  });
}

/** What paths of the rules start from. `case` is the patient's case. */
function rootsOf({ whole, form }: FormPayload, patient: PatientRule | undefined): Answers {
  const patientCase = patientCaseOf(form, patient?.caseType);
  return { ...whole, form, meta: form['meta'], ...(patientCase === undefined ? {} : { case: patientCase }) };
}

/**
 * The patient's case among those a form touches: the one created with the configured type; else the one that another
 * case names as such in its index; else the first that is not being created as something else.
 */
function patientCaseOf(form: Json, caseType: string | undefined): Json | undefined {
  const cases = casesOf(form, 0);
  if (caseType === undefined) return cases[0];
  const typeOf = (one: Json): string | undefined =>
    textOf(isRecord(one['create']) ? one['create']['case_type'] : undefined);
  const created = cases.find((one) => typeOf(one) === caseType);
  if (created !== undefined) return created;
  for (const one of cases) {
    for (const index of Object.values(isRecord(one['index']) ? one['index'] : {})) {
      const id = textOf(index);
      if (isRecord(index) && index['@case_type'] === caseType && id !== undefined) {
        return cases.find((other) => other['@case_id'] === id) ?? { '@case_id': id };
      }
    }
  }
  return cases.find((one) => typeOf(one) === undefined);
}

function casesOf(node: Json, depth: number): readonly Json[] {
  const own = rows({ node }, 'node.case');
  const here = (own.ok ? own.value : []).filter(isRecord).filter((one) => textOf(one['@case_id']) !== undefined);
  if (depth === 8) return here;
  const below = Object.entries(node)
    .filter(([name]) => name !== 'case' && name !== 'meta')
    .flatMap(([, child]) => (Array.isArray(child) ? child : [child]))
    .filter(isRecord)
    .flatMap((child) => casesOf(child, depth + 1));
  return [...here, ...below];
}

const usual = { sourcePatientId: 'case.@case_id', mrn: 'case.update.mrn', dob: 'case.update.dob' } as const;

function patientOf(roots: Answers, config: SourceConfig, rule: FormRule | undefined): PatientIdentifiers | undefined {
  const { subject } = patientIn(roots, config, rule, usual);
  return Object.keys(subject).length === 0 ? undefined : { source: config.name, ...subject };
}
