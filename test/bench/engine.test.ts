import { expect, test } from '@jest/globals';
import { benchEngine } from '../../bench/engine.ts';

test('the bench of the engine runs through, and what it compares makes the same', async () => {
  const lines: string[] = [];
  await benchEngine({ ms: 0, rounds: 1, runs: 1, print: (line) => lines.push(line) });
  const printed = lines.join('\n');
  for (const part of ['mapping', 'validation', 'FHIRPath', 'ready to work', 'memory'])
    expect(printed).toMatch(new RegExp(`^${part}`, 'mu'));
  expect(printed).toMatch(/base Observation .*×/u);
  expect(printed).not.toMatch(/NaN|undefined/u);
});
