/**
 * The compiled engine against the plain interpreter of `interpreter/`, which says what a map means: on random maps and
 * inputs both give the same JSON, or both stop at the same rule for the same reason.
 */
import { expect, test } from '@jest/globals';
import { assert, property } from 'fast-check';
import { readMap } from '../../src/fml/text/read.ts';
import { examples } from './arbitrary-map.ts';
import { r4Types } from './cases/load.ts';
import { byEngine, byInterpreter, comparable } from './interpreter/compare.ts';

const types = r4Types();

test('the compiled engine and the interpreter agree on random maps and inputs', () => {
  const stops = new Map<string, number>();
  let written = 0;
  assert(
    property(examples(types), ({ text, sources }) => {
      const { map, problems } = readMap(text, 'random.fml');
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      const library = { types, maps: [map], conceptMaps: [] };
      const meant = byInterpreter(library, map, { sources });
      expect(comparable(byEngine(library, map, { sources }))).toEqual(comparable(meant));
      if ('stopped' in meant) stops.set(meant.stopped, (stops.get(meant.stopped) ?? 0) + 1);
      else if (JSON.stringify(meant.targets).length > 60) written += 1;
    }),
    { numRuns: 300, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  // What is compared is worth comparing.
  expect(written).toBeGreaterThan(10);
  expect(stops.size).toBeGreaterThan(1);
}, 120_000);
