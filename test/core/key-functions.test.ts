import { describe, expect, test } from '@jest/globals';
import type { Activity } from '../../src/core/activity.ts';
import type { Fact } from '../../src/core/fact.ts';
import { functionsOf, type KeyFunction } from '../../src/core/key-functions.ts';

const table: Readonly<Record<string, readonly KeyFunction[]>> = {
  'goal.review': ['F1'],
  'referral.community': ['F3b'],
  'topic:apoyo emocional': ['F2'],
};
const defaults = (kind: string): readonly KeyFunction[] => table[kind] ?? [];

const aContact = (given: Partial<Activity> = {}): Activity => ({
  schemaVersion: '1.0',
  activityType: 'contact.phone',
  programmeId: 'msep',
  status: 'completed',
  source: { systemId: 's', recordId: 'r' },
  occurredAt: '2026-05-06T18:05:00-05:00',
  subject: { mrn: 'M' },
  performer: { sourceUserId: 'u' },
  ...given,
});
const fact = (kind: Fact['kind'], at: string, data: Fact['data'] = {}): Fact => ({ kind, key: 'k', at, data });
const tags = (activity: Activity, others: readonly Fact[] = []): readonly string[] =>
  functionsOf(activity, undefined, defaults, others).map(({ code, how }) => `${code} ${how}`);

describe('key functions of peer support', () => {
  test('a contact has those of its components and topics when its author says nothing', () => {
    const components = [
      { key: 'g', activityType: 'goal.review' },
      { key: 'r', activityType: 'referral.community' },
    ];
    expect(tags(aContact({ components, details: { topics: ['Apoyo emocional '] } }))).toEqual([
      'F1 default',
      'F2 default',
      'F3b default',
    ]);
  });

  test('what its author says takes the place of the defaults, each once, in the order of the list', () => {
    const components = [{ key: 'g', activityType: 'goal.review' }];
    expect(tags(aContact({ components, keyFunctions: ['F3a', 'F2'], primaryFunction: 'F2' }))).toEqual([
      'F2 asserted',
      'F3a asserted',
    ]);
  });

  test('a component has its own default, whatever is said of the whole', () => {
    const component = { key: 'r', activityType: 'referral.community' };
    const activity = aContact({ components: [component], keyFunctions: ['F1'] });
    expect(functionsOf(activity, component, defaults, [])).toEqual([{ code: 'F3b', how: 'default' }]);
  });

  const earlier = fact('contact', '2026-04-01T10:00:00-05:00');
  test.each([
    ['the first contact', {}, [], []],
    ['the second', {}, [earlier], ['F4 derived']],
    ['one that took place before the other, and came later', {}, [fact('contact', '2026-06-01T10:00:00-05:00')], []],
    ['the same hour in another zone', {}, [fact('contact', '2026-05-06T23:05:00Z')], []],
    ['one after an attempt only', {}, [fact('attempt', '2026-04-01T10:00:00-05:00')], []],
    [
      'the first after graduation',
      {},
      [earlier, fact('status', '2026-04-20T10:00:00-05:00', { status: 'graduated' })],
      [],
    ],
    [
      'the second while paused',
      {},
      [earlier, fact('status', '2026-04-20T10:00:00-05:00', { status: 'paused' })],
      ['F4 derived'],
    ],
    ['a follow-up begun by the CHW', { initiatedBy: 'chw', basedOn: ['r0'] }, [], ['F4 derived']],
    ['an attempt', { status: 'attempted' as const }, [earlier], []],
    ['a measurement alone', { activityType: 'vital.measure' }, [earlier], []],
    ['ongoing by its author', { keyFunctions: ['F4'] }, [earlier], ['F4 asserted']],
  ])('ongoing support: %s', (_, given, others, expected) => {
    expect(tags(aContact(given), others)).toEqual(expected);
  });
});
