/** The example resources of SDOH Clinical Care: valid as published, and refused when one thing in them is broken. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadValidator } from '../../src/validation/load.ts';
import { readDefinitions, type Resource } from './broken/definitions.ts';
import { errorsOf, judge } from './broken/judge.ts';

const sdohcc = resolve('../shared/data/sdohcc/2.3.0');
const usCore = resolve('../shared/data/us-core/6.1.0');
const present = existsSync(sdohcc) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/sdohcc is absent; its examples are not tested\n');

const examples = (folder: string) =>
  readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Resource] as const);

(present ? describe : describe.skip)('SDOHCC 2.3.0 with US Core 6.1.0', () => {
  const folders = [join(sdohcc, 'conformance'), usCore];
  const all = present ? examples(join(sdohcc, 'examples')) : [['none', { resourceType: 'Basic' }] as const];
  const definitions = present ? readDefinitions(folders) : undefined;
  const loading = present ? loadValidator({ profileFolders: folders, igPackages: [] }) : undefined;

  test.each(all)('%s is valid, and no break in it passes', async (_, resource) => {
    if (definitions === undefined || loading === undefined) throw new Error('SDOHCC is not there');
    const validator = await loading;
    expect(errorsOf(validator, resource)).toEqual([]);
    // Questionnaires of hundreds of items say the same hundreds of times.
    if (JSON.stringify(resource).length > 12_000) return;
    const { breaks, far, missed } = judge(validator, definitions, resource);
    expect(breaks).toBeGreaterThan(50);
    expect(missed.slice(0, 40)).toEqual([]);
    expect(far.length / breaks).toBeLessThan(0.05);
  });
});
