/**
 * The canonical activity at its door: is this value one, what is wrong with it if not, and by what is it known. The
 * JSON Schemas in `schemas/` say most of it; what a schema cannot say stands here. No answer ever repeats a value.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Activity, ActivitySubject } from '../core/activity.ts';
import { type Demographics, updated } from '../core/matching/demographics.ts';
import { questionnaireIssues } from '../core/questionnaire.ts';
import { fail, ok, type Issue, type Outcome } from '../core/outcome.ts';
import type { FindFlags } from '../core/red-flag/detect.ts';
import type { Clock, Incoming, PatientIdentifiers } from '../core/ports.ts';
import { contentHash } from './content-hash.ts';
import { escapePointer, maxIssues, readJson, type JsonLimits } from './json-items.ts';

/** A JSON Schema document with its `$id`. */
export type SchemaDocument = { readonly $id: string; readonly [keyword: string]: unknown };

const activitySchemaId = 'https://tejido.dev/schemas/activity.schema.json';
const earliest = Date.UTC(2000, 0, 1);
const aheadMs = 24 * 60 * 60 * 1000;

export type ActivityCheck = (value: unknown) => readonly Issue[];

/** Compiles the schemas once. The check answers all that is wrong (at most 100), each with its JSON pointer. */
export function createActivityCheck(schemas: readonly SchemaDocument[], clock: Clock): ActivityCheck {
  // Values come with their types: no coercion, no defaults written into what is stored. ownProperties: a key such as
  // `constructor` is never found on the prototype.
  const ajv = new Ajv2020({ allErrors: true, strict: false, ownProperties: true, validateFormats: true });
  addFormats.default(ajv);
  for (const schema of schemas) ajv.addSchema(schema);
  const validate = ajv.getSchema(activitySchemaId) as ValidateFunction | undefined;
  if (validate === undefined) throw new Error(`${activitySchemaId} is missing from the schemas given.`);
  const known = knownTypes(schemas);
  return (value) => {
    const issues = validate(value) ? [] : describe(validate.errors ?? [], known, value);
    return [...issues, ...beyondSchema(value, clock())].slice(0, maxIssues);
  };
}

/** Activity types of the published schema, in its order. */
function knownTypes(schemas: readonly SchemaDocument[]): readonly string[] {
  const envelope = schemas.find((schema) => schema.$id === activitySchemaId);
  const properties = envelope?.['properties'] as { activityType?: { enum?: readonly string[] } } | undefined;
  return properties?.activityType?.enum ?? [];
}

function describe(errors: readonly ErrorObject[], known: readonly string[], value: unknown): Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    // `if` only repeats that its `then` failed.
    if (error.keyword === 'if') continue;
    const issue = describeOne(error, known, value);
    issues.set(`${issue.where} ${issue.what}`, issue);
  }
  return [...issues.values()];
}

function describeOne(error: ErrorObject, known: readonly string[], value: unknown): Issue {
  const at = error.instancePath;
  const params = error.params as Record<string, unknown>;
  const code = `schema/${error.keyword}`;
  const property = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (error.keyword === 'required' && typeof property === 'string') {
    return { where: `${at}/${escapePointer(property)}`, what: 'Required, and missing.', code };
  }
  if (at === '/activityType' && error.keyword === 'enum') {
    const asked = (value as { activityType?: unknown }).activityType;
    const near = typeof asked === 'string' ? nearest(asked, known) : undefined;
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    return {
      where: at,
      what: `Not a known activity type.${hint} Known: ${known.join(', ')}.`,
      code: 'activity/unknown-type',
    };
  }
  if (error.keyword === 'enum' && Array.isArray(params['allowedValues'])) {
    return { where: at, what: `Must be one of: ${params['allowedValues'].slice(0, 40).join(', ')}.`, code };
  }
  if (error.keyword === 'format' && params['format'] === 'date-time') {
    return { where: at, what: 'Must be date and time with zone offset (RFC 3339): 2026-05-06T18:05:00-05:00.', code };
  }
  const says = error.message ?? 'is not valid';
  return { where: at, what: `${says.charAt(0).toUpperCase()}${says.slice(1)}.`, code };
}

/** The known type that takes the fewest changes, when it takes few. */
function nearest(asked: string, known: readonly string[]): string | undefined {
  if (asked.length > 60) return undefined;
  const ranked = known
    .map((type) => ({ type, distance: distance(asked.toLowerCase(), type) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, best.type.length / 3) ? best.type : undefined;
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function beyondSchema(value: unknown, now: Date): Issue[] {
  if (typeof value !== 'object' || value === null) return [];
  const activity = value as Record<string, unknown>;
  const issues: Issue[] = [];
  for (const field of ['occurredAt', 'recordedAt', 'endedAt']) {
    const text = activity[field];
    if (typeof text !== 'string') continue;
    const at = Date.parse(text);
    if (Number.isNaN(at)) continue;
    if (at < earliest) issues.push({ where: `/${field}`, what: 'Lies before the year 2000.', code: 'time/too-early' });
    // recordedAt is often the server's; a wrong phone clock shows in occurredAt.
    if (at > now.getTime() + aheadMs) {
      issues.push({ where: `/${field}`, what: 'Lies more than 24 hours ahead of now.', code: 'time/in-the-future' });
    }
  }
  const { occurredAt, endedAt } = activity;
  if (typeof occurredAt === 'string' && typeof endedAt === 'string' && Date.parse(endedAt) < Date.parse(occurredAt)) {
    issues.push({ where: '/endedAt', what: 'Lies before occurredAt.', code: 'time/ends-before-start' });
  }
  if (Array.isArray(activity['components'])) {
    const keys = new Set<unknown>();
    for (const [index, component] of activity['components'].entries()) {
      const key: unknown = (component as { key?: unknown } | null)?.key;
      if (typeof key === 'string' && keys.has(key)) {
        issues.push({
          where: `/components/${index}/key`,
          what: 'Another component of this activity has the same key.',
          code: 'activity/duplicate-key',
        });
      }
      keys.add(key);
    }
  }
  return [...issues, ...scoresOf(activity)];
}

/** What is wrong with the scores of questionnaires, alone or in a contact. */
function scoresOf(activity: Readonly<Record<string, unknown>>): Issue[] {
  const components: readonly unknown[] = Array.isArray(activity['components']) ? activity['components'] : [];
  return [activity, ...components].flatMap((item, index) => {
    if (typeof item !== 'object' || item === null) return [];
    const { activityType, details } = item as { activityType?: unknown; details?: unknown };
    if (activityType !== 'questionnaire' || typeof details !== 'object' || details === null) return [];
    const at = index === 0 ? '/details' : `/components/${index - 1}/details`;
    return questionnaireIssues(details as Record<string, unknown>).map((issue) => ({
      ...issue,
      where: `${at}${issue.where}`,
    }));
  });
}

/** What the ledger knows a checked activity by, and the red flags it shows. */
export function identifyActivity(
  activity: Activity,
  raw: Uint8Array,
  contentType: string,
  actor: string,
  findFlags: FindFlags,
): Incoming {
  const { systemId, recordId, recordVersion, contentHash: declared } = activity.source;
  const version = recordVersion ?? (declared === undefined ? 1 : undefined);
  const dependsOn = dependenciesOf(activity);
  const patient = patientOf(activity);
  const flags = findFlags(activity);
  const withdrawal = withdrawalOf(activity);
  return {
    raw,
    contentType,
    source: systemId,
    format: 'activity',
    record: { id: recordId, ...(version === undefined ? {} : { version }), contentHash: contentHash(activity) },
    kind: activity.activityType,
    ...(patient === undefined ? {} : { patient }),
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    occurredAt: new Date(activity.occurredAt),
    ...(activity.recordedAt === undefined ? {} : { recordedAt: new Date(activity.recordedAt) }),
    ...(flags.length === 0 ? {} : { flags }),
    ...(withdrawal === undefined ? {} : { withdrawal }),
    actor,
  };
}

/** Why it withdraws a record: its own, or the one that a void names. */
export function withdrawalOf({ activityType, status, details, voidReason }: Activity): string | undefined {
  if (activityType !== 'void' && status !== 'entered-in-error') return undefined;
  const reason = activityType === 'void' ? details?.['reason'] : voidReason;
  return typeof reason === 'string' ? reason : undefined;
}

/** The patient as this activity names them; undefined when it names nobody. */
function patientOf(activity: Activity): PatientIdentifiers | undefined {
  if (activity.subject === undefined) return undefined;
  const { sourcePatientId, mrn, dob } = activity.subject;
  const demographics = demographicsOf(activity.subject);
  return {
    source: activity.source.systemId,
    ...(sourcePatientId === undefined ? {} : { sourcePatientId }),
    ...(mrn === undefined ? {} : { mrn }),
    ...(dob === undefined ? {} : { dob }),
    ...(demographics === undefined ? {} : { demographics }),
  };
}

/** Undefined when the activity says no more than identifiers and a date of birth. */
function demographicsOf({ name, sex, phones, postalCode, dob }: ActivitySubject): Demographics | undefined {
  if (name === undefined && sex === undefined && phones === undefined && postalCode === undefined) return undefined;
  return updated(undefined, { ...name, dob, sex, phones, postalCode });
}

/** Records of the same source that this one needs first; the target of a void or an amendment stands in front. */
function dependenciesOf(activity: Activity): readonly string[] {
  const target = activity.details?.['target'] as { recordId?: string; systemId?: string } | undefined;
  const here = target?.systemId === undefined || target.systemId === activity.source.systemId;
  const changes = activity.activityType === 'void' || activity.activityType === 'amend';
  // The ledger takes what a void or an amendment names first for its target: nothing else may stand there.
  if (changes) return here && target?.recordId !== undefined ? [target.recordId] : [];
  return [...new Set(activity.basedOn ?? [])];
}

/** Stored bytes back to an activity, checked again: what was right at the door may not be by today's schema. */
export function readStoredActivity(raw: Uint8Array, check: ActivityCheck, limits: JsonLimits): Outcome<Activity> {
  const read = readJson(raw, limits);
  if (!read.ok) return fail('source/unreadable', 'The payload is not readable JSON.', { issues: read.issues });
  const [item] = read.items;
  if (item === undefined) return fail('source/unreadable', 'The payload is empty.');
  if (!item.ok) return fail('source/unreadable', 'The payload is not strict JSON.', { issues: item.issues });
  const issues = check(item.value);
  return issues.length === 0
    ? ok(item.value as Activity)
    : fail('activity/invalid', `${issues.length} field(s) are not as the schema requires.`, { issues });
}
