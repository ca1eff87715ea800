/** The golden cases of `mappings/cases`: data that someone without TypeScript can add. */
import { expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { findCases, readableUuid, runCase } from '../../src/mapping/cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';

const folder = resolve('mappings');
const loaded = await loadMapper({ folders: [folder], uuidFor: readableUuid });
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
