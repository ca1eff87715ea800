/** What several records say about one thing: derived anew with each of them, and without each that is taken back. */
import { beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { FilingPlan } from '../../src/core/ports.ts';
import { findPerson } from '../../src/ledger/people.ts';
import { unlinkIdentity } from '../../src/ledger/unlink.ts';
import { aWorld, onDay } from './real-maps.ts';
import { aVoid, type Given } from './support.ts';

/** What was asked of the goal, in order: its status of achievement. */
let asked: string[] = [];
const world = aWorld((plan) => {
  asked.push(...achievements(plan));
});
const { accept } = world;
beforeEach(() => {
  asked = [];
});

const achievements = (plan: FilingPlan): readonly string[] =>
  plan.steps.flatMap((step) => {
    if (step.do === 'void' || step.resource.resourceType !== 'Goal') return [];
    const status = step.resource['achievementStatus'] as { coding: { code: string }[] };
    return [`${step.do} ${status.coding[0]?.code ?? ''}`];
  });

const aGoal = (given: Given = {}) =>
  onDay(1, {
    recordId: 'set',
    activityType: 'goal.set',
    details: { goalId: 'g1', domain: 'being-active', text: 'Caminar 20 minutos' },
    ...given,
  });
const aReview = (day: number, achievement: string, given: Given = {}) =>
  onDay(day, {
    recordId: `review-${String(day)}`,
    activityType: 'goal.review',
    details: { goalId: 'g1', achievement },
    ...given,
  });

test('a goal stands as its latest review found it, in whatever order the reviews come', async () => {
  await accept(aGoal());
  await accept(aReview(20, 'achieved'));
  await accept(aReview(10, 'no-change'));
  expect(asked).toEqual(['put in-progress', 'merge achieved', 'merge achieved']);
});

test('a review that is voided leaves the goal as the one before found it, and then as it was set', async () => {
  await accept(aGoal(), aReview(10, 'improving'), aReview(20, 'achieved'));
  asked = [];
  await accept(aVoid('review-20', { mrn: 'M1' }));
  await accept(aVoid('review-10', { mrn: 'M1' }));
  expect(asked).toEqual(['merge improving', 'merge in-progress']);
  expect(world.chart.standing().map((one) => one.split(' ').at(-1))).toEqual(['g1']);
});

test('a goal that is edited after its reviews keeps what they found', async () => {
  await accept(aGoal(), aReview(10, 'improving'));
  asked = [];
  await accept(aGoal({ version: 2, details: { goalId: 'g1', domain: 'being-active', text: 'Caminar 30 minutos' } }));
  expect(asked).toEqual(['put improving']);
});

test('an edited review counts once, and an amendment too', async () => {
  await accept(aGoal(), aReview(10, 'improving'));
  await accept(aReview(10, 'achieved', { version: 2 }));
  await accept(
    onDay(11, {
      recordId: 'a1',
      activityType: 'amend',
      details: { target: { recordId: 'review-10' }, changes: { details: { achievement: 'no-change' } } },
    }),
  );
  expect(asked.slice(-2)).toEqual(['merge achieved', 'merge no-change']);
  const { rows } = await sql<{ standing: string; ended: string }>`
    select count(*) filter (where until is null)::text as standing, count(*) filter (where until is not null)::text as ended
    from fact`.execute(world.ledger.db);
  expect(rows).toEqual([{ standing: '2', ended: '2' }]);
});

test('a review of a goal voided with its record says nothing of it any more', async () => {
  await accept(aGoal(), aReview(10, 'improving'));
  await accept(aVoid('set', { mrn: 'M1' }));
  expect(world.chart.standing().map((one) => one.split(' ').at(-1))).toEqual(['review']);
  const { rows } = await sql<{ kind: string; said: string }>`
    select kind, data ->> 'said' as said from fact where until is null`.execute(world.ledger.db);
  expect(rows).toEqual([{ kind: 'goal', said: 'review' }]);
});

test('what was said of a patient by mistake is said of the other one after the record moved', async () => {
  await accept(aGoal(), aReview(10, 'improving'));
  await accept(aReview(10, 'improving', { version: 2, mrn: 'M2' }));
  expect(asked.slice(2)).toEqual(['merge in-progress']);
  const { rows } = await sql<{ people: string }>`
    select count(distinct patient_key)::text as people from fact where until is null`.execute(world.ledger.db);
  expect(rows).toEqual([{ people: '2' }]);
});

test('the progress of a series leaves the wrong chart with an id that is un-linked; what others told stays', async () => {
  const seat = (number: number, recordId: string, by: Given) =>
    onDay(number, {
      recordId,
      activityType: 'dsme.group-session',
      details: { series: `s-${recordId.slice(0, 1)}`, sessionNo: number, attended: 'yes', minutes: 120 },
      ...by,
    });
  await accept(
    seat(1, 'a1', { mrn: 'M1', sourcePatientId: 'p1' }),
    seat(1, 'b1', { mrn: 'M1', sourcePatientId: 'p1' }),
  );
  await accept(seat(2, 'b2', { mrn: 'M1' }));
  const progress = () =>
    world.chart
      .standing()
      .map((one) => one.split(' ').at(-1))
      .filter((one) => /^s-/.test(one ?? ''));
  expect(progress()).toEqual(['s-a', 's-b']);
  const person = await findPerson(world.ledger.pool, { system: 'source:app', value: 'p1' });
  if (person === undefined) throw new Error('p1 is not known.');
  const unlink = (run: boolean) =>
    unlinkIdentity(world.ledger.pool, { person, source: 'app', sourcePatientId: 'p1', run }, 'x');
  expect(await unlink(false)).toMatchObject({ ok: true, preview: { changedElsewhere: [] } });
  await unlink(true);
  await accept();
  expect(progress()).toEqual(['s-b']);
});
