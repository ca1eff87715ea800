/** What published examples are made of. */
import type { Resource } from '../../../src/core/ports.ts';

export const loinc = 'http://loinc.org';
export const snomed = 'http://snomed.info/sct';
export const ucum = 'http://unitsofmeasure.org';
export const term = 'http://terminology.hl7.org/CodeSystem/';
export const core = 'http://hl7.org/fhir/us/core/';
export const fhir = 'http://hl7.org/fhir/StructureDefinition/';
export const categories = `${core}CodeSystem/us-core-category`;

export const coding = (system: string, code: string, display?: string): object => ({
  system,
  code,
  ...(display === undefined ? {} : { display }),
});
export const concept = (system: string, code: string, text?: string): object => ({
  coding: [coding(system, code, text)],
  ...(text === undefined ? {} : { text }),
});
export const to = (reference: string, display?: string): object => ({
  reference,
  ...(display === undefined ? {} : { display }),
});
export const quantity = (value: number, code: string, unit = code): object => ({ value, unit, system: ucum, code });
export const absent = (code = 'unknown'): object => ({
  extension: [{ url: `${fhir}data-absent-reason`, valueCode: code }],
});

/** Of a resource: that it is an example, as FSH writes it. */
const naming = {
  extension: [
    { url: `${fhir}instance-name`, valueString: 'An Example' },
    { url: `${fhir}instance-description`, valueMarkdown: 'This is an *example*\n\nof a profile' },
  ],
};

/** A resource of US Core profiles, by the ends of their canonicals. */
export const of = (type: string, profiles: readonly string[], more: object, named = true): Resource => ({
  resourceType: type,
  meta: {
    ...(named ? naming : {}),
    ...(profiles.length === 0 ? {} : { profile: profiles.map((each) => `${core}StructureDefinition/us-core-${each}`) }),
  },
  ...more,
});

export const patient = to('Patient/example', 'Amy Shaw');
export const doctor = to('Practitioner/practitioner-1', 'Ronald Bone, MD');
