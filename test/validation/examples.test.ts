/**
 * Resources of our own making, typical of each US Core profile: valid as they stand, and refused when one thing in them
 * is broken, wherever and however. Those without a profile are judged by base R4 alone.
 */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadValidator } from '../../src/validation/load.ts';
import { readDefinitions, type Resource } from './broken/definitions.ts';
import { errorsOf, judge } from './broken/judge.ts';

const usCore = resolve('../shared/data/us-core');
const present = existsSync(usCore) || process.env['CI'] === 'true';
if (!present)
  process.stderr.write('notice: ../shared/data/us-core is absent; the examples are validated without US Core\n');

const folder = new URL('examples/', import.meta.url);
const examples = readdirSync(folder).map(
  (name) => [name.replace('.json', ''), JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Resource] as const,
);

describe.each(present ? ['6.1.0', '8.0.0'] : [undefined])('with US Core %s', (version) => {
  const folders = version === undefined ? [] : [join(usCore, version)];
  const definitions = readDefinitions(folders);
  const loading = loadValidator({ profileFolders: folders, igPackages: [] });

  test.each(examples)('%s is valid, and no break in it passes', async (_, resource) => {
    const validator = await loading;
    expect(errorsOf(validator, resource)).toEqual([]);
    const { breaks, far, missed } = judge(validator, definitions, resource);
    expect(breaks).toBeGreaterThan(100);
    expect(missed.slice(0, 40)).toEqual([]);
    // An issue that only ever says "somewhere in the resource" would help nobody.
    expect(far.length / breaks).toBeLessThan(0.05);
  });
});
