/** The programme through the lanes: series, status and level of need as they stand; work that no chart shows. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { FilingPlan, Resource } from '../../src/core/ports.ts';
import { messageStory } from '../../src/ledger/messages.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, anActivity, aVoid, type Chart, drain, type Given, statesOf, until } from './support.ts';

let ledger: TestLedger;
let chart: Chart;
/** All that was asked of the chart, in order. */
let plans: FilingPlan[];
const loaded = await loadMapper({ folders: ['mappings'] });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.failure));
const real = { mapper: () => loaded.value };

beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, fact, ehr_patient, identity, patient, audit cascade`.execute(
    ledger.db,
  );
  chart = aChart();
  plans = [];
  chart.answer = (plan) => {
    plans.push(plan);
    return Promise.resolve(undefined);
  };
});

const accept = async (...items: Parameters<TestLedger['acceptor']['accept']>[0]): Promise<void> => {
  await ledger.acceptor.accept(items);
  await until(
    async () => (await statesOf(ledger)).every((state) => !/received|filing/.test(state)),
    () => drain(ledger, chart, real),
  );
};

const onDay = (day: number, given: Given) =>
  anActivity({
    mrn: 'M1',
    programmeId: 'msep',
    occurredAt: `2026-05-${String(day).padStart(2, '0')}T10:00:00-05:00`,
    ...given,
  });

/** What the last plans made of this type, as `pick` shows it, in order. */
const shown = (type: string, pick: (resource: Resource) => unknown): readonly unknown[] =>
  plans.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.do === 'void') return step.resourceType === type ? ['void'] : [];
      return step.resource.resourceType === type ? [pick(step.resource)] : [];
    }),
  );

const session = (sessionNo: number, details: Record<string, unknown> = {}, given: Given = {}) =>
  onDay(sessionNo, {
    recordId: `session-${String(sessionNo)}`,
    activityType: 'dsme.group-session',
    mode: 'group',
    details: { series: 's1', sessionNo, attended: 'yes', minutes: 120, ...details },
    ...given,
  });
const progress = () => shown('Observation', ({ valueString }) => valueString);

test('a series counts every session, and a make-up for the session that was missed', async () => {
  await accept(session(1), session(2, { attended: 'no' }), session(3), session(4));
  expect(progress()).toEqual([
    'DSME 1/4, 120 min',
    'DSME 1/4, 120 min',
    'DSME 2/4, 240 min',
    'DSME 3/4, 360 min, completed',
  ]);
  await accept(session(2, { makeupFor: 2, heldIn: 's2', minutes: 90 }, { recordId: 'made-up' }));
  expect(progress().at(-1)).toBe('DSME 4/4, 450 min, completed');
});

test('a session that is corrected or withdrawn changes the series; the last one takes it away', async () => {
  await accept(session(1), session(2), session(3));
  await accept(session(3, { attended: 'no' }, { version: 2 }));
  expect(progress().at(-1)).toBe('DSME 2/4, 240 min');
  await accept(aVoid('session-2', { mrn: 'M1' }));
  expect(progress().at(-1)).toBe('DSME 1/4, 120 min');
  await accept(aVoid('session-1', { mrn: 'M1' }), aVoid('session-3', { mrn: 'M1' }));
  expect(progress().at(-1)).toBe('void');
  expect(chart.standing()).toEqual([]);
});

const enrolment = onDay(1, {
  recordId: 'enrol',
  activityType: 'roster.enrol',
  details: { start: '2026-05-01', status: 'active', tier: 'high-need' },
});
const change = (day: number, status: string) =>
  onDay(day, { recordId: `status-${status}`, activityType: 'roster.status-change', details: { status } });
const episode = () =>
  shown('EpisodeOfCare', ({ status, statusHistory, period }) => [
    status,
    ((statusHistory ?? []) as { status: string }[]).map((one) => one.status).join(),
    (period as { end?: string }).end,
  ]);

test('the latest status stands on the episode, the others are its history, and a withdrawn one gives way', async () => {
  await accept(enrolment);
  await accept(change(20, 'graduated'));
  await accept(change(10, 'paused'));
  expect(episode()).toEqual([
    ['active', '', undefined],
    ['finished', 'active', '2026-05-20'],
    ['finished', 'active,onhold', '2026-05-20'],
  ]);
  await accept(aVoid('status-graduated', { mrn: 'M1' }));
  expect(episode().at(-1)).toEqual(['onhold', 'active', undefined]);
});

test('a high need is flagged from the enrolment on, until a later regular ends it', async () => {
  await accept(enrolment);
  await accept(
    onDay(9, {
      recordId: 'need',
      activityType: 'stratify.high-need',
      details: { tier: 'regular', decidedBy: 'clinician' },
    }),
  );
  await accept(aVoid('need', { mrn: 'M1' }));
  expect(shown('Flag', ({ status, period }) => [status, (period as { end?: string }).end])).toEqual([
    ['active', undefined],
    ['inactive', '2026-05-09'],
    ['active', undefined],
  ]);
});

test('work without the patient is filed in the programme store: no patient, no chart, and counted', async () => {
  const { patient: _patient, ...work } = onDay(6, {
    recordId: 'work',
    activityType: 'indirect.work',
    details: { kind: 'travel', minutes: 35 },
  });
  const [receipt] = await ledger.acceptor.accept([work]);
  await until(
    async () => (await statesOf(ledger)).every((state) => !/received|filing/.test(state)),
    () => drain(ledger, chart, real),
  );
  expect(await statesOf(ledger)).toEqual(['filed']);
  expect(plans).toEqual([]);
  const story = receipt === undefined ? undefined : await messageStory(ledger.db, receipt.id);
  expect(story?.events.at(-1)?.detail).toBe('Kept in the programme store, not in the chart.');
  const { rows } = await sql`select kind, data from fact where until is null`.execute(ledger.db);
  expect(rows).toEqual([{ kind: 'work', data: { kind: 'travel', minutes: 35 } }]);
});
