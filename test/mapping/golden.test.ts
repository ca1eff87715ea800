/** The golden cases of `mappings/cases`: data that someone without TypeScript can add. */
import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { findCases, readableUuid, runCase } from '../../src/mapping/cases.ts';
import { coverageOf } from '../../src/mapping/coverage.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { readMapSet } from '../../src/mapping/map-set.ts';
import { readSet } from '../../src/mapping/read-set.ts';

const folder = resolve('mappings');
const coverage = coverageOf();
const loaded = await loadMapper({ folders: [folder], uuidFor: readableUuid, trace: coverage.trace });
const cases = await findCases(`${folder}/cases`);

test('the maps load, and there are cases', () => {
  expect(loaded.ok ? [] : loaded.failure.issues).toEqual([]);
  expect(cases.length).toBeGreaterThan(0);
});

test('every activity type has a typical, a minimal, a maximal, a Spanish and a corrected case', async () => {
  const { types } = JSON.parse(await readFile('schemas/catalogue.json', 'utf8')) as { types: { type: string }[] };
  // What these do is not said by a map: they take back, or change, what another record made.
  const filed = types.map(({ type }) => type).filter((type) => type !== 'void' && type !== 'amend');
  const missing = filed.flatMap((type) => {
    const words = cases.filter((path) => path.startsWith(`${folder}/cases/${type}/`)).join(' ');
    return ['typical', 'minimal', 'maximal', 'spanish', 'corrected']
      .filter((word) => !words.includes(word))
      .map((word) => `${type}: ${word}`);
  });
  expect(filed.length).toBeGreaterThan(30);
  expect(missing).toEqual([]);
});

test.each(cases.map((path) => path.slice(folder.length + 7)))('%s gives the resources it should', async (name) => {
  if (!loaded.ok) throw new Error(loaded.failure.detail);
  const { difference } = await runCase(loaded.value, `${folder}/cases`, `${folder}/cases/${name}`);
  expect(difference ?? '').toBe('');
});

test('every rule of the maps is exercised by a case', async () => {
  const { unexercised, rules } = coverage.over(readSet(await readMapSet([folder])).maps);
  expect(rules).toBeGreaterThan(100);
  expect(unexercised).toEqual([]);
});
