/** The engine by itself, without processes around it: maps, validation, FHIRPath, what it takes to be ready, memory. */
import { fileURLToPath } from 'node:url';
import { benchCompile } from './engine/compile.ts';
import { benchFhirPath } from './engine/fhirpath.ts';
import { benchMapping } from './engine/mapping.ts';
import { benchMemory } from './engine/memory.ts';
import { benchValidation } from './engine/validation.ts';

export type EngineOptions = {
  /** CPU milliseconds of one round; the median of `rounds` counts. */
  readonly ms: number;
  readonly rounds: number;
  /** How many times each thing is done to see whether memory grows. */
  readonly runs: number;
  readonly print: (line: string) => void;
};

/** Prints each figure beside a baseline of the same run and the same input. */
export async function benchEngine({ ms, rounds, runs, print }: EngineOptions): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const effort = { ms, rounds };
  await benchCompile(root, print);
  print('');
  await benchMapping(root, effort, print);
  print('');
  await benchValidation(root, effort, print);
  print('');
  benchFhirPath(root, effort, print);
  print('');
  await benchMemory(root, runs, print);
}
