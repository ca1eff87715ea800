/** The programme through the lanes: series, status and level of need as they stand; work that no chart shows. */
import { beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { FilingPlan, Resource } from '../../src/core/ports.ts';
import { messageStory } from '../../src/ledger/messages.ts';
import { aWorld, onDay } from './real-maps.ts';
import { aVoid, type Given, statesOf } from './support.ts';

/** All that was asked of the chart, in order. */
let plans: FilingPlan[] = [];
const world = aWorld((plan) => {
  plans.push(plan);
});
const { accept } = world;
beforeEach(() => {
  plans = [];
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
  expect(world.chart.standing()).toEqual([]);
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
  const [receipt] = await accept(work);
  expect(await statesOf(world.ledger)).toEqual(['filed']);
  expect(plans).toEqual([]);
  const story = receipt === undefined ? undefined : await messageStory(world.ledger.db, receipt.id);
  expect(story?.events.at(-1)?.detail).toBe('Kept in the programme store, not in the chart.');
  const { rows } = await sql`select kind, data from fact where until is null`.execute(world.ledger.db);
  expect(rows).toEqual([{ kind: 'work', data: { kind: 'travel', minutes: 35 } }]);
});
