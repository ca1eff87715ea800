/** The golden cases of `mappings/cases`: data that someone without TypeScript can add. */
import { expect, test } from '@jest/globals';
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
