/** What the tests of FHIRPath share: the types of R4, inputs as items, an environment with a fixed clock. */
import { readFileSync } from 'node:fs';
import { itemOf, type Item } from '../../src/definitions/item.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';
import type { Env } from '../../src/fhirpath/index.ts';

export const types = new TypeTable(readR4Types());

export const json = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as unknown;

export const item = (value: unknown): Item => {
  const made = itemOf(types, value);
  if (made === undefined) throw new Error('no item');
  return made;
};

export const now = new Date('2026-05-06T10:11:12.131Z');

/** One resource can be resolved, one value set is known. */
export const env: Env = {
  now,
  resolve: (reference) => (reference === 'Patient/other' ? item({ resourceType: 'Patient', id: 'other' }) : undefined),
  memberOf: (_, valueSet) => (valueSet === 'http://hl7.org/fhir/ValueSet/administrative-gender' ? true : undefined),
};
