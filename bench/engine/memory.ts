/** What a long run leaves on the heap: maps and validations, a million of each. */
import { setFlagsFromString } from 'node:v8';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { loadValidator } from '../../src/validation/load.ts';
import { mappingsOf } from './mapping.ts';
import { cells, kept } from './measure.ts';
import { examplesOf } from './validation.ts';

/** Kilobytes in use after what is garbage has gone. */
function heapKb(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  kept.result = undefined;
  for (let round = 0; round < 3; round += 1) collect();
  return process.memoryUsage().heapUsed / 1024;
}

function growth(once: () => unknown, runs: number): number {
  for (let run = 0; run < Math.min(runs, 20_000); run += 1) kept.result = once();
  const before = heapKb();
  for (let run = 0; run < runs; run += 1) kept.result = once();
  return heapKb() - before;
}

export async function benchMemory(root: string, runs: number, print: (line: string) => void): Promise<void> {
  print(cells(`memory over ${runs.toLocaleString('en')} runs`, 'heap grows'));
  for (const { name, compile } of await mappingsOf(root))
    print(cells(name, `${growth(compile(), runs).toFixed(0)} KB`));
  const folder = join(root, '../shared/data/us-core/8.0.0');
  const example = examplesOf(root, folder).findLast(
    ({ name }) => name === 'US Core blood pressure' || name === 'base Observation',
  );
  if (example === undefined) return;
  const { name, resource, profile } = example;
  const { validate } = await loadValidator({ profileFolders: profile === undefined ? [] : [folder], igPackages: [] });
  print(cells(name, `${growth(() => validate(resource), runs).toFixed(0)} KB`));
  print('  aim: flat');
}
