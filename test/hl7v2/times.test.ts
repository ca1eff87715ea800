import { describe, expect, test } from '@jest/globals';
import { readDate, readInstant, readTime, readTimeOfDay } from '../../src/hl7v2/times.ts';

const zone = 'America/Chicago';

describe('times', () => {
  test.each([
    ['2026', '2026'],
    ['202603', '2026-03'],
    ['20260309', '2026-03-09'],
    ['20260309-0600', '2026-03-09'],
    ['2026030908', '2026-03-09'],
    ['202603090830', '2026-03-09T08:30:00-05:00'],
    ['202601090830', '2026-01-09T08:30:00-06:00'],
    ['20260309083015-0600', '2026-03-09T08:30:15-06:00'],
    ['20260309083015.1234-0600', '2026-03-09T08:30:15.123-06:00'],
    ['20260309083015.1+0530', '2026-03-09T08:30:15.1+05:30'],
    ['20260309083015+0000', '2026-03-09T08:30:15+00:00'],
    ['20260309083015Z', '2026-03-09T08:30:15+00:00'],
    [' 20260309083015 ', '2026-03-09T08:30:15-05:00'],
    ['2026-03-09T08:30:15-06:00', '2026-03-09T08:30:15-06:00'],
    ['2026-03-09', '2026-03-09'],
  ])('%s is %s', (sent, time) => {
    expect(readTime(sent, zone)).toBe(time);
  });

  test.each([
    '',
    '""',
    '00000000',
    '0000',
    '00010101',
    '20261301',
    '20260230',
    '2026030',
    '202603092400',
    '20260309083060',
    '20260309083015+2500',
    'yesterday',
    '20260309 8:30',
  ])('%j is no time', (sent) => {
    expect(readTime(sent, zone)).toBeUndefined();
  });

  test('a local time that does not exist, or comes twice, has the offset from before the clocks changed', () => {
    expect(readTime('20260308023000', zone)).toBe('2026-03-08T02:30:00-06:00');
    expect(readTime('20260308033000', zone)).toBe('2026-03-08T03:30:00-05:00');
    expect(readTime('20260308015959', zone)).toBe('2026-03-08T01:59:59-06:00');
    expect(readTime('20261101013000', zone)).toBe('2026-11-01T01:30:00-05:00');
    expect(readTime('20261101023000', zone)).toBe('2026-11-01T02:30:00-06:00');
    expect(readTime('20261004023000', 'Australia/Sydney')).toBe('2026-10-04T02:30:00+10:00');
    expect(readTime('202603290230', 'Europe/Madrid')).toBe('2026-03-29T02:30:00+01:00');
  });

  test('without a zone that is known only the date is', () => {
    expect(readTime('20260309083000', 'No/Such')).toBe('2026-03-09');
  });

  test('a birth has its own date, whatever stands behind it', () => {
    for (const sent of ['19680412', '196804120315-0600', '19680412235959+1400', '1968-04-12', '1968-04-12T23:00:00Z']) {
      expect(readDate(sent)).toBe('1968-04-12');
    }
    expect(readDate('196804')).toBe('1968-04');
    expect([readDate('00000000'), readDate('19681341'), readDate('""')]).toEqual([undefined, undefined, undefined]);
  });

  test('a time of day has minutes at least', () => {
    expect(readTimeOfDay('0830')).toBe('08:30:00');
    expect(readTimeOfDay('083015.25-0600')).toBe('08:30:15.25');
    expect([readTimeOfDay('08'), readTimeOfDay('2460'), readTimeOfDay('noon')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('for order, a date is its beginning where it was sent', () => {
    expect(readInstant('20260309', zone)).toBe('2026-03-09T00:00:00-05:00');
    expect(readInstant('2026', zone)).toBe('2026-01-01T00:00:00-06:00');
    expect(readInstant('0000', zone)).toBeUndefined();
  });
});
