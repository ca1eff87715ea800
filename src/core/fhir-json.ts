/** Reading FHIR JSON of which nothing is known yet. Pure. */
import type { Resource } from './ports.ts';

export type FhirJson = { readonly [key: string]: unknown };

export const isFhirObject = (value: unknown): value is FhirJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectIn = (value: unknown): FhirJson => (isFhirObject(value) ? value : {});

export const objectsIn = (value: unknown): readonly FhirJson[] =>
  Array.isArray(value) ? value.filter(isFhirObject) : [];

export const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

export const isResource = (value: unknown): value is Resource =>
  isFhirObject(value) && textIn(value['resourceType']) !== undefined;

/** `reference` of a Reference. */
export const referenceIn = (value: unknown): string | undefined => textIn(objectIn(value)['reference']);

/** `Type/id` below this base, of a reference as it was written, with or without a version; `#id` as it is. */
export function localReference(reference: string | undefined, base: string): string | undefined {
  if (reference === undefined || reference.startsWith('#')) return reference;
  const below = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(below)?.[1];
}
