/**
 * Resources made from the snapshots themselves: for every profile the least that it asks for, and all that it supports.
 * All are valid; where all is there that is supported, every break in it is found.
 */
import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadValidator } from '../../src/validation/load.ts';
import { readDefinitions } from './broken/definitions.ts';
import { instanceOf } from './broken/instances.ts';
import { violations } from './broken/invariants.ts';
import { errorsOf, judge } from './broken/judge.ts';
import { placesOf } from './broken/places.ts';

const shared = resolve('../shared/data');
const present = existsSync(shared) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data is absent; only our own profiles get generated resources\n');
const at = (folder: string): string => join(shared, folder);

const guides: readonly (readonly [name: string, folder: string, needed: readonly string[]])[] = [
  ['our profiles', resolve('profiles'), present ? [at('us-core/8.0.0')] : []],
  ...(present
    ? ([
        ['US Core 6.1.0', at('us-core/6.1.0'), []],
        ['US Core 8.0.0', at('us-core/8.0.0'), []],
        ['SDOHCC 2.3.0', at('sdohcc/2.3.0/conformance'), [at('us-core/6.1.0')]],
        ['BSeR 2.0.0', at('bser/2.0.0-ballot/conformance'), [at('us-core/6.1.0')]],
      ] as const)
    : []),
];

describe.each(guides)('%s', (_, folder, needed) => {
  const definitions = readDefinitions([...needed, folder]);
  const loading = loadValidator({ profileFolders: [...needed, folder], igPackages: [] });
  // A document or message is more than its snapshot says: which resource stands where, and why.
  const profiles = readDefinitions([folder])
    .profiles.filter(({ type }) => type !== 'Bundle' && type !== 'Composition')
    .flatMap((profile) => definitions.byUrl(profile.url) ?? [])
    .map((profile) => [profile.url.replace(/^.*\//u, ''), profile] as const);

  test('there are profiles to try', () => {
    expect(profiles.length).toBeGreaterThan(5);
  });

  test.each(profiles)('the least that %s asks for is valid', async (_name, profile) => {
    const least = instanceOf(definitions, profile, 'least');
    expect(violations(least, placesOf(definitions, least))).toEqual([]);
    expect(errorsOf(await loading, least)).toEqual([]);
  });

  test.each(profiles)('all that %s supports is valid, and no break in it passes', async (_name, profile) => {
    const validator = await loading;
    const supported = instanceOf(definitions, profile, 'supported');
    expect(violations(supported, placesOf(definitions, supported))).toEqual([]);
    expect(errorsOf(validator, supported)).toEqual([]);
    const { breaks, far, missed } = judge(validator, definitions, supported);
    expect(breaks).toBeGreaterThan(50);
    expect(missed.slice(0, 40)).toEqual([]);
    expect(far.length / breaks).toBeLessThan(0.05);
  });
});
