/** What an EHR says of itself (R4 CapabilityStatement), and what Tejido makes of it. Pure. */
import type { CauseCode } from '../../core/causes.ts';
import type { FhirQuirks } from './config.ts';
import { isObject, objects, text } from './json.ts';
import type { Json } from './json.ts';

export type TypeCapability = {
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
  'Condition',
  'Consent',
  'Device',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'EpisodeOfCare',
  'Flag',
  'Goal',
  'MedicationStatement',
  'Observation',
  'Procedure',
  'Provenance',
  'QuestionnaireResponse',
  'RelatedPerson',
  'ResearchSubject',
  'RiskAssessment',
  'ServiceRequest',
  'Specimen',
  'SupplyDelivery',
  'Task',
] as const;

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
