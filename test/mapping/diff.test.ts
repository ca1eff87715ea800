import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../src/core/outcome.ts';
import type { Mapped } from '../../src/core/ports.ts';
import { changesBetween } from '../../src/mapping/diff.ts';

const keys = { recordKey: 'r1', subjectKey: 's1' };
const made = (resource: object, artifact = 'r1.obs', action: 'put' | 'merge' = 'put'): Mapped => ({
  artifact,
  fullUrl: `urn:uuid:${artifact}`,
  do: action,
  resource: { resourceType: 'Observation', ...resource },
});
const changes = (before: readonly Mapped[], after: readonly Mapped[]) =>
  changesBetween(ok(before), ok(after), keys).map(({ what, at }) => `${what} ${at}`);

describe('what two sets of maps make differently', () => {
  test('is nothing for equal resources, whatever the order of their elements', () => {
    expect(changes([made({ a: 1, b: { c: 2, d: 3 } })], [made({ b: { d: 3, c: 2 }, a: 1 })])).toEqual([]);
  });

  test('is told by element path, without indexes', () => {
    expect(
      changes(
        [made({ status: 'final', code: { coding: [{ code: 'a' }, { code: 'b', display: 'B' }] }, gone: true })],
        [made({ status: 'amended', code: { coding: [{ code: 'a' }, { code: 'b', display: 'Bee' }] }, fresh: [1] })],
      ),
    ).toEqual([
      'changed Observation.status',
      'changed Observation.code.coding.display',
      'removed Observation.gone',
      'added Observation.fresh',
    ]);
  });

  test('of a list is only what was put in or taken out, not what moved along', () => {
    expect(changes([made({ note: ['a', 'b'] })], [made({ note: ['x', 'a', 'b'] })])).toEqual([
      'added Observation.note',
    ]);
    expect(changes([made({ note: ['a', 'b', 'c'] })], [made({ note: ['a', 'c'] })])).toEqual([
      'removed Observation.note',
    ]);
    expect(changes([made({ note: ['a', 'b'] })], [made({ note: ['b', 'a'] })])).toEqual([
      'changed Observation.note (order)',
    ]);
  });

  test('names resources by their slot, so that those of all records are one kind', () => {
    expect(changes([made({}), made({}, 's1.goal.g-77')], [made({}), made({}, 'r1.v1.bp')])).toEqual([
      'resource appears Observation ‹record›.v1.bp',
      'resource disappears Observation ‹person›.goal',
    ]);
    expect(changes([made({})], [made({}, 'r1.obs', 'merge')])).toEqual([
      'changed Observation ‹record›.obs (put → merge)',
    ]);
  });

  test('tells failures that come, go, and change their place', () => {
    const at = (where: string) => fail('mapping/failed', 'x', { issues: [{ where, what: 'y' }] });
    const told = (...given: Parameters<typeof changesBetween>) =>
      changesBetween(...given).map((change) => `${change.what}: ${change.at}`);
    expect(told(ok([]), at('a.fml:1'), keys)).toEqual(['now fails: mapping/failed at a.fml:1']);
    expect(told(at('a.fml:1'), ok([]), keys)).toEqual(['no longer fails: mapping/failed at a.fml:1']);
    expect(told(at('a.fml:1'), at('a.fml:1'), keys)).toEqual([]);
    expect(told(at('a.fml:1'), fail('mapping/no-route', ''), keys)).toEqual([
      'fails otherwise: mapping/failed at a.fml:1 → mapping/no-route',
    ]);
  });

  test('keeps values apart from the description', () => {
    expect(changesBetween(ok([made({ a: 'Rosa' })]), ok([made({ a: 'Ana' })]), keys)).toEqual([
      { what: 'changed', at: 'Observation.a', artifact: 'r1.obs', before: 'Rosa', after: 'Ana' },
    ]);
  });
});
