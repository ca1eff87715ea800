/** What an EHR says of itself (R4 CapabilityStatement), and what Tejido makes of it. Pure. */
import type { CauseCode } from '../../core/causes.ts';
import type { CapabilityReport } from '../../core/ports.ts';
import type { FhirQuirks } from './config.ts';
import { parameterOf } from './identity.ts';
import { isObject, objects, text } from './json.ts';
import type { Json } from './json.ts';

type TypeCapability = {
  readonly interactions: ReadonlySet<string>;
  readonly conditionalCreate: boolean;
  readonly searchParams: ReadonlySet<string>;
};

export type Capabilities = {
  readonly software?: string;
  readonly fhirVersion?: string;
  readonly transaction: boolean;
  readonly batch: boolean;
  readonly types: ReadonlyMap<string, TypeCapability>;
  readonly readAt: Date;
};

/** Undefined when it is no CapabilityStatement of a server. */
export function readCapabilities(body: unknown, readAt: Date, quirks: FhirQuirks = {}): Capabilities | undefined {
  if (!isObject(body) || body['resourceType'] !== 'CapabilityStatement') return undefined;
  const rest = objects(body['rest']).find((each) => each['mode'] === 'server') ?? objects(body['rest'])[0];
  if (rest === undefined) return undefined;
  const system = codes(rest['interaction']);
  const everywhere = names(rest['searchParam']);
  const types = new Map<string, TypeCapability>();
  for (const each of objects(rest['resource'])) {
    const type = text(each['type']);
    if (type === undefined) continue;
    const before = types.get(type);
    types.set(type, {
      interactions: codes(each['interaction']).union(before?.interactions ?? new Set()),
      conditionalCreate:
        quirks.conditionalCreate ?? (each['conditionalCreate'] === true || before?.conditionalCreate === true),
      searchParams: names(each['searchParam']).union(everywhere),
    });
  }
  const software = isObject(body['software']) ? body['software'] : {};
  const name = [text(software['name']), text(software['version'])].filter((part) => part !== undefined).join(' ');
  const fhirVersion = text(body['fhirVersion']);
  return {
    ...(name === '' ? {} : { software: name }),
    ...(fhirVersion === undefined ? {} : { fhirVersion }),
    transaction: quirks.transaction ?? system.has('transaction'),
    batch: quirks.batch ?? system.has('batch'),
    types,
    readAt,
  };
}

const codes = (value: unknown): ReadonlySet<string> =>
  new Set(objects(value).flatMap((each: Json) => text(each['code']) ?? []));
const names = (value: unknown): ReadonlySet<string> =>
  new Set(objects(value).flatMap((each: Json) => text(each['name']) ?? []));

export const takes = (capabilities: Capabilities, type: string, interaction: string): boolean =>
  capabilities.types.get(type)?.interactions.has(interaction) ?? false;

/** What the pipeline files. */
export const filedTypes = [
  'CarePlan',
  'CareTeam',
  'Communication',
  'Consent',
  'DocumentReference',
  'Encounter',
  'EpisodeOfCare',
  'Goal',
  'Observation',
  'Procedure',
  'Provenance',
  'ServiceRequest',
  'Task',
] as const;

/** The lesser form of each, in the order in which integrators fall back. */
const lesser: Readonly<Record<string, { readonly type?: string; readonly says: string }>> = {
  CarePlan: { type: 'DocumentReference', says: 'as a plan-of-care note (LOINC 18776-5), replaced at each change' },
  Goal: { type: 'DocumentReference', says: 'in the plan-of-care note (LOINC 18776-5), replaced at each change' },
  CareTeam: { type: 'DocumentReference', says: 'as a line of the note' },
  Communication: { type: 'DocumentReference', says: 'as a line of the progress note (LOINC 11506-3)' },
  Consent: { type: 'DocumentReference', says: 'as a note' },
  Encounter: { type: 'DocumentReference', says: 'as a progress note (LOINC 11506-3)' },
  EpisodeOfCare: { type: 'DocumentReference', says: 'as a line of the progress note (LOINC 11506-3)' },
  Observation: { type: 'DocumentReference', says: 'as values in the progress note (LOINC 11506-3)' },
  Procedure: { type: 'DocumentReference', says: 'as a line of the progress note (LOINC 11506-3)' },
  ServiceRequest: { type: 'DocumentReference', says: 'as a referral note (LOINC 57133-1)' },
  Task: { type: 'Communication', says: 'as a Communication to the care team' },
  Provenance: { says: 'author and source stand in the note and in Tejido' },
  DocumentReference: { says: 'it needs another channel (HL7 v2 MDM) or the work list' },
};

type Level = CapabilityReport['resources'][number];

/** One line of the report. */
export function levelOf(capabilities: Capabilities, type: string): Level {
  const create = takes(capabilities, type, 'create');
  const update = takes(capabilities, type, 'update');
  const conditionalCreate = capabilities.types.get(type)?.conditionalCreate ?? false;
  const line = { type, create, update, conditionalCreate };
  if (type === 'Patient') return { ...line, ...patientLevel(capabilities) };
  if (create && (update || type === 'Provenance')) {
    const guarded = conditionalCreate || canSearch(capabilities, type);
    const says = conditionalCreate
      ? 'as itself'
      : guarded
        ? 'as itself; searched for before each create'
        : 'as itself; the search by identifier is not declared and is tried at the first filing';
    return { ...line, level: 'native', says };
  }
  const fallback = lesser[type];
  const note = fallback?.type;
  if (create) {
    return {
      ...line,
      level: 'degraded',
      says: 'can be created, but neither amended nor voided here: a person must correct it in the chart',
    };
  }
  const only = update ? 'can be changed but not created; ' : '';
  if (note !== undefined && takes(capabilities, note, 'create')) {
    return { ...line, level: 'degraded', says: `${only}${fallback?.says ?? ''}` };
  }
  if (note === 'Communication' && takes(capabilities, 'DocumentReference', 'create')) {
    return { ...line, level: 'degraded', says: `${only}as a line of the progress note (LOINC 11506-3)` };
  }
  return {
    ...line,
    level: 'impossible',
    says: `${only}${note === undefined ? (fallback?.says ?? 'work list') : 'not by FHIR here: HL7 v2 or the work list'}`,
  };
}

function patientLevel(capabilities: Capabilities): Pick<Level, 'level' | 'says'> {
  const search = takes(capabilities, 'Patient', 'search-type') && canSearch(capabilities, 'Patient');
  if (search && takes(capabilities, 'Patient', 'read')) return { level: 'native', says: 'found by MRN; never written' };
  if (search) return { level: 'degraded', says: 'found by MRN, but a merged record cannot be followed' };
  return { level: 'impossible', says: 'cannot be searched by identifier: patients must be matched by hand' };
}

const canSearch = (capabilities: Capabilities, type: string): boolean =>
  capabilities.types.get(type)?.searchParams.has(parameterOf(type)) ?? false;

/** Does a granted scope let us do this? Undefined scopes mean that nobody said. SMART v1 (`.write`) and v2 (`.cud`). */
export function scopeAllows(scopes: readonly string[] | undefined, type: string, write: boolean): boolean {
  if (scopes === undefined || scopes.length === 0) return true;
  return scopes.some((scope) => {
    const found = /^system\/(\*|[A-Za-z]+)\.(\*|read|write|[cruds]+)(\?.*)?$/.exec(scope);
    if (found === null || (found[1] !== '*' && found[1] !== type)) return false;
    const may = found[2] ?? '';
    return (
      may === '*' ||
      (write
        ? may === 'write' || /^(?!read|write)[rds]*c/.test(may)
        : may === 'read' || (may !== 'write' && may.includes('s')))
    );
  });
}

export type Problem = { readonly cause: CauseCode; readonly detail: string };

export function problemsOf(capabilities: Capabilities, scopes: readonly string[] | undefined): readonly Problem[] {
  const problems: Problem[] = [];
  const version = capabilities.fhirVersion;
  if (version !== undefined && !version.startsWith('4.0')) {
    problems.push({ cause: 'send/unsupported', detail: `the EHR speaks FHIR ${version}; Tejido files R4 (4.0.1)` });
  }
  const withoutScope = filedTypes.filter(
    (type) => takes(capabilities, type, 'create') && !scopeAllows(scopes, type, true),
  );
  if (withoutScope.length > 0) {
    problems.push({ cause: 'send/auth', detail: `the granted scopes do not let us write ${withoutScope.join(', ')}` });
  }
  if (!scopeAllows(scopes, 'Patient', false)) {
    problems.push({ cause: 'send/auth', detail: 'the granted scopes do not let us search for patients' });
  }
  return problems;
}
