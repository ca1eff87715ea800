import { describe, expect, test } from '@jest/globals';
import { type PersonFact, reportOf } from '../../src/core/report.ts';

const fact = (
  person: string,
  kind: PersonFact['kind'],
  at: string,
  data: PersonFact['data'] = {},
  key = 'k',
): PersonFact => ({
  person,
  kind,
  key,
  at,
  data,
});
const may = { from: new Date('2026-05-01T00:00:00Z'), to: new Date('2026-06-01T00:00:00Z') };
const figures = (...facts: readonly PersonFact[]) =>
  Object.fromEntries(
    reportOf({ ...may, facts }).map(({ id, count, of }) => [
      id,
      of === undefined ? count : `${String(count)} of ${String(of)}`,
    ]),
  );
const enrolled = (person: string) =>
  fact(person, 'status', '2026-03-01T10:00:00-06:00', { said: 'enrolled', status: 'active' });

describe('the report of a programme', () => {
  test('counts people by their last status and need at the end of the period', () => {
    const told = figures(
      enrolled('a'),
      enrolled('b'),
      enrolled('c'),
      fact('b', 'status', '2026-05-20T10:00:00-05:00', { status: 'graduated' }),
      fact('c', 'status', '2026-06-02T10:00:00-05:00', { status: 'moved' }),
      fact('a', 'need', '2026-03-02T10:00:00-06:00', { tier: 'high-need' }),
      fact('c', 'need', '2026-03-02T10:00:00-06:00', { tier: 'high-need' }),
      fact('c', 'need', '2026-04-02T10:00:00-05:00', { tier: 'regular' }),
    );
    expect([told['R'], told['H']]).toEqual([2, '1 of 2']);
  });

  test('counts contacts of the period, by what they served, and reaches people once', () => {
    const told = figures(
      enrolled('a'),
      enrolled('b'),
      fact('a', 'contact', '2026-04-30T23:59:59Z', { minutes: 99 }),
      fact('a', 'contact', '2026-05-01T00:00:00Z', { minutes: 20, functions: ['F1', 'F4'] }),
      fact('a', 'contact', '2026-05-09T10:00:00-05:00', { minutes: 10.4, functions: ['F1'] }),
      fact('a', 'contact', '2026-06-01T00:00:00Z', { minutes: 99 }),
      fact('x', 'contact', '2026-05-09T10:00:00-05:00', {}),
      fact('b', 'attempt', '2026-05-09T10:00:00-05:00', {}),
    );
    expect(told).toMatchObject({
      'RCH-1': '1 of 2',
      'RCH-3': 1,
      'DOS-1': 3,
      'DOS-1/min': 30,
      'FN-F1': '2 of 3',
      'FN-F4': '1 of 3',
      PPL: 3,
    });
  });

  const seat = (person: string, session: number, minutes: number, attended = 'yes') =>
    fact(person, 'session', `2026-05-0${String(session)}T10:00:00-05:00`, { session, minutes, attended }, 's1');
  test.each([
    ['four sessions', [seat('a', 1, 60), seat('a', 2, 60), seat('a', 3, 60), seat('a', 4, 60)], '1 of 1'],
    ['three of two hours', [seat('a', 1, 120), seat('a', 2, 120), seat('a', 3, 120), seat('a', 4, 0, 'no')], '1 of 1'],
    ['three, cut short', [seat('a', 1, 120), seat('a', 2, 120), seat('a', 3, 90, 'partial')], '0 of 1'],
    ['the same one thrice', [seat('a', 1, 120), seat('a', 1, 120), seat('a', 1, 120)], '0 of 1'],
    ['none', [seat('a', 1, 0, 'no')], '0 of 1'],
  ])('a series is completed by %s', (_, facts, expected) => {
    expect(figures(...facts)['DSM-1']).toBe(expected);
  });

  test('a referral of the period is closed by an outcome until its end, and helped by a good one', () => {
    const referral = (key: string, at: string, data: PersonFact['data']) => fact('a', 'referral', at, data, key);
    const told = figures(
      referral('r1', '2026-05-02T10:00:00-05:00', { status: 'requested' }),
      referral('r1', '2026-05-12T10:00:00-05:00', { status: 'completed', outcome: 'got-help' }),
      referral('r2', '2026-05-03T10:00:00-05:00', { status: 'requested' }),
      referral('r2', '2026-05-13T10:00:00-05:00', { status: 'rejected', outcome: 'no-capacity' }),
      referral('r3', '2026-05-04T10:00:00-05:00', { status: 'requested' }),
      referral('r3', '2026-06-04T10:00:00-05:00', { status: 'completed', outcome: 'got-help' }),
    );
    expect([told['REF-2'], told['REF-3']]).toEqual(['2 of 3', '1 of 3']);
  });
});
