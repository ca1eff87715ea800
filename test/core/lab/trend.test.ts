/** What a CHW is told of a measure: the course in words, and the three values it is made of. */
import { describe, expect, test } from '@jest/globals';
import type { ResultSummary } from '../../../src/core/lab/model.ts';
import { type StandingResult, trendOf } from '../../../src/core/lab/trend.ts';
import { labRules } from '../../support/labs.ts';

const [a1c] = labRules.trends;
if (a1c === undefined) throw new Error('The first measure of the defaults is the A1c.');

const result = (day: string, number: number, more: Partial<ResultSummary> = {}, status = 'final'): StandingResult => ({
  artifact: `${day}.${String(number)}.${status}`,
  status,
  issued: new Date('2026-11-01T00:00:00Z'),
  summary: { codes: ['http://loinc.org|4548-4'], number, unit: '%', effective: day, ...more },
});
const told = (...results: readonly StandingResult[]) => trendOf(a1c, results, undefined, 'lab.result');
const says = (...results: readonly StandingResult[]) => told(...results).says;

const march = result('2026-03-09T08:30:00-06:00', 7.9);
const june = result('2026-06-10', 9.4);

test('the course, in order of the specimens, whatever the order they came in', () => {
  expect(told(june, march)).toEqual({
    analyte: 'a1c',
    says: { es: 'A1c 7.9 → 9.4 %', en: 'A1c 7.9 → 9.4 %' },
    values: [
      { value: '7.9', unit: '%', date: '2026-03-09T08:30:00-06:00', status: 'final' },
      { value: '9.4', unit: '%', date: '2026-06-10', status: 'final' },
    ],
  });
  expect(says(march).en).toBe('A1c 7.9 %');
  const three = told(result('2025-01-01', 6.1), result('2025-06-01', 6.6), march, june);
  expect(three.values.map(({ value }) => value)).toEqual(['6.6', '7.9', '9.4']);
});

test('the goal stands beside it, in its own unit only', () => {
  const wanted = { below: 7, unit: '%' };
  expect(trendOf(a1c, [march, june], wanted, 'lab.result')).toMatchObject({
    says: { es: 'A1c 7.9 → 9.4 % (meta: menos de 7)', en: 'A1c 7.9 → 9.4 % (goal: below 7)' },
    goal: wanted,
  });
  expect(trendOf(a1c, [march], { below: 53, unit: 'mmol/mol' }, 'lab.result')).not.toHaveProperty('goal');
});

describe('is never compared:', () => {
  test('a value in another unit', () => {
    const other = result('2026-06-10', 79, { unit: 'mmol/mol' });
    expect(says(march, other).en).toBe('A1c 79 mmol/mol (in another unit, not compared)');
    expect(told(march, other).values[1]).toMatchObject({ warning: 'other-unit' });
    // Beside the same specimen in %: the course is of what can be compared.
    expect(says(march, other, result('2026-06-11', 9.4)).es).toBe('A1c 7.9 → 9.4 %');
    expect(says(result('2026-06-10', 9.4, { unit: undefined as never })).es).toBe('A1c 9.4 (en otra unidad, no se compara)'); // prettier-ignore
  });

  test('a value that no person can have', () => {
    const unlikely = result('2026-06-10', 94);
    expect(says(march, unlikely).es).toBe('A1c 94 % (valor poco probable, hay que confirmarlo)');
    expect(told(march, unlikely).values[1]).toMatchObject({ value: '94', warning: 'implausible' });
  });

  test('a limit, which is shown as it is', () => {
    const limit = result('2026-06-10', 14, { comparator: '>' });
    expect(says(march, limit).en).toBe('A1c >14 %');
    expect(says(limit, result('2026-07-10', 9.4)).en).toBe('A1c 9.4 %');
  });
});

test('a corrected value says so', () => {
  const corrected = result('2026-06-10', 9.2, {}, 'corrected');
  expect(says(march, corrected)).toEqual({ es: 'A1c 7.9 → 9.2 % (corregido)', en: 'A1c 7.9 → 9.2 % (corrected)' });
});

test.each(['preliminary', 'registered', 'cancelled', 'entered-in-error', 'unknown'])('%s is not told', (status) => {
  expect(told(march, result('2026-06-10', 9.4, {}, status)).values).toHaveLength(1);
});

test('a result in words is not told', () => {
  const { number: _, ...words } = result('2026-06-10', 0).summary;
  expect(told({ ...june, summary: { ...words, text: 'See note' } }).values).toEqual([]);
});

test('what was withdrawn is told without its value, and with what stands', () => {
  const withdrawn = trendOf(a1c, [march], undefined, 'lab.withdrawn');
  expect(withdrawn.says.en).toBe('A1c: a result that you were told no longer holds; the laboratory withdrew it. A1c 7.9 %.'); // prettier-ignore
  expect(trendOf(a1c, [], undefined, 'lab.withdrawn').says.es).toBe('A1c: un resultado que se le informó ya no vale; el laboratorio lo retiró. A1c: sin resultados vigentes.'); // prettier-ignore
});
