/** How each R4 type says that it was entered in error. Pure. */
import type { Resource } from '../../core/ports.ts';
import { isObject } from './json.ts';
import type { Json } from './json.ts';

type Way = (resource: Resource) => Json;

const status: Way = () => ({ status: 'entered-in-error' });

const verification: Json = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'entered-in-error' }],
};
const allergyVerification: Json = {
  coding: [
    { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification', code: 'entered-in-error' },
  ],
};

/**
 * `status` of each type has `entered-in-error` in its required binding, except: Goal (lifecycleStatus), Condition and
 * AllergyIntolerance (verificationStatus; invariants con-5 and ait-2 forbid clinicalStatus beside it), Consent.
 */
const ways: Readonly<Record<string, Way>> = {
  Appointment: status,
  CarePlan: status,
  CareTeam: status,
  Communication: status,
  CommunicationRequest: status,
  Consent: status,
  Device: status,
  DiagnosticReport: status,
  DocumentReference: status,
  Encounter: status,
  EpisodeOfCare: status,
  Flag: status,
  Immunization: status,
  List: status,
  MedicationRequest: status,
  MedicationStatement: status,
  Observation: status,
  Procedure: status,
  QuestionnaireResponse: status,
  RequestGroup: status,
  RiskAssessment: status,
  ServiceRequest: status,
  Specimen: status,
  SupplyDelivery: status,
  Task: status,
  // Neither has a status for it: the person is no longer in use, the subject was never registered.
  RelatedPerson: () => ({ active: false }),
  ResearchSubject: () => ({ status: 'not-registered' }),
  Goal: () => ({ lifecycleStatus: 'entered-in-error' }),
  Condition: () => ({ verificationStatus: verification, clinicalStatus: undefined }),
  AllergyIntolerance: () => ({ verificationStatus: allergyVerification, clinicalStatus: undefined }),
};

export const canBeVoided = (resourceType: string): boolean => Object.hasOwn(ways, resourceType);

/** The resource marked entered-in-error; undefined when it is marked already, or its type has no such mark (Provenance). */
export function voided(resource: Resource): Resource | undefined {
  const way = ways[resource.resourceType];
  if (way === undefined || isVoided(resource)) return undefined;
  const result: Record<string, unknown> = { ...resource };
  for (const [name, value] of Object.entries(way(resource))) {
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  const { versionId: _version, lastUpdated: _at, ...meta } = isObject(resource['meta']) ? resource['meta'] : {};
  result['meta'] = meta;
  return result as Resource;
}

export function isVoided(resource: Json): boolean {
  if (resource['status'] === 'entered-in-error' || resource['lifecycleStatus'] === 'entered-in-error') return true;
  if (resource['resourceType'] === 'RelatedPerson') return resource['active'] === false;
  if (resource['resourceType'] === 'ResearchSubject') return resource['status'] === 'not-registered';
  const verified = isObject(resource['verificationStatus']) ? resource['verificationStatus'] : {};
  const coding: readonly unknown[] = Array.isArray(verified['coding']) ? verified['coding'] : [];
  return coding.some((each) => isObject(each) && each['code'] === 'entered-in-error');
}
