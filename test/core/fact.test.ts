/** What activities of the programme say that later records build on. */
import { describe, expect, test } from '@jest/globals';
import type { Activity } from '../../src/core/activity.ts';
import { factsOf } from '../../src/core/fact.ts';

const at = '2026-05-06T18:05:00-05:00';
const an = (activityType: string, details: Record<string, unknown>, more: Partial<Activity> = {}): Activity => ({
  schemaVersion: '1.0',
  activityType,
  programmeId: 'msep',
  status: 'completed',
  source: { systemId: 's', recordId: 'r' },
  occurredAt: at,
  subject: { sourcePatientId: 'p' },
  performer: { sourceUserId: 'u' },
  details,
  ...more,
});
const told = (activity: Activity) => factsOf(activity).map(({ kind, key, data }) => ({ kind, key, ...data }));

test.each([
  ['A1c < 7', 7],
  ['A1c menos de 7.5 %', 7.5],
  ['Bajar mi A1c a 8', 8],
  ['HbA1c below 6,5', 6.5],
  ['A1c', undefined],
  ['A1c de 9 a 7', undefined],
  ['A1c < 70', undefined],
  ['Caminar 20 minutos', undefined],
])('a goal for the A1c keeps the number, and never the words: %s', (target, below) => {
  const goal = { kind: 'goal', key: 'g', said: 'set' };
  const details = { goalId: 'g', text: 'Sentirme mejor', target };
  expect(told(an('goal.set', details))).toEqual([
    below === undefined ? goal : { ...goal, analyte: 'a1c', below, unit: '%' },
  ]);
});

describe('a contact', () => {
  test('that took place says how long, how, who began it and for which functions, and nothing that somebody wrote', () => {
    const activity = an(
      'contact.phone',
      { reason: 'Faltó a su cita' },
      {
        durationMinutes: 18,
        initiatedBy: 'chw',
        direction: 'out',
        keyFunctions: ['F1', 'F3b'],
        narrative: { es: 'Se quedó sin tiras.' },
        components: [{ key: 'd1', activityType: 'dsme.individual', details: { minutes: 10, topics: ['pies'] } }],
      },
    );
    expect(factsOf(activity)).toEqual([
      {
        kind: 'contact',
        key: '',
        at,
        data: {
          type: 'contact.phone',
          minutes: 18,
          mode: 'phone',
          direction: 'out',
          initiatedBy: 'chw',
          functions: ['F1', 'F3b'],
        },
      },
    ]);
  });

  test.each<[string, Activity, number | undefined]>([
    ['its end', an('contact.home', {}, { endedAt: '2026-05-06T18:45:00-05:00' }), 40],
    ['the minutes of the education', an('dsme.individual', { minutes: 30, topics: ['pies'] }), 30],
    ['how long the patient was there', an('dsme.group-session', { attended: 'partial', minutesAttended: 45 }), 45],
    ['nothing', an('contact.home', {}), undefined],
  ])('lasts by %s', (_, activity, minutes) => {
    expect(factsOf(activity)[0]?.data['minutes']).toBe(minutes);
  });

  test('that was only tried is an attempt', () => {
    expect(told(an('contact.home', {}, { status: 'attempted' }))).toEqual([
      { kind: 'attempt', key: 'msep', mode: 'home' },
    ]);
    expect(told(an('contact.attempt', { reason: 'no-answer', mode: 'phone', text: 'buzón lleno' }))).toEqual([
      { kind: 'attempt', key: 'msep', mode: 'phone', reason: 'no-answer' },
    ]);
  });

  test.each<[string, Activity]>([
    ['that did not take place', an('contact.home', {}, { status: 'not-done' })],
    ['that was entered in error', an('contact.attempt', { reason: 'no-answer' }, { status: 'entered-in-error' })],
    ['that was a reminder', an('link.appointment', { action: 'reminder' })],
  ])('%s says nothing', (_, activity) => {
    expect(factsOf(activity)).toEqual([]);
  });

  test('is also to go along to an appointment', () => {
    expect(told(an('link.appointment', { action: 'accompanied' }, { durationMinutes: 90, mode: 'clinic' }))).toEqual([
      { kind: 'contact', key: '', type: 'link.appointment', minutes: 90, mode: 'clinic' },
    ]);
  });
});

describe('a group session', () => {
  const session = (details: Record<string, unknown>, more: Partial<Activity> = {}) =>
    told(an('dsme.group-session', { series: 's1', sessionNo: 2, attended: 'yes', ...details }, more)).filter(
      ({ kind }) => kind === 'session',
    );
  const base = { kind: 'session', key: 's1', session: 2, attended: 'yes', minutes: 120 };

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['attended whole', { minutes: 110 }, { minutes: 110 }],
    ['attended, with nothing said about its length', {}, {}],
    ['planned shorter', { scheduledMinutes: 90 }, { minutes: 90, scheduled: 90 }],
    ['left early', { attended: 'partial', minutesAttended: 45, minutes: 120 }, { attended: 'partial', minutes: 45 }],
    ['missed', { attended: 'no', minutes: 120 }, { attended: 'no', minutes: 0 }],
    ['made up', { sessionNo: 1, makeupFor: 4 }, { session: 4, makeupFor: 4 }],
  ])('%s', (_, details, expected) => {
    expect(session(details)).toEqual([{ ...base, ...expected }]);
  });

  test('that did not take place was missed, whatever the sheet says', () => {
    expect(session({}, { status: 'not-done' })).toEqual([{ ...base, attended: 'no', minutes: 0 }]);
  });

  test('that was missed is no contact', () => {
    const missed = an('dsme.group-session', { series: 's1', sessionNo: 2, attended: 'no' });
    expect(factsOf(missed).map(({ kind }) => kind)).toEqual(['session']);
  });
});

describe('status and need', () => {
  test('begin with the enrolment', () => {
    expect(told(an('roster.enrol', { start: '2026-03-02', status: 'active', tier: 'high-need' }))).toEqual([
      { kind: 'status', key: 'msep', said: 'enrolled', status: 'active', from: '2026-03-02' },
      { kind: 'need', key: 'msep', tier: 'high-need', from: '2026-03-02' },
    ]);
    expect(factsOf(an('roster.enrol', { start: '2026-03-02', status: 'active' }, { status: 'not-done' }))).toEqual([]);
  });

  test('change from the day that is said, else from that of the record', () => {
    expect(told(an('roster.status-change', { status: 'moved', date: '2026-05-01', reason: 'a Texas' }))).toEqual([
      { kind: 'status', key: 'msep', said: 'changed', status: 'moved', from: '2026-05-01' },
    ]);
    expect(told(an('stratify.high-need', { tier: 'regular', decidedBy: 'chw', criteria: ['a1c-high'] }))).toEqual([
      { kind: 'need', key: 'msep', tier: 'regular', from: '2026-05-06' },
    ]);
  });

  test('a decision that was not made changes nothing', () => {
    const undone = { status: 'not-done' } as const;
    expect(factsOf(an('roster.status-change', { status: 'died' }, undone))).toEqual([]);
    expect(factsOf(an('stratify.high-need', { tier: 'high-need', decidedBy: 'rule' }, undone))).toEqual([]);
  });
});

test('work without the patient is told by kind and minutes', () => {
  expect(factsOf(an('indirect.work', { kind: 'travel', minutes: 35, text: 'a Pilsen' }))).toEqual([
    { kind: 'work', key: '', at, data: { kind: 'travel', minutes: 35 } },
  ]);
});
