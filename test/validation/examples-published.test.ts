/** Nothing that is published as valid is refused: by R4, by US Core, whether it names the version of a profile or not. */
import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { errorsOf } from './broken/judge.ts';
import { published } from './published/index.ts';

const usCore = resolve('../shared/data/us-core');
const present = existsSync(usCore) || process.env['CI'] === 'true';
if (!present)
  process.stderr.write('notice: ../shared/data/us-core is absent; published examples are validated without US Core\n');

const withVersion = (resource: Resource, version: string): Resource => {
  const { meta } = resource as Resource & { meta?: { profile?: readonly string[] } };
  const profile = meta?.profile?.map((url) => (url.includes('/us/core/') ? `${url}|${version}` : url));
  return profile === undefined ? resource : { ...resource, meta: { ...meta, profile } };
};

test('there are many', () => {
  expect(published.length).toBeGreaterThan(140);
});

describe.each(present ? ['6.1.0', '8.0.0'] : [undefined])('with US Core %s', (version) => {
  const folders = version === undefined ? [] : [join(usCore, version)];
  const loading = loadValidator({ profileFolders: folders, igPackages: [] });

  test.each(published)('%s is valid', async (_, resource) => {
    const validator = await loading;
    expect(errorsOf(validator, resource)).toEqual([]);
    if (version !== undefined) expect(errorsOf(validator, withVersion(resource, version))).toEqual([]);
  });
});
