/** Story 3: a sheet of a class, sent as a file, and every byte of what stands in the charts. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { aSite, key, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const people = Array.from({ length: 14 }, (_, n) => ({ id: `asistente-${String(n + 10)}`, mrn: `SYN-${10_031 + n}` }));

const sheet = (session: number, date: string, told: (n: number) => string): string =>
  [
    'series_id,session_no,date,start,minutes,site,facilitator_id,source_patient_id,mrn,attended,makeup_for',
    ...people.map(
      ({ id, mrn }, n) => `primavera-2026,${session},${date},18:00,120,Pilsen,rosa,${id},${mrn},${told(n)}`,
    ),
  ].join('\n');

const subjectOf = (resource: Record<string, unknown>): string =>
  (resource['subject'] as { reference?: string } | undefined)?.reference ?? '';

test('a sheet of 14 with 2 absent and 1 make-up: 12 encounters, 2 not done, series 3 of 4, and nobody else in any chart', async () => {
  await site.start();
  const send = async (name: string, text: string) => {
    const file = path.join(site.folder, name);
    await writeFile(file, text);
    return site.run(['send', file, '--url', site.url], { TEJIDO_API_KEY: key });
  };
  // The third missed the second session, and makes it up beside the third class.
  expect(
    (
      await send(
        'uno.csv',
        sheet(1, '2026-04-22', () => 'y,'),
      )
    ).code,
  ).toBe(0);
  expect(
    (
      await send(
        'dos.csv',
        sheet(2, '2026-04-29', (n) => (n === 2 ? 'n,' : 'y,')),
      )
    ).code,
  ).toBe(0);
  await settled(site);
  const before = (await site.chart('Encounter?_count=200')).length;
  expect(before).toBe(14 + 13);

  const third = sheet(3, '2026-05-06', (n) => (n < 2 ? 'n,' : n === 2 ? 'y,2' : 'y,'));
  const { code, text } = await send('tres.csv', third);
  expect([code, text]).toEqual([0, expect.stringMatching(/attended\s+12/)]);
  expect(new Set((await settled(site)).map(({ state }) => state))).toEqual(new Set(['filed']));

  expect(await site.chart('Encounter?_count=200')).toHaveLength(before + 12);
  const procedures = await site.chart('Procedure?_count=200');
  // Two of this class, and the one of the second.
  expect(procedures.filter(({ status }) => status === 'not-done')).toHaveLength(3);

  const charts = new Map<string, string>();
  const patients = new Map<string, string>();
  for (const { id, mrn } of people) {
    const [patient] = await site.chart(`Patient?identifier=${mrn}`);
    patients.set(id, `Patient/${String(patient?.['id'])}`);
  }
  for (const type of [
    'Encounter',
    'Procedure',
    'Observation',
    'DocumentReference',
    'Provenance',
    'Task',
    'Communication',
  ])
    for (const resource of await site.chart(`${type}?_count=500`)) {
      const owner = subjectOf(resource);
      charts.set(owner, `${charts.get(owner) ?? ''}${JSON.stringify(resource)}`);
    }
  for (const { id } of people) {
    const chart = charts.get(patients.get(id) ?? '') ?? '';
    expect(chart).not.toBe('');
    for (const other of people.filter((one) => one.id !== id)) {
      for (const name of [other.id, other.mrn, `${patients.get(other.id) ?? '?'}"`]) expect(chart).not.toContain(name);
    }
  }
  const progress = (n: number): string =>
    (charts.get(patients.get(people[n]?.id ?? '') ?? '') ?? '').match(/\d ?(?:of|\/) ?4/g)?.join(' ') ?? '';
  expect(progress(5)).toMatch(/3 ?(of|\/) ?4/);

  // The same file again changes nothing.
  const again = await send('tres.csv', third);
  expect([again.code, again.text]).toEqual([0, expect.stringMatching(/unchanged\s+14/)]);
});
