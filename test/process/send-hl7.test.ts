/** `tejido send` and the HL7 v2 door, both real: the examples, sent, sent again, and in the chart once. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeAll(async () => {
  site = await aSite();
  await site.start();
});
afterAll(() => site.end());

const folder = path.resolve('examples/hl7v2');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.hl7'))
  .toSorted()
  .map((name) => path.join(folder, name));

type Found = { readonly code: { readonly coding: readonly { readonly code: string }[] } } & Readonly<
  Record<string, unknown>
>;
const values = async (code: string): Promise<readonly string[]> => {
  const found = (await site.chart(`Observation?code=http://loinc.org|${code}&_count=100`)) as readonly Found[];
  return found
    .map(({ status, valueQuantity }) => `${String(status)} ${String((valueQuantity as { value: unknown }).value)}`)
    .toSorted();
};

test('what is sent is acknowledged, stands in the chart once, and a correction replaces what it corrects', async () => {
  for (const time of ['first', 'again']) {
    const { code, text } = await site.run(['send', ...files]);
    expect([time, code, text]).toEqual([time, 0, expect.stringContaining('6 of 6 messages accepted')]);
    expect(text).toContain('EX-LIP-3');
    await settled(site);
    expect(await values('4548-4')).toEqual(['final 7.9', 'final 8.6', 'final 9.4']);
    expect(await values('13457-7')).toEqual(['corrected 138']);
    expect(await values('2093-3')).toEqual(['final 212']);
  }
});

test('without a receiver it fails, says so, and counts nothing as sent', async () => {
  const { code, text } = await site.run(['send', ...files, '--mllp', '127.0.0.1:1', '--retries', '0']);
  expect(code).toBe(1);
  expect(text).toContain('0 of 6 messages accepted');
  expect(text).toContain('not reachable (ECONNREFUSED)');
});
