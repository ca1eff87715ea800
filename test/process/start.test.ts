/** `tejido start` as a process: the first minutes of a user, and the worst ones. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(120_000);
const visit = JSON.parse(readFileSync('schemas/examples/contact.home.json', 'utf8')) as Record<string, unknown>;

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

type Receipts = {
  readonly receipts: readonly { readonly id: string; readonly state: string; readonly duplicateOf?: string }[];
};

describe('tejido start on an empty folder', () => {
  test('becomes ready, files what it is sent, and doubles nothing when it is sent again', async () => {
    const program = await site.start();
    const first = await site.ask('/v1/activities', { method: 'POST', body: visit });
    expect(first.status).toBe(202);
    await settled(site);
    expect(await site.chart('Encounter')).toHaveLength(1);
    const observations = (await site.chart('Observation')).length;
    expect(observations).toBeGreaterThanOrEqual(2);

    const again = await site.ask('/v1/activities', { method: 'POST', body: visit });
    const [receipt] = (again.body as Receipts).receipts;
    expect(receipt).toMatchObject({ state: 'superseded', duplicateOf: (first.body as Receipts).receipts[0]?.id });
    await settled(site);
    expect(await site.chart('Encounter')).toHaveLength(1);
    expect(await site.chart('Observation')).toHaveLength(observations);

    program.signal('SIGTERM');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    // The second start finds ledger and chart as they were.
    await site.start();
    expect((await settled(site)).map(({ state }) => state)).toEqual(['superseded', 'filed']);
    expect(await site.chart('Encounter')).toHaveLength(1);
  });

  test('killed the moment it acknowledged, it files it at the next start, on the Postgres that lived on', async () => {
    const program = await site.start();
    expect((await site.ask('/v1/activities', { method: 'POST', body: visit })).status).toBe(202);
    program.signal('SIGKILL');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await site.start();
    expect(await site.log()).toContain('"event":"postgres.adopted"');
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed']);
    expect(await site.chart('Encounter')).toHaveLength(1);
    expect(await site.chart('DocumentReference')).toHaveLength(1);
  });

  test('asked to stop under load, it ends with 0, and what it acknowledged is filed after the next start', async () => {
    const program = await site.start();
    const many = Array.from({ length: 60 }, (_, n) => ({
      ...visit,
      source: { systemId: 'commcare-ejemplo', recordId: `visita-${n}`, recordVersion: 1 },
      subject: { sourcePatientId: `p-${n}`, mrn: `SYN-${10_101 + n}`, dob: undefined },
    }));
    const { status, body } = await site.ask('/v1/activities', { method: 'POST', body: many });
    expect([status, (body as Receipts).receipts.filter((one) => 'id' in one).length]).toEqual([202, 60]);
    program.signal('SIGTERM');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    await site.start();
    expect(new Set((await settled(site)).map(({ state }) => state))).toEqual(new Set(['filed']));
    expect(await site.chart('Encounter?_count=200')).toHaveLength(60);
  });
});

describe('tejido start that cannot', () => {
  test('says file, line and column of what is wrong with the configuration, and ends with 1', async () => {
    await site.configure('programme:\n  name: Prueba\n  timeZone: Mars/Olympus\n');
    const { code, text } = await site.run(['start']);
    expect(code).toBe(1);
    expect(text).toMatch(/tejido\.yaml:3:\d+ programme\.timeZone: This time zone is not known\./);
    expect(text).not.toMatch(/^\s+at /m);
  });

  test('says which port is taken and what to do, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, text } = await site.run(['start'], { PORT: String(port) });
      expect(code).toBe(1);
      expect(text).toContain(String(port));
      expect(text).toMatch(/in use/i);
      expect(text).toContain('PORT');
      expect(text).not.toMatch(/^\s+at /m);
    } finally {
      other.close();
    }
  });
});
