/** `tejido demo --once`: what a newcomer runs first, as a process. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { planWeek } from '../../src/demo/week.ts';
import { syntheticPatients } from '../../src/sandbox/patients.ts';
import { aSite, type Site } from './tejido.ts';

jest.setTimeout(120_000);
let site: Site;
beforeAll(async () => {
  site = await aSite();
});
afterAll(() => site.end());

test('the same seed gives the same week, another seed another one', () => {
  const week = (seed: number) =>
    JSON.stringify(planWeek({ people: syntheticPatients(20), seed, until: new Date('2026-05-11T00:00:00Z') }));
  expect(week(7)).toBe(week(7));
  expect(week(7)).not.toBe(week(8));
});

test('a week is filed and reconciled, only what must be held is held, and nothing of the user’s is touched', async () => {
  const began = performance.now();
  const { code, text } = await site.run(['demo', '--once', '--json', '--seed', '7', '--patients', '60'], {
    TMPDIR: site.folder,
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    REDIS_URL: 'redis://127.0.0.1:1',
  });
  expect(text).toContain('its own ledger');
  const result = JSON.parse(text.slice(text.indexOf('{\n'))) as {
    ok: boolean;
    surprises: string[];
    held: { cause: string; count: number }[];
    total: { accepted: number; failed: number; received: number; superseded: number; voided: number };
    reconciliation: { clean: boolean };
  };
  expect(result.surprises).toEqual([]);
  expect(result).toMatchObject({ ok: true, reconciliation: { clean: true }, total: { failed: 0, received: 0 } });
  expect(result.held.map(({ cause }) => cause).toSorted()).toEqual([
    'gate/consent-missing',
    'gate/sensitive-text',
    'mapping/no-route',
    'match/unknown-patient',
  ]);
  expect(result.total.accepted).toBeGreaterThan(300);
  expect(result.total.superseded).toBeGreaterThan(0);
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(60_000);
  expect(existsSync(path.join(site.folder, 'data'))).toBe(false);
  expect((await readdir(site.folder)).filter((name) => name.startsWith('tejido-demo-'))).toEqual([]);
});
