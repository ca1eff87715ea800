/** Which measurements and scores are red flags: the edges of every rule, and what costs nothing. */
import { describe, expect, test } from '@jest/globals';
import { anything, assert, constantFrom, property, record } from 'fast-check';
import type { Activity } from '../../src/core/activity.ts';
import { noticeBody, opening, tick } from '../../src/core/escalation.ts';
import { redFlagsOf, withDerived } from '../../src/core/red-flag/detect.ts';
import { redFlagCodes } from '../../src/core/red-flag/rules.ts';
import { policy, rules } from '../support/red-flags.ts';

const activity = (activityType: string, details: Record<string, unknown>, more: Partial<Activity> = {}): Activity => ({
  schemaVersion: '1.0',
  activityType,
  programmeId: 'msep',
  status: 'completed',
  source: { systemId: 'app', recordId: 'r1' },
  occurredAt: '2026-05-06T18:05:00-05:00',
  subject: {},
  performer: { sourceUserId: 'u' },
  details,
  ...more,
});

const codes = (activityType: string, details: Record<string, unknown>, more: Partial<Activity> = {}) =>
  redFlagsOf(activity(activityType, details, more), rules).map(({ code, severity }) => `${code} ${severity}`);

const glucose = (value: unknown, unit = 'mg/dL', more: Record<string, unknown> = {}) =>
  codes('vital.measure', { kind: 'glucose-capillary', value, unit, ...more });

describe('glucose', () => {
  test.each([
    [53, 'mg/dL', ['glucose-very-low stat']],
    [53.9, 'mg/dL', ['glucose-very-low stat']],
    [54, 'mg/dL', []],
    [69, 'mg/dL', []],
    [299, 'mg/dL', []],
    [300, 'mg/dL', ['glucose-very-high urgent']],
    ['HI', 'mg/dL', ['glucose-very-high urgent']],
    ['LO', 'mg/dL', ['glucose-very-low stat']],
    [2.9, 'mmol/L', ['glucose-very-low stat']],
    [3, 'mmol/L', []],
    [16.6, 'mmol/L', []],
    [16.7, 'mmol / l', ['glucose-very-high urgent']],
  ])('%s %s', (value, unit, expected) => {
    expect(glucose(value, unit)).toEqual(expected);
  });

  test('below 70 is one only with symptoms, of the reading or of the contact', () => {
    expect(glucose(69, 'mg/dL', { symptoms: ['temblor'] })).toEqual(['glucose-low-with-symptoms urgent']);
    expect(glucose(70, 'mg/dL', { symptoms: ['temblor'] })).toEqual([]);
    expect(glucose(69, 'mg/dL', { symptoms: [] })).toEqual([]);
    const component = { kind: 'glucose-capillary', value: 60, unit: 'mg/dL' };
    const components = [{ key: 'v1', activityType: 'vital.measure', details: component }];
    expect(codes('contact.home', { symptoms: ['sudor'] }, { components })).toEqual([
      'glucose-low-with-symptoms urgent',
    ]);
    expect(codes('contact.home', {}, { components })).toEqual([]);
  });
});

test.each([
  [180, 80, 1],
  [179, 119, 0],
  [120, 120, 1],
  [200, undefined, 1],
])('blood pressure %s/%s', (systolic, diastolic, found) => {
  expect(codes('vital.measure', { kind: 'blood-pressure', systolic, diastolic })).toHaveLength(found);
});

const answered = (...values: readonly number[]) => values.map((value, index) => ({ id: String(index + 1), value }));

describe('a PHQ-9', () => {
  test.each([
    [{ score: 14, items: answered(2, 2, 2, 2, 2, 2, 2, 0, 0) }, []],
    [{ score: 15 }, ['phq9-severe urgent']],
    [{ items: answered(0, 0, 0, 0, 0, 0, 0, 0, 1) }, ['phq9-item-9 urgent']],
    [{ items: answered(2, 2, 2, 2, 2, 2, 2, 1, 0) }, ['phq9-severe urgent']],
    [{ items: answered(2, 2, 2, 2, 2, 2, 2, 0, 3) }, ['phq9-item-9 urgent', 'phq9-severe urgent']],
    [{ items: [{ id: '9', refused: true }] }, []],
  ])('%j', (details, expected) => {
    expect(codes('questionnaire', { instrument: 'phq-9', ...details })).toEqual(expected);
  });

  test('of another instrument says nothing', () => {
    expect(codes('questionnaire', { instrument: 'dds-17', score: 60, items: [{ id: '9', value: 6 }] })).toEqual([]);
  });
});

test.each([
  [{ reasons: ['ran-out'], medications: [{ name: 'Insulina glargina' }] }, 1],
  [{ medications: [{ name: 'LANTUS', reasons: ['ran-out', 'cost'] }] }, 1],
  [{ reasons: ['ran-out'], medications: [{ name: 'Insulina', reasons: ['cost'] }, { name: 'metformina' }] }, 0],
  [{ reasons: ['ran-out'], medications: [{ name: 'metformina' }] }, 0],
  [{ reasons: ['ran-out'] }, 0],
])('out of insulin: %j', (details, found) => {
  expect(codes('medication.adherence', { missedDays: 3, ...details })).toHaveLength(found);
});

describe('what the CHW raises', () => {
  test('takes the graver of her severity and the one configured', () => {
    expect(codes('escalation.red-flag', { code: 'chest-pain', severity: 'routine' })).toEqual(['chest-pain stat']);
    expect(codes('escalation.red-flag', { code: 'new-foot-ulcer', severity: 'stat' })).toEqual(['new-foot-ulcer stat']);
  });

  test('is heard also when its rule is off, or its code is not known', () => {
    const off = { ...rules, severity: { ...rules.severity, 'chest-pain': 'off' as const } };
    const raised = activity('escalation.red-flag', { code: 'chest-pain', severity: 'urgent' });
    expect(redFlagsOf(raised, off)).toMatchObject([{ code: 'chest-pain', severity: 'urgent' }]);
    expect(codes('escalation.red-flag', { code: 'algo-raro' })).toEqual(['other urgent']);
  });

  test('stands in the place of what a rule finds of the same code', () => {
    const components = [
      { key: 'v1', activityType: 'vital.measure', details: { kind: 'glucose-capillary', value: 40, unit: 'mg/dL' } },
      { key: 'e1', activityType: 'escalation.red-flag', details: { code: 'glucose-very-low', severity: 'stat' } },
    ];
    const contact = activity('contact.home', {}, { components });
    expect(redFlagsOf(contact, rules)).toMatchObject([{ item: 'e1', derived: false }]);
    expect(withDerived(contact, redFlagsOf(contact, rules))).toBe(contact);
  });
});

test('a record entered in error shows none', () => {
  const value = { kind: 'glucose-capillary', value: 40, unit: 'mg/dL' };
  expect(codes('vital.measure', value, { status: 'entered-in-error' })).toEqual([]);
});

test('a rule that is off finds nothing', () => {
  const off = { ...rules, severity: { ...rules.severity, 'glucose-very-low': 'off' as const } };
  expect(redFlagsOf(activity('vital.measure', { kind: 'glucose-capillary', value: 40, unit: 'mg/dL' }), off)).toEqual(
    [],
  );
});

test('what a rule finds is an item of the message, that names where it was seen', () => {
  const components = [
    { key: 'v1', activityType: 'vital.measure', details: { kind: 'glucose-capillary', value: 40, unit: 'mg/dL' } },
  ];
  const contact = activity('contact.home', {}, { components });
  expect(withDerived(contact, redFlagsOf(contact, rules)).components?.[1]).toEqual({
    key: 'flag-1',
    activityType: 'escalation.red-flag',
    details: {
      code: 'glucose-very-low',
      severity: 'stat',
      observedAt: '2026-05-06T18:05:00-05:00',
      derived: true,
      from: 'v1',
      value: 40,
      unit: 'mg/dL',
    },
  });
});

test('whatever is in a payload that did not pass the schema, the look at it does not throw', () => {
  assert(
    property(
      record({
        activityType: constantFrom('vital.measure', 'questionnaire', 'medication.adherence', 'escalation.red-flag', 7),
        details: anything(),
        components: anything(),
        status: anything(),
      }),
      (given) => {
        redFlagsOf(given as unknown as Activity, rules);
      },
    ),
  );
});

const at = (minutes: number): Date => new Date(Date.UTC(2026, 4, 6) + minutes * 60_000);

describe('the clock', () => {
  const open = { ...opening('stat', policy, at(0)), severity: 'stat', state: 'open', inChart: false } as const;

  test('tells the first pool at once of what is stat, and the next at the end of each level', () => {
    const first = tick(open, policy, at(0));
    expect(first).toMatchObject({ level: 1, tell: [{ pool: 'nurses' }], dueAt: at(15), alternateAt: undefined });
    expect(tick({ ...open, ...first }, policy, at(14)).tell).toEqual([]);
    const second = tick({ ...open, ...first }, policy, at(15));
    expect(second).toMatchObject({ level: 2, pool: 'lead', tell: [{ pool: 'lead' }], dueAt: at(30) });
    const third = tick({ ...open, ...second }, policy, at(30));
    expect(third).toMatchObject({ level: 3, pool: 'director', dueAt: at(60) });
    expect(tick({ ...open, ...third }, policy, at(60))).toMatchObject({ level: 3, tell: [{ pool: 'director' }] });
  });

  test('takes the alternate route only when the EHR has not taken the task in time', () => {
    const urgent = { ...opening('urgent', policy, at(0)), severity: 'urgent', state: 'open' } as const;
    expect(tick({ ...urgent, inChart: true }, policy, at(1))).toMatchObject({
      state: 'notified',
      tell: [],
      alternateAt: undefined,
    });
    expect(tick({ ...urgent, inChart: false }, policy, at(4))).toMatchObject({ state: 'open', tell: [] });
    expect(tick({ ...urgent, inChart: false }, policy, at(5)).tell).toMatchObject([{ pool: 'nurses' }]);
  });
});

test('nothing that leaves by the alternate route tells which red flag it is', () => {
  const body = JSON.stringify(
    noticeBody(
      { id: 'n', escalation: 'e', kind: 'alert', severity: 'stat', level: 2, openedAt: at(0) },
      { phone: '312-555-0100', link: 'https://tejido.example/e/' },
    ),
  );
  for (const code of redFlagCodes.filter((one) => one !== 'other')) expect(body).not.toContain(code);
  expect(body).toContain('https://tejido.example/e/e');
  expect(body).toContain('Hay una alerta clínica sin confirmar');
  expect(body).toContain('unacknowledged clinical alert');
});
