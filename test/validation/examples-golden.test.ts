/** What our own maps make (the golden cases), broken in every way: our profiles and base R4 find each break. */
import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadValidator } from '../../src/validation/load.ts';
import { readDefinitions, type Resource } from './broken/definitions.ts';
import { errorsOf, judge } from './broken/judge.ts';

type Expected = { readonly do: 'put' | 'merge'; readonly resource: Resource };

const root = 'mappings/cases';
const put = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('expected.json'))
  .toSorted()
  .flatMap((path) => {
    const expected: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'));
    return Array.isArray(expected) ? (expected as Expected[]).filter((each) => each.do === 'put') : [];
  })
  .map(({ resource }) => resource);

/** One of each profile: the one that says most. */
const byProfile = new Map<string, Resource>();
for (const resource of put) {
  const profiles = (resource['meta'] as { profile?: readonly string[] }).profile ?? [];
  const name = profiles.at(-1)?.replace(/^.*\//u, '') ?? resource.resourceType;
  const known = byProfile.get(name);
  if (known === undefined || JSON.stringify(known).length < JSON.stringify(resource).length)
    byProfile.set(name, resource);
}

const folders = [resolve('profiles')];
const definitions = readDefinitions(folders);
const loading = loadValidator({ profileFolders: folders, igPackages: [] });

test.each([...byProfile])('a %s of a golden case is valid, and no break in it passes', async (_, resource) => {
  const validator = await loading;
  expect(errorsOf(validator, resource)).toEqual([]);
  const { breaks, far, missed } = judge(validator, definitions, resource);
  expect(breaks).toBeGreaterThan(100);
  expect(missed.slice(0, 40)).toEqual([]);
  expect(far.length / breaks).toBeLessThan(0.05);
});
