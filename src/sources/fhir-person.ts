/** Who a Patient of a laboratory's FHIR server is, as far as it identifies. Pure. */
import { type FhirJson, objectIn, objectsIn, textIn } from '../core/fhir-json.ts';
import type { Demographics } from '../core/matching/demographics.ts';
import type { PatientIdentifiers } from '../core/ports.ts';

/** `mrns`: all different ones; more than one is a contradiction. */
export type ReadPerson = { readonly identifiers: PatientIdentifiers; readonly mrns: readonly string[] };

/**
 * By the clinic's own MRN, else by the server's id of the patient: a laboratory may make a new patient for each order,
 * so that its ids are no second name of a person whose MRN is known. Numbers that are old (`use`, or a period that
 * ended before `now`) do not count.
 */
export function personOf(
  patient: FhirJson,
  source: string,
  mrnSystems: readonly string[],
  now: string | undefined,
): ReadPerson {
  const mrns = [...new Set(mrnsOf(objectsIn(patient['identifier']), mrnSystems, now))];
  const id = textIn(patient['id']);
  const dob = birthDateOf(patient);
  const demographics = demographicsOf(patient, dob);
  const [mrn] = mrns;
  const named = mrn === undefined ? (id === undefined ? {} : { sourcePatientId: id }) : { mrn };
  return {
    mrns,
    identifiers: {
      source,
      ...named,
      ...(dob === undefined ? {} : { dob }),
      ...(Object.keys(demographics).length === 0 ? {} : { demographics }),
    },
  };
}

export function mrnsOf(
  identifiers: readonly FhirJson[],
  systems: readonly string[],
  now: string | undefined,
): readonly string[] {
  return identifiers.flatMap((one) => {
    const [system, value] = [textIn(one['system']), textIn(one['value'])];
    if (system === undefined || value === undefined || !systems.includes(system) || one['use'] === 'old') return [];
    const end = textIn(objectIn(one['period'])['end']);
    return end !== undefined && now !== undefined && end < now ? [] : [value.trim()];
  });
}

/** A whole date; less than that says nothing that could be compared. */
const birthDateOf = (patient: FhirJson): string | undefined =>
  /^\d{4}-\d{2}-\d{2}$/.exec(textIn(patient['birthDate']) ?? '')?.[0];

function demographicsOf(patient: FhirJson, dob: string | undefined): Demographics {
  const names = objectsIn(patient['name']);
  const name = names.find(({ use }) => use === 'official') ?? names.find(({ use }) => use !== 'old') ?? {};
  const given = Array.isArray(name['given']) ? name['given'].flatMap((one) => textIn(one) ?? []).join(' ') : '';
  const family = textIn(name['family']);
  const phones = objectsIn(patient['telecom'])
    .filter(({ system, use }) => system === 'phone' && use !== 'old')
    .flatMap(({ value }) => textIn(value) ?? []);
  const sex = textIn(patient['gender']);
  if (given === '' && family === undefined && phones.length === 0) return {};
  return {
    ...(given === '' ? {} : { given }),
    ...(family === undefined ? {} : { family }),
    ...(dob === undefined ? {} : { dob }),
    ...(sex === undefined ? {} : { sex }),
    ...(phones.length === 0 ? {} : { phones }),
  };
}
