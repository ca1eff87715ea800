import { expect, jest, test } from '@jest/globals';
import { benchMllp } from '../../bench/mllp.ts';
import { benchMessage } from '../../bench/mllp/message.ts';

jest.setTimeout(200_000);

test('the bench of the HL7 v2 door runs through: what it sends is acknowledged, and stands in the EHR', async () => {
  const lines: string[] = [];
  await benchMllp({
    seconds: 0.1,
    count: 24,
    patients: 12,
    connections: [2],
    print: (line) => lines.push(line),
  });
  const printed = lines.join('\n');
  for (const part of ['bare loop', 'acknowledged, 2 connections', 'end to end', 'CPU a message', 'ratio'])
    expect(printed).toContain(part);
  expect(printed).not.toMatch(/NaN|undefined/u);
});

test('the bench of one message maps it to what the hand would', async () => {
  const lines: string[] = [];
  await benchMessage({ ms: 0, rounds: 1 }, (line) => lines.push(line));
  expect(lines.join('\n')).toMatch(/^map to 5 resources/mu);
  expect(lines.join('\n')).not.toMatch(/NaN|undefined/u);
});
