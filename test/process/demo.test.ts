/** `tejido demo --once`: what a newcomer runs first, as a process. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { aSite, type Site } from './tejido.ts';

jest.setTimeout(180_000);
let site: Site;
beforeAll(async () => {
  site = await aSite();
});
afterAll(() => site.end());

test('a programme is filed and reconciled, only what must be held is held, and nothing of the user’s is touched', async () => {
  const began = performance.now();
  const { code, text } = await site.run(
    ['demo', '--once', '--json', '--seed', '7', '--patients', '60', '--activities', '150'],
    {
      TMPDIR: site.folder,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      REDIS_URL: 'redis://127.0.0.1:1',
    },
  );
  expect(text).toContain('its own ledger');
  const result = JSON.parse(text.slice(text.indexOf('{\n'))) as {
    ok: boolean;
    surprises: string[];
    held: { cause: string; count: number }[];
    kinds: { kind: string }[];
    total: { accepted: number; failed: number; received: number; superseded: number };
    reconciliation: { clean: boolean };
    figures: { id: string; count: number; of?: number }[];
    redFlags: number;
  };
  expect(result.surprises).toEqual([]);
  expect(result).toMatchObject({ ok: true, reconciliation: { clean: true }, total: { failed: 0, received: 0 } });
  expect(result.held.map(({ cause }) => cause).toSorted()).toEqual([
    'gate/consent-missing',
    'gate/sensitive-text',
    'mapping/no-route',
    'match/unknown-patient',
  ]);
  expect(result.total.accepted).toBeGreaterThan(200);
  expect(result.total.superseded).toBeGreaterThan(0);
  expect(result.kinds.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['roster.enrol', 'stratify.high-need', 'research.consent', 'dsme.group-session']),
  );
  expect(result.figures).toContainEqual(expect.objectContaining({ id: 'H', count: 7 }));
  expect(result.redFlags).toBe(2);
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(90_000);
  expect(existsSync(path.join(site.folder, 'data'))).toBe(false);
  expect((await readdir(site.folder)).filter((name) => name.startsWith('tejido-demo-'))).toEqual([]);
});
