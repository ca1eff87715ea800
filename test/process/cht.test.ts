/** Story 2: a CHT report of an unknown patient is taken, waits, is matched by a person and filed; later ones file by themselves. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeEach(async () => {
  site = await aSite();
  await site.configure(readFileSync('examples/cht/tejido.yaml', 'utf8'));
  await site.start();
});
afterEach(() => site.end());

type Doc = { [name: string]: unknown; fields: { inputs: { contact: Record<string, unknown> } } };

/** The patient is known to CHT alone: no number of the clinic, no date of birth. */
const report = (id: string, day: number, more: Record<string, unknown> = {}): Doc => {
  const doc = JSON.parse(readFileSync('examples/cht/visita.json', 'utf8')) as Doc;
  doc.fields.inputs.contact = { _id: 'otra-persona' };
  return { ...doc, _id: id, reported_date: Date.UTC(2026, 4, day, 16), ...more };
};
const push = async (doc: unknown) => {
  const { status, body } = await site.ask('/v1/sources/cht-alivio', { method: 'POST', body: doc });
  return { status, receipts: (body as { receipts: readonly { state: string; duplicateOf?: string }[] }).receipts };
};
const states = async () => (await settled(site)).map(({ state, cause }) => `${state} ${cause ?? ''}`.trim());

describe('a CHT report of a patient whom nobody knows', () => {
  test('is answered 202, waits in the queue, is matched and filed; two later ones file by themselves', async () => {
    expect(await push(report('r-1', 4))).toMatchObject({ status: 202, receipts: [{ state: 'received' }] });
    expect(await states()).toEqual(['held match/unknown-patient']);
    // CHT pushes what it is not sure of again; that is no second report.
    expect(await push(report('r-1', 4, { _rev: '2-b' }))).toMatchObject({ receipts: [{ duplicateOf: '1' }] });

    const { matches } = (await site.ask('/v1/matches')).body as { matches: readonly { id: string; state: string }[] };
    expect(matches).toMatchObject([{ state: 'open', waiting: 1 }]);
    const decided = await site.ask(`/v1/matches/${matches[0]?.id ?? ''}/decision`, {
      method: 'POST',
      body: { link: { mrn: 'SYN-10023' } },
    });
    expect(decided).toMatchObject({ status: 200, body: { state: 'linked' } });
    expect(await states()).toEqual(['superseded', 'filed']);

    await push(report('r-2', 11));
    await push(report('r-3', 18));
    expect(await states()).toEqual(['filed', 'filed', 'superseded', 'filed']);
    const encounters = await site.chart('Encounter?_count=100');
    expect(encounters.map(({ subject }) => subject)).toEqual(
      Array(3).fill(expect.objectContaining({ reference: 'Patient/syn-10023' })),
    );
    expect(((await site.ask('/v1/matches')).body as { matches: unknown }).matches).toEqual([]);
  });

  test('what cannot be read is answered 202 too, and held', async () => {
    const pushed = await push({ patient_id: '12345', event: { temp_c: 37.78 } });
    expect(pushed).toMatchObject({ status: 202, receipts: [{ state: 'held' }] });
    expect(await states()).toEqual(['held source/unreadable']);
  });
});
