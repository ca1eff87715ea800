/**
 * Which one patient is meant. The identifiers go in the body of `POST Patient/_search`, never in a URL, and every answer
 * is checked against them: a server that ignores the parameter would match everybody.
 */
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { FoundPatient, PatientIdentifiers, Resource } from '../../core/ports.ts';
import type { Call } from './client.ts';
import type { Environment } from './environment.ts';
import { identifiersOf, token } from './identity.ts';
import { isObject, objects, text } from './json.ts';
import { read } from './read.ts';
import { searchAll } from './search.ts';

/** Exactly one active patient, or why not. Failures of the way there are `send/*`. */
export async function findPatient(
  env: Environment,
  given: PatientIdentifiers,
  call: Call,
): Promise<Outcome<FoundPatient>> {
  // A wrong base URL knows no patient either: that is the destination's trouble, not this message's.
  const stated = await env.capabilities.get(call);
  if (!stated.ok) return stated;
  const { config } = env;
  const sourceSystem = config.patientIdentifierSystems?.[given.source];
  const asked = [
    ...(given.mrn === undefined ? [] : [{ system: config.mrnSystem, value: given.mrn }]),
    ...(given.sourcePatientId === undefined || sourceSystem === undefined
      ? []
      : [{ system: sourceSystem, value: given.sourcePatientId }]),
  ];
  if (asked.length === 0)
    return fail('match/unknown-patient', 'no identifier was given that this EHR knows patients by');
  const found: (Resource | undefined)[] = [];
  for (const { system, value } of asked) {
    const one = await byIdentifier(env, system, value, call);
    if (!one.ok) return one;
    found.push(one.value);
  }
  const people = new Map(found.flatMap((each) => (each === undefined ? [] : [[each.id ?? '', each] as const])));
  if (people.size > 1) return fail('match/conflict', 'the MRN and the source’s own id belong to different patients');
  const [patient] = people.values();
  if (patient === undefined) return fail('match/unknown-patient', 'no active patient in the EHR has this identifier');
  // The MRN is the chart's own. Where it leads nowhere, the other identifier alone is no proof.
  if (given.mrn !== undefined && found[0] === undefined) {
    return fail('match/conflict', 'the source’s own id is known in the EHR, but on a patient with another MRN');
  }
  if (given.dob !== undefined && patient['birthDate'] !== given.dob) {
    const what =
      patient['birthDate'] === undefined
        ? 'the chart has no date of birth to compare'
        : 'the date of birth differs from the chart';
    return fail('match/conflict', what);
  }
  const display = displayOf(patient);
  return ok({ reference: `Patient/${patient.id ?? ''}`, ...(display === undefined ? {} : { display }) });
}

async function byIdentifier(
  env: Environment,
  system: string,
  value: string,
  call: Call,
): Promise<Outcome<Resource | undefined>> {
  const form = new URLSearchParams({ identifier: `${token(system)}|${token(value)}` });
  const request = {
    method: 'POST',
    path: 'Patient/_search',
    doing: 'search',
    form,
    headers: { prefer: 'handling=strict' },
  } as const;
  const page = await searchAll(env.client, request, (each) => carries(each, system, value), call);
  if (!page.ok) {
    if (page.status === 400 || page.status === 404 || page.status === 405) {
      env.capabilities.distrust();
      return fail('send/unsupported', `the EHR does not search patients by identifier (${page.status})`);
    }
    return page;
  }
  const people = page.value.resources.filter((each) => each.resourceType === 'Patient');
  if (people.some((each) => !carries(each, system, value))) {
    return fail('send/unsupported', 'the EHR ignored the identifier in a patient search and matched others');
  }
  // The server may match a number that the patient no longer has: that is no match.
  const current = people.filter((each) => hasNow(each, system, value));
  const survivors = new Map<string, Resource>();
  for (const person of current) {
    const one = await survivor(env, person, call);
    if (!one.ok) return one;
    if (one.value?.id !== undefined) survivors.set(one.value.id, one.value);
  }
  if (survivors.size > 1)
    return fail('match/ambiguous', `${survivors.size} active patients in the EHR have this identifier`);
  return ok([...survivors.values()][0]);
}

/** The record itself, or the one it was merged into, followed once; undefined when there is no active one. */
async function survivor(env: Environment, person: Resource, call: Call): Promise<Outcome<Resource | undefined>> {
  const into = replacedBy(person);
  if (into === undefined) return ok(person['active'] === false ? undefined : person);
  const reference = /(?:^|\/)(Patient\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/.*)?$/.exec(into)?.[1];
  if (reference === undefined) return ok(undefined);
  const other = await read(env.client, reference, call);
  if (!other.ok) return other.failure.cause === 'send/gone' ? ok(undefined) : other;
  env.log('info', 'patient.merged-record-followed', { destination: env.config.id });
  return ok(other.value['active'] === false || replacedBy(other.value) !== undefined ? undefined : other.value);
}

function replacedBy(person: Resource): string | undefined {
  return objects(person['link'])
    .filter((link) => link['type'] === 'replaced-by')
    .flatMap((link) => (isObject(link['other']) ? (text(link['other']['reference']) ?? []) : []))[0];
}

const carries = (person: Resource, system: string, value: string): boolean =>
  identifiersOf(person).some((each) => each['system'] === system && each['value'] === value);

const hasNow = (person: Resource, system: string, value: string): boolean =>
  identifiersOf(person).some((each) => each['system'] === system && each['value'] === value && each['use'] !== 'old');

function displayOf(person: Resource): string | undefined {
  const names = objects(person['name']);
  const name = names.find((each) => each['use'] === 'official') ?? names[0];
  if (name === undefined) return undefined;
  const given = Array.isArray(name['given']) ? name['given'].filter((each) => typeof each === 'string') : [];
  const parts = [...given, text(name['family'])].filter((each) => each !== undefined);
  return text(name['text']) ?? (parts.length === 0 ? undefined : parts.join(' '));
}
