/** Laboratory results over MLLP while everything is killed; `tejido prove --labs` is the long one. */
import { expect, jest, test } from '@jest/globals';
import { proveLabs } from '../../src/prove/labs.ts';

jest.setTimeout(400_000);

test('every acknowledged ORU is filed exactly once and in order, whoever is killed meanwhile', async () => {
  const seed = Number(process.env['TEJIDO_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stderr.write(`labs-killed.test: seed ${seed} (TEJIDO_SEED=${seed} has it again)\n`);
  const result = await proveLabs({
    seed,
    messages: 1_500,
    connections: 8,
    patients: 100,
    durationMs: 25_000,
    workers: 0,
    redis: false,
    drainMs: 180_000,
    onProgress: () => undefined,
    onBlow: () => undefined,
    signal: new AbortController().signal,
  });
  const broken = result.findings.filter((one) => one.broken.length > 0);
  expect(broken.map((one) => ({ ...one, broken: one.broken.slice(0, 5) }))).toEqual([]);
  expect(result.drainedInMs).toBeDefined();
  expect(result.acknowledged).toBe(1_500);
  expect(result.ok).toBe(true);
  for (const { promise, checked } of result.findings) expect([promise, checked > 0]).toEqual([promise, true]);
  for (const blow of ['kill-tejido', 'kill-postgres', 'kill-ehr']) expect(result.blows[blow]).toBeGreaterThanOrEqual(1);
});
