/** Which version of a result counts: by the set of versions, never by the order in which they came. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { LabVersion } from '../../src/core/lab/model.ts';
import { compareVersions, countingOf, effectOf, overruled } from '../../src/core/lab/versions.ts';

const statuses = ['registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered-in-error'];

const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 10, 12, minute));

export const aVersion = (
  status: string,
  minute: number,
  text?: string,
  more: Partial<LabVersion> = {},
): LabVersion => ({
  artifact: 'a.r-1',
  report: 'a',
  resourceType: 'Observation',
  orderValue: 'F-1',
  service: 'http://loinc.org|4548-4',
  key: 'http://loinc.org|4548-4',
  status,
  final: !['registered', 'preliminary', 'unknown', 'partial'].includes(status),
  issued: at(minute),
  sent: at(minute),
  hash: `${status} ${text ?? '-'}`,
  position: 0,
  summary: {
    codes: [],
    ...(text === undefined ? {} : { text }),
    ...(status === 'final' && text === undefined ? { awaited: true } : {}),
  },
  chw: true,
  ...more,
});

const version = fc
  .record({
    status: fc.constantFrom(...statuses),
    minute: fc.integer({ min: 0, max: 5 }),
    text: fc.option(fc.constantFrom('8.9 %', '8.7 %', '6.7 %'), { nil: undefined }),
  })
  .map(({ status, minute, text }) =>
    aVersion(status, minute, status === 'cancelled' || status === 'entered-in-error' ? undefined : text),
  );

/** What a chart holds after these versions came in this order: what each effect writes. */
function chartAfter(versions: readonly LabVersion[]): unknown {
  let chart: { status: string; text: string | undefined } | undefined;
  const known: LabVersion[] = [];
  for (const next of versions) {
    const effect = effectOf(next, known);
    const top = countingOf([...known, next])?.top ?? next;
    if (effect === 'put') chart = { status: next.status, text: next.summary.text };
    if (effect === 'fill') chart = { status: top.status, text: next.summary.text };
    if (effect === 'status') chart = { status: next.status, text: chart?.text };
    known.push(next);
  }
  return chart;
}

test('any order of a set of versions ends in the same chart', () => {
  fc.assert(
    fc.property(
      fc
        .array(version, { minLength: 1, maxLength: 6 })
        .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([one, other]) => {
        expect(chartAfter(one)).toEqual(chartAfter(other));
      },
    ),
  );
});

test('what is final is never preliminary again, whatever the time says', () => {
  fc.assert(
    fc.property(fc.array(version, { minLength: 1, maxLength: 6 }), (all) => {
      const { top } = countingOf(all) ?? {};
      expect(top?.final).toBe(all.some(({ final }) => final));
    }),
  );
});

test('the order is total: what is alike in all that is compared is alike', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      if (compareVersions(a, b) === 0) expect(a.hash).toBe(b.hash);
    }),
  );
});

test.each([
  ['a preliminary result', [], aVersion('preliminary', 1, '8.9 %'), 'put'],
  ['its final value', [aVersion('preliminary', 1, '8.9 %')], aVersion('final', 2, '8.7 %'), 'put'],
  ['a correction', [aVersion('final', 2, '8.7 %')], aVersion('corrected', 3, '6.7 %'), 'put'],
  ['the same again, sent later', [aVersion('final', 2, '8.7 %')], aVersion('final', 9, '8.7 %'), 'none'],
  ['a late preliminary', [aVersion('final', 2, '8.7 %')], aVersion('preliminary', 9, '8.9 %'), 'none'],
  [
    'a final value told before the correction',
    [aVersion('corrected', 3, '6.7 %')],
    aVersion('final', 2, '8.7 %'),
    'none',
  ],
  ['final now, without the value', [aVersion('preliminary', 1, '8.9 %')], aVersion('final', 2), 'status'],
  ['the value that comes after its status', [aVersion('final', 2)], aVersion('preliminary', 1, '8.9 %'), 'fill'],
  ['posted in error', [aVersion('corrected', 3, '6.7 %')], aVersion('entered-in-error', 4), 'put'],
] as const)('%s', (_, known, next, effect) => {
  expect(effectOf(next, known)).toBe(effect);
});

test('at one time a correction overrules what it corrects', () => {
  const [final, corrected] = [aVersion('final', 2, '8.7 %'), aVersion('corrected', 2, '6.7 %')];
  expect(effectOf(corrected, [final])).toBe('put');
  expect(effectOf(final, [corrected])).toBe('none');
});

test('each final value that does not count keeps its provenance, once', () => {
  const [first, second, third] = [
    aVersion('final', 1, '8.7 %'),
    aVersion('corrected', 2, '6.7 %'),
    aVersion('corrected', 3, '6.8 %'),
  ];
  expect(overruled(second, [first])).toEqual([first]);
  expect(overruled(third, [first, second])).toEqual([second]);
  expect(overruled(first, [second])).toEqual([first]);
  expect(overruled(second, [aVersion('preliminary', 1, '9 %')])).toEqual([]);
});
