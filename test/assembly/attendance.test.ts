/** An attendance sheet in the ledger: one record for each attendee, in which nobody else stands; corrections change what differs. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRosters, type Rosters } from '../../src/assembly/rosters.ts';
import { loadSchemas } from '../../src/assembly/knowledge.ts';
import type { Activity } from '../../src/core/activity.ts';
import type { AttendanceAnswer } from '../../src/core/attendance.ts';
import { createActivityCheck, identifyActivity } from '../../src/sources/activity.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { findFlags } from '../support/red-flags.ts';

let ledger: TestLedger;
let sheets: Rosters;
const clock = () => new Date('2026-05-07T15:00:00Z');

beforeAll(async () => {
  ledger = await aLedger();
  sheets = createRosters({
    pool: ledger.pool,
    accept: ledger.acceptor.accept,
    check: createActivityCheck(await loadSchemas(), clock),
    identify: (activity, raw, contentType, actor) => identifyActivity(activity, raw, contentType, actor, findFlags),
    programmeId: 'msep',
    timeZone: 'America/Chicago',
    columns: {},
    clock,
    log: () => undefined,
  });
});
afterAll(() => ledger.end());

const send = (source: string, body: unknown, dryRun = false): Promise<AttendanceAnswer> =>
  typeof body === 'string'
    ? sheets.attendance(Buffer.from(body), false, { source, dryRun, actor: 'test' })
    : sheets.attendance(Buffer.from(JSON.stringify(body)), true, { source, dryRun, actor: 'test' });

async function sent(source: string): Promise<readonly { readonly activity: Activity; readonly raw: string }[]> {
  const { rows } = await ledger.pool.query<{ body: Buffer }>(
    'select p.body from message m join payload p on p.message_id = m.id where m.source = $1 order by m.id',
    [source],
  );
  return rows.map(({ body }) => ({ activity: JSON.parse(body.toString()) as Activity, raw: body.toString() }));
}

const attendee = (n: number): string => `paciente-${String(n).padStart(3, '0')}`;
type Attendee = { sourcePatientId: string; attended: string; [more: string]: unknown };
const sheet = (attendees: readonly Attendee[], more: Record<string, unknown> = {}) => ({
  series: 'primavera.2026',
  session: 3,
  date: '2026-05-06',
  start: '18:00',
  minutes: 120,
  site: 'Pilsen',
  facilitator: 'rosa',
  topics: ['alimentación'],
  attendees,
  ...more,
});
const fourteen = Array.from({ length: 14 }, (_, n): Attendee => ({
  sourcePatientId: attendee(n + 1),
  attended: n < 2 ? 'n' : 'y',
  ...(n === 2 ? { makeupFor: 2 } : {}),
}));

describe('a sheet', () => {
  test('of 14 becomes 14 records, and in the bytes of each stands that attendee only', async () => {
    const answer = await send('a1', sheet(fourteen));
    expect(answer).toMatchObject({ kind: 'taken', report: { counts: { rows: 14, attended: 12, absent: 2, sent: 14, voided: 0 } } }); // prettier-ignore
    const all = await sent('a1');
    expect(all).toHaveLength(14);
    for (const [index, { raw }] of all.entries()) {
      expect(fourteen.filter(({ sourcePatientId }) => raw.includes(sourcePatientId))).toEqual([fourteen[index]]);
      expect(raw).not.toMatch(/attendees|companion/);
    }
    expect(all[0]?.activity).toMatchObject({ status: 'not-done', details: { attended: 'no', sessionNo: 3 } });
    expect(all[2]?.activity).toEqual({
      schemaVersion: '1.0',
      activityType: 'dsme.group-session',
      programmeId: 'msep',
      status: 'completed',
      source: { systemId: 'a1', recordId: `primavera%2E2026.3.${attendee(3)}`, recordVersion: 1 },
      occurredAt: '2026-05-06T18:00:00-05:00',
      subject: { sourcePatientId: attendee(3) },
      performer: { sourceUserId: 'rosa' },
      mode: 'group',
      details: {
        series: 'primavera.2026',
        sessionNo: 3,
        attended: 'yes',
        minutes: 120,
        makeupFor: 2,
        topics: ['alimentación'],
        site: 'Pilsen',
      },
    });
  });

  test('sent again sends nothing; corrected, it changes what differs, and takes back who is not on it; and gives back', async () => {
    await send('a2', sheet(fourteen));
    expect(await send('a2', sheet(fourteen))).toMatchObject({
      report: { counts: { sent: 0, unchanged: 14 } },
      receipts: [],
    });

    const corrected = fourteen.slice(0, 13).map((one, n) => (n === 0 ? { ...one, attended: 'y' } : one));
    expect(await send('a2', sheet(corrected), true)).toMatchObject({ kind: 'dry-run', report: { counts: { sent: 1, voided: 1 } } }); // prettier-ignore
    expect(await send('a2', sheet(corrected))).toMatchObject({
      report: { counts: { sent: 1, unchanged: 12, voided: 1 } },
    });
    const after = (await sent('a2')).slice(14).map(({ activity }) => activity);
    expect(after).toMatchObject([
      { status: 'completed', source: { recordVersion: 2 }, subject: { sourcePatientId: attendee(1) } },
      { status: 'entered-in-error', voidReason: 'mistaken', source: { recordVersion: 2 }, subject: { sourcePatientId: attendee(14) } }, // prettier-ignore
    ]);
    expect(await send('a2', sheet(corrected))).toMatchObject({ report: { counts: { sent: 0, voided: 0 } } });

    expect(await send('a2', sheet([...corrected, fourteen[13] as Attendee]))).toMatchObject({ report: { counts: { sent: 1, voided: 0 } } }); // prettier-ignore
    expect((await sent('a2')).at(-1)?.activity).toMatchObject({ status: 'completed', source: { recordVersion: 3 } });
  });

  test('as CSV in Spanish is the same sheet', async () => {
    const csv =
      'serie;sesión;fecha;hora;minutos;sede;facilitadora;id paciente;asistió;minutos asistidos;acompañantes;temas;reposición\n' +
      'otoño;1;06/05/2026;6:00 p. m.;120;Pilsen;rosa;1;sí;;2;pies, ojos;\n';
    expect(await send('a3', csv.replace('otoño', 'otono'))).toMatchObject({
      kind: 'refused',
      refusal: { problems: [{ row: 2, column: 'fecha', code: 'date-ambiguous' }] },
    });
    const dated = csv.replace('otoño', 'otono').replace('06/05/2026', '2026-05-06');
    expect(await send('a3', `${dated}otono;1;;;;;;2;parcial;45;;;2\n`)).toMatchObject({ kind: 'taken' });
    expect((await sent('a3')).map(({ activity }) => [activity.status, activity.occurredAt, activity.details])).toEqual([
      ['completed', '2026-05-06T18:00:00-05:00', { series: 'otono', sessionNo: 1, attended: 'yes', minutes: 120, topics: ['pies', 'ojos'], site: 'Pilsen' }], // prettier-ignore
      ['partial', '2026-05-06T18:00:00-05:00', { series: 'otono', sessionNo: 1, attended: 'partial', minutes: 120, minutesAttended: 45, makeupFor: 2, topics: ['pies', 'ojos'], site: 'Pilsen' }], // prettier-ignore
    ]);
  });

  test('with one wrong row is refused whole, with every row that is wrong and no value', async () => {
    const wrong = sheet([
      { sourcePatientId: 'p1', attended: 'y' },
      { sourcePatientId: 'p2', attended: 'quizás' },
      { sourcePatientId: 'p3', attended: 'partial' },
      { sourcePatientId: 'p1', attended: 'n' },
      { sourcePatientId: '', attended: 'y' },
    ]);
    const answer = await send('a4', wrong);
    expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'attendance-invalid' } });
    const problems = answer.kind === 'refused' ? answer.refusal.problems : [];
    expect(problems?.map(({ row, code }) => [row, code])).toEqual([
      [3, 'word-unknown'],
      [4, 'minutes-missing'],
      [5, 'rows-contradict'],
      [6, 'no-identifier'],
    ]);
    expect(JSON.stringify(answer)).not.toMatch(/quizás|"p\d"/);
    expect(await sent('a4')).toEqual([]);
    for (const body of [[], { attendees: 'x' }, { ...wrong, otro: 1 }, { attendees: [{ nombre: 'Ana' }] }])
      expect(await send('a4', body)).toMatchObject({ kind: 'refused' });
  });

  test('two series whose ids would meet do not share a record', async () => {
    const one = sheet([{ sourcePatientId: '2.x', attended: 'y' }], { series: 'a', session: 1 });
    const other = sheet([{ sourcePatientId: 'x', attended: 'y' }], { series: 'a.1', session: 2 });
    await send('a5', one);
    await send('a5', other);
    expect(new Set((await sent('a5')).map(({ activity }) => activity.source.recordId)).size).toBe(2);
  });
});
