import { expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { benchEngine } from '../../bench/engine.ts';
import { benchTypes } from '../../bench/engine/types.ts';

test('the bench of the engine runs through, and what it compares makes the same', async () => {
  const lines: string[] = [];
  await benchEngine({ ms: 0, rounds: 1, runs: 1, print: (line) => lines.push(line) });
  const printed = lines.join('\n');
  for (const part of ['mapping', 'validation', 'FHIRPath', 'ready to work', 'memory'])
    expect(printed).toMatch(new RegExp(`^${part}`, 'mu'));
  expect(printed).toMatch(/base Observation .*×/u);
  expect(printed).not.toMatch(/NaN|undefined/u);
});

test('the bench of the activity types measures each that has a chart, and names the slowest', async () => {
  const lines: string[] = [];
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await benchTypes(root, { ms: 0, rounds: 1 }, (line) => lines.push(line));
  for (const type of ['contact.home', 'dsme.group-session', 'questionnaire', 'roster.enrol'])
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${type.replace('.', '[.]')} .*×$`, 'u')));
  expect(lines.at(-1)).toMatch(/^the slowest: \S+, [\d.]+ .s an activity/u);
  expect(lines.join('\n')).not.toMatch(/NaN|undefined/u);
});
