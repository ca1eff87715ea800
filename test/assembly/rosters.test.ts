/** A roster from its bytes to the ledger: what it changes, what it refuses, and that it is carried out once, also by the next process. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRosters, type Rosters } from '../../src/assembly/rosters.ts';
import { loadSchemas } from '../../src/assembly/knowledge.ts';
import type { Activity } from '../../src/core/activity.ts';
import type { Accept } from '../../src/core/ports.ts';
import type { RosterAnswer, RosterAsk, RosterReport } from '../../src/core/roster.ts';
import { listRosters, showRoster } from '../../src/ledger/rosters.ts';
import { createActivityCheck, identifyActivity } from '../../src/sources/activity.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { findFlags } from '../support/red-flags.ts';

let ledger: TestLedger;
let day = '2026-05-07';
const clock = () => new Date(`${day}T15:00:00Z`);
const logged: unknown[] = [];
let check: ReturnType<typeof createActivityCheck>;

beforeAll(async () => {
  ledger = await aLedger();
  check = createActivityCheck(await loadSchemas(), clock);
});
afterAll(() => ledger.end());

const rostersWith = (accept: Accept): Rosters =>
  createRosters({
    pool: ledger.pool,
    accept,
    check,
    identify: (activity, raw, contentType, actor) => identifyActivity(activity, raw, contentType, actor, findFlags),
    programmeId: 'msep',
    timeZone: 'America/Chicago',
    columns: { 'Clave Alivio': 'patient' },
    clock,
    log: (...entry) => logged.push(entry),
  });

let sources = 0;
/** A source of its own, so that tests do not meet. */
function aSource() {
  sources += 1;
  const source = `s${sources}`;
  const rosters = rostersWith(ledger.acceptor.accept);
  const upload = async (csv: string, more: Partial<RosterAsk> = {}): Promise<RosterAnswer> => {
    const ask: RosterAsk = { source, mode: 'snapshot', dryRun: false, actor: 'test', ...more };
    const answer = await rosters.upload(Buffer.from(csv), ask);
    await rosters.carryOut();
    return answer;
  };
  const report = async (csv: string, more: Partial<RosterAsk> = {}): Promise<RosterReport> => {
    const answer = await upload(csv, more);
    if (answer.kind === 'refused') throw new Error(answer.refusal.code);
    return answer.report;
  };
  const activities = async (): Promise<readonly Activity[]> => {
    const { rows } = await ledger.pool.query<{ body: Buffer }>(
      `select p.body from message m join payload p on p.message_id = m.id where m.source = $1 order by m.id`,
      [source],
    );
    return rows.map(({ body }) => JSON.parse(body.toString()) as Activity);
  };
  return { source, upload, report, activities, mrn: (name: string) => `${source}-${name}` };
}

const heads = (activities: readonly Activity[]) =>
  activities.map(({ activityType, source }) => [activityType, source.recordId, source.recordVersion]);

describe('a first roster', () => {
  test('becomes one enrolment for each person, with what helps to find the chart', async () => {
    const { source, report, activities } = aSource();
    const { counts, entries } = await report(
      'id,mrn,family,second_family,given,dob,sex,phone,language,pcp,site,chw_id,programme_status,start\n' +
        `1,A-1,Núñez,Ríos,María José,1961-03-02,F,312-555-0100,es,Dra. Elena Prueba,Pilsen,rosa,active,2026-03-02\n`,
    );
    expect(counts).toMatchObject({ rows: 1, add: 1, change: 0, remove: 0, activities: 1 });
    expect(entries).toEqual([{ row: 2, patient: '1', action: 'add' }]);
    expect(await activities()).toEqual([
      {
        schemaVersion: '1.0',
        activityType: 'roster.enrol',
        programmeId: 'msep',
        status: 'completed',
        source: { systemId: source, recordId: 'roster.enrol.1', recordVersion: 1 },
        occurredAt: '2026-03-02T12:00:00Z',
        language: 'es',
        subject: {
          sourcePatientId: '1',
          mrn: 'A-1',
          dob: '1961-03-02',
          name: { given: 'María José', family: 'Núñez', secondFamily: 'Ríos' },
          sex: 'female',
          phones: ['3125550100'],
        },
        performer: { sourceUserId: 'rosa' },
        details: {
          start: '2026-03-02',
          status: 'active',
          site: 'Pilsen',
          pcp: { name: 'Dra. Elena Prueba' },
          chw: { sourceUserId: 'rosa' },
        },
      },
    ]);
  });

  test('in a dry run stores nothing', async () => {
    const { source, upload, activities } = aSource();
    const answer = await upload('id,family\n1,Ríos\n', { dryRun: true });
    expect(answer).toMatchObject({ kind: 'dry-run', report: { counts: { add: 1 } } });
    expect(await activities()).toEqual([]);
    expect((await listRosters(ledger.pool, { limit: 500 })).filter((one) => one.source === source)).toEqual([]);
  });

  test('with a column of the site’s own name, and rows in error: those are told, checked as any activity is', async () => {
    const { report, activities } = aSource();
    const { counts, errors } = await report(
      'Clave Alivio,apellido,dob,start\n1,Ríos,1961-03-02,\n2,Paz,03/04/1961,\n3,Sol,1961-03-02,1999-01-05\n',
    );
    expect(counts).toMatchObject({ rows: 3, add: 1, error: 2 });
    expect(errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      [3, 'dob', 'date-ambiguous'],
      [4, 'start', 'time/too-early'],
    ]);
    expect(heads(await activities())).toEqual([['roster.enrol', 'roster.enrol.1', 1]]);
  });

  test('tells what is more than an enrolment: tier, status, consent to research', async () => {
    const { report, activities } = aSource();
    await report(
      'id,family,start,programme_status,status_date,tier,tier_date,tier_reason,research_consent_status,research_consent_date,a1c\n' +
        '1,Ríos,2026-03-02,graduated,2026-05-01,high_need,2026-03-10,A1c above 9,consented,2026-03-11,9.1\n' +
        '2,Paz,2026-03-02,active,,regular,,,,,\n',
    );
    expect(
      (await activities()).map(({ activityType, occurredAt, details }) => [
        activityType,
        occurredAt.slice(0, 10),
        details,
      ]),
    ).toMatchObject([
      // prettier-ignore
      ['roster.enrol', '2026-03-02', { start: '2026-03-02', status: 'active', tier: 'high-need' }],
      ['roster.status-change', '2026-05-01', { status: 'graduated', date: '2026-05-01' }],
      ['stratify.high-need', '2026-03-10', { tier: 'high-need', date: '2026-03-10', decidedBy: 'care-team', reason: 'A1c above 9' }], // prettier-ignore
      ['research.consent', '2026-03-11', { status: 'consented', date: '2026-03-11' }],
      ['roster.enrol', '2026-03-02', { tier: 'regular' }],
    ]);
    expect(JSON.stringify(await activities())).not.toContain('9.1');
  });
});

describe('the next roster', () => {
  const first = 'id,mrn,family,phone,chw\n1,{m}1,Ríos,3125550100,rosa\n2,{m}2,Paz,3125550101,rosa\n3,{m}3,Sol,,rosa\n';
  const of = (text: string, mrn: (name: string) => string) => text.replaceAll('{m}', mrn(''));

  test('that is the same changes nothing, is no second import, and goes out once', async () => {
    const { source, upload, activities, mrn } = aSource();
    const one = await upload(of(first, mrn));
    day = '2026-05-09';
    const two = await upload(of(first, mrn));
    day = '2026-05-07';
    expect([one.kind, two.kind]).toEqual(['taken', 'known']);
    expect('id' in one && 'id' in two && one.id === two.id).toBe(true);
    expect(await activities()).toHaveLength(3);
    expect((await listRosters(ledger.pool, { limit: 500 })).filter((each) => each.source === source)).toHaveLength(1);
  });

  test('tells changes by the names of fields, and raises the version of what changed only', async () => {
    const { report, activities, mrn } = aSource();
    await report(of(first, mrn));
    const next = of(first, mrn).replace('3125550101,rosa', '3125550199,luz');
    const { counts, entries } = await report(next, { values: true });
    expect(counts).toMatchObject({ add: 0, change: 1, unchanged: 2, remove: 0, activities: 1 });
    expect(entries).toEqual([
      {
        row: 3,
        patient: '2',
        action: 'change',
        fields: ['chw', 'phones'],
        values: { chw: { from: 'rosa', to: 'luz' }, phones: { from: ['3125550101'], to: ['3125550199'] } },
      },
    ]);
    expect(heads(await activities()).slice(3)).toEqual([['roster.enrol', 'roster.enrol.2', 2]]);
  });

  test('stores no value of a change', async () => {
    const { source, report, mrn } = aSource();
    await report(of(first, mrn));
    await report(of(first, mrn).replace('rosa', 'luz'), { values: true });
    const [latest] = (await listRosters(ledger.pool, { limit: 500 })).filter((each) => each.source === source);
    const kept = await showRoster(ledger.pool, latest?.id ?? '');
    expect(kept).toMatchObject({ state: 'committed', report: { entries: [{ patient: '1', fields: ['chw'] }] } });
    expect(JSON.stringify(kept)).not.toMatch(/luz|Ríos|3125550/);
  });

  test('as a delta: an empty cell says nothing, who is missing stays; as a snapshot it takes the value away', async () => {
    const { report, mrn } = aSource();
    await report(of(first, mrn));
    const delta = await report(of('id,mrn,family,phone\n1,{m}1,Ríos,\n', mrn), { mode: 'delta' });
    expect(delta.counts).toMatchObject({ change: 0, unchanged: 1, remove: 0 });
    const snapshot = await report(of(first, mrn).replace('3125550100', ''));
    expect(snapshot.entries).toEqual([{ row: 2, patient: '1', action: 'change', fields: ['phones'] }]);
  });

  test('without somebody marks them absent and sends nothing; with removedStatus it pauses them, and takes that back', async () => {
    const { report, activities, mrn } = aSource();
    const many = `id,mrn,family\n${Array.from({ length: 10 }, (_, n) => `${n},{m}${n},F${n}`).join('\n')}\n`;
    const without = (...ids: readonly number[]) =>
      of(many, mrn).split('\n').filter((line) => !ids.some((id) => line.startsWith(`${id},`))).join('\n'); // prettier-ignore
    await report(of(many, mrn));
    expect(await report(without(9))).toMatchObject({ counts: { remove: 1, activities: 0 }, entries: [{ patient: '9', action: 'remove' }] }); // prettier-ignore
    expect(await activities()).toHaveLength(10);

    expect((await report(without(8, 9), { removedStatus: 'paused' })).counts).toMatchObject({
      remove: 1,
      activities: 1,
    });
    expect((await activities()).at(-1)).toMatchObject({
      activityType: 'roster.status-change',
      details: { status: 'paused', date: '2026-05-07', reason: 'Not on the roster of 2026-05-07' },
    });
    expect((await activities()).filter(({ activityType }) => activityType === 'void')).toEqual([]);

    day = '2026-05-20';
    expect(await report(of(many, mrn))).toMatchObject({
      counts: { change: 2, remove: 0, activities: 1 },
      entries: [
        { patient: '8', fields: ['status', 'statusDate', 'present'] },
        { patient: '9', fields: ['present'] },
      ],
    });
    day = '2026-05-07';
    expect((await activities()).at(-1)).toMatchObject({ details: { status: 'active', date: '2026-05-20' } });
  });

  test('that would remove more than a fifth needs the number; a row without a name removes nobody', async () => {
    const { upload, report, activities, mrn } = aSource();
    await report(of(first, mrn));
    const short = of('id,mrn,family\n1,{m}1,Ríos\n', mrn);
    expect(await upload(short)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'too-many-removed', detail: expect.stringContaining('confirmRemovals=2') },
    });
    expect(await upload(short, { confirmRemovals: 3 })).toMatchObject({ kind: 'refused' });
    const nameless = await report(`${short},,Alguien\n`);
    expect(nameless.counts).toMatchObject({ remove: 0, error: 1 });
    expect(nameless.notices).toMatchObject([{ code: 'removals-uncertain' }]);
    expect((await report(short, { confirmRemovals: 2 })).counts).toMatchObject({ remove: 2 });
    expect(await activities()).toHaveLength(3);
  });

  test('a row in error is not a removal', async () => {
    const { report } = aSource();
    await report('id,family,dob\n1,Ríos,1961-03-02\n2,Paz,1970-04-02\n');
    const { counts } = await report('id,family,dob\n1,Ríos,1961-03-02\n2,Paz,03/04/1970\n');
    expect(counts).toMatchObject({ unchanged: 1, error: 1, remove: 0 });
  });

  test('that says what contradicts is set aside: another birth, another MRN, another name, two people in one', async () => {
    const { report, activities, mrn } = aSource();
    await report(
      of('id,mrn,family,given,dob\n1,{m}1,Ríos,Ana,1961-03-02\n2,{m}2,Paz,Luz,1970-04-02\n3,{m}3,Sol,Eva,1980-01-01\n4,,Mar,Ada,1980-01-01\n', mrn), // prettier-ignore
    );
    const { conflicts, counts } = await report(
      of('id,mrn,family,given,dob\n1,{m}1,Ríos,Ana,1961-02-03\n2,{m}9,Paz,Luz,1970-04-02\n3,{m}3,Cruz,Rosa,1980-01-01\n4,{m}1,Mar,Ada,1980-01-01\n', mrn), // prettier-ignore
      { mode: 'delta' },
    );
    expect(conflicts.map(({ row, column, code }) => [row, column, code])).toEqual([
      [2, 'mrn', 'mrn-shared'],
      [3, 'mrn', 'mrn-differs'],
      [4, 'family', 'name-differs'],
      [5, 'mrn', 'mrn-shared'],
    ]);
    expect(counts).toMatchObject({ change: 0, conflict: 4 });
    const alone = await report(of('id,mrn,family,given,dob\n4,{m}1,Mar,Ada,1980-01-01\n', mrn), { mode: 'delta' });
    expect(alone.conflicts).toMatchObject([{ row: 2, column: 'mrn', code: 'identifiers-conflict' }]);
    const born = await report(of('id,mrn,dob\n1,{m}1,1961-02-03\n', mrn), { mode: 'delta' });
    expect(born.conflicts).toMatchObject([{ row: 2, column: 'dob', code: 'dob-differs' }]);
    expect(await activities()).toHaveLength(4);
  });
});

describe('carrying it out', () => {
  test('goes on where a process stopped, once for each person, and only then is a new one taken', async () => {
    const source = 'interrupted';
    const csv = `id,family\n${Array.from({ length: 700 }, (_, n) => `${n},F${n}`).join('\n')}\n`;
    const ask: RosterAsk = { source, mode: 'snapshot', dryRun: false, actor: 'test' };
    let calls = 0;
    const dying = rostersWith((items) => {
      calls += 1;
      // The second lot is committed, and its answer lost.
      return calls === 2
        ? ledger.acceptor.accept(items).then(() => Promise.reject(new Error('killed')))
        : ledger.acceptor.accept(items);
    });
    expect(await dying.upload(Buffer.from(csv), ask)).toMatchObject({ kind: 'taken' });
    await dying.carryOut();
    const next = rostersWith(ledger.acceptor.accept);
    const { rows: open } = await ledger.pool.query('select state, done from roster_import where source = $1', [source]);
    if (open[0]?.state === 'committing') {
      expect(await next.upload(Buffer.from(csv), ask)).toMatchObject({ kind: 'refused', refusal: { code: 'roster-in-progress' } }); // prettier-ignore
    }
    await Promise.all([next.carryOut(), next.carryOut()]);
    const { rows } = await ledger.pool.query<{ state: string; n: number }>(
      'select state, count(*)::int as n from message where source = $1 group by 1 order by 1',
      [source],
    );
    expect(rows.find(({ state }) => state === 'received')?.n).toBe(700);
    const { rows: members } = await ledger.pool.query('select count(*)::int as n from roster_member where source = $1', [source]); // prettier-ignore
    expect(members).toEqual([{ n: 700 }]);
    expect((await listRosters(ledger.pool, { limit: 500 })).find((one) => one.source === source)).toMatchObject({ state: 'committed' }); // prettier-ignore
    const { rows: left } = await ledger.pool.query('select 1 from roster_change');
    expect(left).toEqual([]);
  });

  test('nothing of a patient is in the log', () => {
    expect(JSON.stringify(logged)).not.toMatch(/Ríos|Núñez|1961|312555/);
  });
});
