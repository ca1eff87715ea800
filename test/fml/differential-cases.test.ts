/**
 * Cases as data (`cases/`, and `../shared/data/fml` where it is there): each is run by the compiled engine and by the
 * interpreter. Our own give what they say; of the public ones the two give the same.
 */
import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import {
  caseNames,
  expectedOf,
  isSame,
  loadCase,
  ownCases,
  sharedCases,
  sourcesOf,
  type Case,
  type CaseRun,
} from './cases/load.ts';
import { byEngine, byInterpreter, comparable, type Outcome } from './interpreter/compare.ts';

const inputsOf = (loaded: Case, run: CaseRun) => ({
  sources: sourcesOf(loaded, run),
  targets: (run.initialTargets ?? []).map(loaded.json),
});

/** What is wrong with an outcome, or nothing. */
function faultOf(loaded: Case, run: CaseRun, outcome: Outcome): string | undefined {
  if ('stopped' in outcome)
    return run.error === outcome.stopped ? undefined : `stopped by ${outcome.stopped}: ${outcome.message}`;
  if (run.error !== undefined) return `no error, but ${run.error}`;
  const expected = expectedOf(loaded, run);
  const actual = Array.isArray(expected) ? outcome.targets : outcome.targets[0];
  return isSame(expected, actual) ? undefined : `came ${JSON.stringify(actual)}`;
}

describe('our own cases of FML', () => {
  const names = caseNames(ownCases);
  test('there are cases', () => expect(names.length).toBeGreaterThan(40));
  test.each(names)('%s gives what it says, by the engine and by the interpreter', (name) => {
    const loaded = loadCase(ownCases, name);
    if (loaded === undefined) throw new Error('the case has no map');
    expect(loaded.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const faults = loaded.runs.flatMap((run) =>
      Object.entries({ engine: byEngine, interpreter: byInterpreter }).flatMap(([by, execute]) => {
        const fault = faultOf(loaded, run, execute(loaded.library, loaded.map, inputsOf(loaded, run)));
        return fault === undefined ? [] : [`${by}, ${run.name}: ${fault}`];
      }),
    );
    expect(loaded.runs.length).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });
});

const present = existsSync(sharedCases) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/fml is absent; the public FML cases are not compared\n');

(present ? describe : describe.skip)('the public cases of FML', () => {
  const names = caseNames(sharedCases).filter((name) => (loadCase(sharedCases, name)?.runs.length ?? 0) > 0);
  test('there are cases', () => expect(names.length).toBeGreaterThan(100));
  test.each(names)('%s gives the same by the engine and by the interpreter', (name) => {
    const loaded = loadCase(sharedCases, name);
    for (const run of loaded?.runs ?? []) {
      if (loaded === undefined || loaded.refused) continue;
      const inputs = inputsOf(loaded, run);
      const [engine, interpreter] = [byEngine, byInterpreter].map((execute) =>
        comparable(execute(loaded.library, loaded.map, inputs)),
      );
      expect(engine).toEqual(interpreter);
    }
  });
});
