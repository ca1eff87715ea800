/** Story 2 of the front desk: a report of an unknown patient waits, is matched by a person, and what follows files by itself. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const report = (recordId: string, day: string) => ({
  schemaVersion: '1.0',
  activityType: 'contact.phone',
  programmeId: 'msep',
  status: 'completed',
  source: { systemId: 'cht-ejemplo', recordId, recordVersion: 1 },
  occurredAt: `2026-05-${day}T10:00:00-05:00`,
  subject: { sourcePatientId: 'cht-paciente-9' },
  performer: { sourceUserId: 'rosa' },
  details: { reason: 'seguimiento', direction: 'outbound' },
});

type Match = { readonly id: string; readonly waiting: number; readonly state: string };

describe('a report of a patient whom nobody knows', () => {
  test('is accepted, waits in the queue, is matched by a person and filed; two later ones file by themselves', async () => {
    await site.start();
    const sent = await site.ask('/v1/activities', { method: 'POST', body: report('r-1', '04') });
    expect([sent.status, sent.text]).toEqual([202, expect.anything()]);
    expect((await settled(site)).map(({ state, cause }) => `${state} ${String(cause)}`)).toEqual([
      'held match/unknown-patient',
    ]);

    const { matches } = (await site.ask('/v1/matches')).body as { matches: readonly Match[] };
    expect(matches).toMatchObject([{ state: 'open', waiting: 1 }]);
    const [match] = matches;
    const shown = await site.ask(`/v1/matches/${match?.id ?? ''}`);
    expect(shown.body).toMatchObject({
      identities: [{ system: 'source:cht-ejemplo', value: 'cht-paciente-9' }],
      candidates: [],
    });

    const decided = await site.ask(`/v1/matches/${match?.id ?? ''}/decision`, {
      method: 'POST',
      body: { link: { mrn: 'SYN-10023' } },
    });
    expect(decided).toMatchObject({ status: 200, body: { state: 'linked', released: 1 } });
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed']);

    for (const [recordId, day] of [
      ['r-2', '11'],
      ['r-3', '18'],
    ] as const) {
      expect((await site.ask('/v1/activities', { method: 'POST', body: report(recordId, day) })).status).toBe(202);
    }
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed', 'filed', 'filed']);
    const encounters = await site.chart('Encounter?_count=100');
    expect(encounters.map(({ subject }) => (subject as { reference: string }).reference)).toEqual(
      Array(3).fill('Patient/syn-10023'),
    );
    expect(((await site.ask('/v1/matches')).body as { matches: readonly Match[] }).matches).toEqual([]);

    // The same by the commands, while it runs: a second patient, and a link that was wrong.
    const other = { ...report('r-4', '20'), subject: { sourcePatientId: 'cht-paciente-10' } };
    await site.ask('/v1/activities', { method: 'POST', body: other });
    await settled(site);
    const list = await site.run(['matches', 'list']);
    expect([list.code, list.text]).toEqual([0, expect.stringContaining('cht-ejemplo')]);
    const id = /^(\d+) +open/m.exec(list.text)?.[1] ?? '';
    expect((await site.run(['matches', 'link', id, '--mrn', 'SYN-10024'])).code).toBe(0);
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed', 'filed', 'filed', 'filed']);

    const person = (
      (
        await site.ask('/v1/people/find', {
          method: 'POST',
          body: { source: 'cht-ejemplo', sourcePatientId: 'cht-paciente-10' },
        })
      ).body as { patientKey: string }
    ).patientKey;
    const unlink = ['people', 'unlink', person, '--source', 'cht-ejemplo', '--id', 'cht-paciente-10'];
    const preview = await site.run(unlink);
    expect([preview.code, preview.text]).toEqual([0, expect.stringContaining('entered-in-error')]);
    expect((await site.run([...unlink, '--yes'])).code).toBe(0);
    await settled(site);
    expect((await listed(site, '&cause=match/review')).map(({ state }) => state)).toEqual(['held']);
    const wrong = (await site.chart('Encounter?_count=100')).filter(
      ({ subject }) => (subject as { reference: string }).reference === 'Patient/syn-10024',
    );
    expect(wrong.map(({ status }) => status)).toEqual(['entered-in-error']);
    // Nothing of a patient in the log.
    expect(await site.log()).not.toMatch(/"[^"]*cht-paciente-9[^"]*"/);
  });
});
