/** Sensitive content is labelled on every resource made of it, by every map: also by maps that come later. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Mapper } from '../../src/core/ports.ts';
import { readInput } from '../../src/mapping/cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';

const root = 'mappings/cases';
const cases = readdirSync(root).flatMap((type) =>
  readdirSync(path.join(root, type))
    .map((name) => path.join(root, type, name))
    .filter((folder) => existsSync(path.join(folder, 'input.json'))),
);

let mapper: Mapper;
beforeAll(async () => {
  const loaded = await loadMapper({ folders: ['mappings'] });
  if (!loaded.ok) throw new Error('The maps cannot be loaded.');
  mapper = loaded.value;
});

type Security = readonly { readonly system?: string; readonly code?: string }[];

/** Artifacts without this label, or a stricter one. What is derived of several records is no content of this one. */
function without(folder: string, about: string, code: string): readonly string[] {
  const input = readInput(JSON.parse(readFileSync(path.join(folder, 'input.json'), 'utf8')));
  if (input === undefined) return [];
  const mapped = mapper.map({ ...input.activity, sensitivity: [about] }, input.context);
  if (!mapped.ok) return [];
  return mapped.value
    .filter((one) => one.do === 'put' && one.artifact.startsWith(`${input.context.recordKey}.`))
    .filter(({ resource }) => {
      const security = ((resource['meta'] as { security?: Security } | undefined)?.security ?? []).map(
        (one) => one.code,
      );
      return !(security.includes(code) || security.includes('V')) || security.length < 2;
    })
    .map(({ artifact, resource }) => `${resource.resourceType} ${artifact}`);
}

describe('what is labelled by its author carries the label on every resource of its record', () => {
  test.each(cases)('%s', (folder) => {
    expect(without(folder, 'ipv', 'V')).toEqual([]);
    expect(without(folder, 'hiv', 'R')).toEqual([]);
  });
});
