/** The examples of our profiles, and what Tejido asks of an EHR. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildExamples } from '../../scripts/build-examples.ts';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator } from '../../src/validation/load.ts';

const files = await buildExamples('.');
const { validate, profiles } = await loadValidator({ profileFolders: ['profiles'], igPackages: [] });
const read = (name: string): Resource => JSON.parse(readFileSync(`profiles/${name}`, 'utf8')) as Resource;
const errorsOf = (resource: Resource) => validate(resource).filter(({ severity }) => severity !== 'warning');

describe('the examples', () => {
  test('stand in the repository as the script makes them', () => {
    for (const [name, content] of files)
      expect([name, readFileSync(`profiles/${name}`, 'utf8')]).toEqual([name, content]);
    const standing = readdirSync('profiles/examples').map((name) => `examples/${name}`);
    expect(standing.filter((name) => !files.has(name))).toEqual([]);
  });

  test('are there for every profile of ours, and valid', () => {
    const ours = readdirSync('profiles/src')
      .filter((name) => name.startsWith('tejido-'))
      .map((name) => name.replace('.json', ''));
    for (const id of ours) {
      const example = read(`examples/${id}.json`);
      expect(profiles).toContain(`https://tejido.dev/fhir/StructureDefinition/${id}`);
      expect([id, errorsOf(example)]).toEqual([id, []]);
    }
  });
});

test('the CapabilityStatement is valid and names each type that is filed, with its profiles', () => {
  const statement = read('CapabilityStatement-tejido.json');
  expect(errorsOf(statement)).toEqual([]);
  const [rest] = statement['rest'] as [{ resource: { type: string; supportedProfile?: string[] }[] }];
  const named = rest.resource.flatMap(({ supportedProfile }) => supportedProfile ?? []);
  expect(named.filter((url) => url.startsWith('https://tejido.dev/')).length).toBe(files.size - 1);
  expect(named).toContain('http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter');
});
