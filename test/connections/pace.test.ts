import { describe, expect, test } from '@jest/globals';
import { observe, quotaOf, retryAfter, take, unhurried } from '../../src/connections/pace.ts';

const now = new Date('2026-03-01T10:00:00Z');
const later = (ms: number): Date => new Date(now.getTime() + ms);

describe('what a server says about its limit', () => {
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': 'Sun, 01 Mar 2026 10:00:09 GMT' }, 9000],
    [{ ratelimit: '"fhirInteractions";r=0;t=42' }, 42_000],
    [{ ratelimit: 'limit=100, remaining=0, reset=5' }, 5000],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1772359210' }, 10_000],
    [{ 'retry-after': 'soon', ratelimit: '"q";r=0;t=2' }, 2000],
    [{}, undefined],
  ])('%j asks for %s ms', (headers, expected) => {
    expect(retryAfter(headers as Record<string, string>, now)).toBe(expected);
  });

  test('the size of the quota is read from its policy', () => {
    const headers = {
      ratelimit: '"fhirInteractions";r=100;t=30',
      'ratelimit-policy': '"fhirInteractions";q=50000;w=60',
    };
    expect(quotaOf(headers, now)).toEqual({ remaining: 100, resetsInMs: 30_000, limit: 50_000 });
  });
});

describe('the pace', () => {
  test('a 429 holds every request until the time it names', () => {
    const pace = observe(unhurried, 429, { 'retry-after': '4' }, now);
    expect(take(pace, later(1000)).waitMs).toBe(3000);
    expect(take(pace, later(4000)).waitMs).toBe(0);
  });

  test('with plenty left nothing waits', () => {
    const pace = observe(unhurried, 200, { ratelimit: '"q";r=900;t=60', 'ratelimit-policy': '"q";q=1000' }, now);
    expect(take(pace, now).waitMs).toBe(0);
  });

  test('what is left of a low quota is spread over the time until it is renewed, at the cost seen', () => {
    const policy = { 'ratelimit-policy': '"q";q=10000' };
    let pace = observe(unhurried, 201, { ratelimit: '"q";r=1200;t=60', ...policy }, now);
    pace = observe(pace, 201, { ratelimit: '"q";r=1001;t=60', ...policy }, now);
    expect(pace.cost).toBe(100);
    const first = take(pace, now);
    const second = take(first.pace, now);
    expect(first.waitMs).toBe(0);
    expect(second.waitMs).toBeCloseTo(6000, -2);
  });

  test('with less left than one request costs, it waits for the renewal', () => {
    const pace = {
      ...observe(unhurried, 201, { ratelimit: '"q";r=50;t=20', 'ratelimit-policy': '"q";q=50000' }, now),
      cost: 100,
    };
    expect(take(pace, now).waitMs).toBe(20_000);
    expect(take(pace, later(20_000)).waitMs).toBe(0);
  });
});
