/** Scores that are what their items add up to, and scores that are not. */
import { describe, expect, test } from '@jest/globals';
import { array, assert, integer, property } from 'fast-check';
import { questionnaireIssues } from '../../src/core/questionnaire.ts';

const answers = (...values: readonly (number | undefined)[]) =>
  values.map((value, at) => ({ id: String(at + 1), ...(value === undefined ? { refused: true } : { value }) }));
const found = (details: Record<string, unknown>): readonly string[] =>
  questionnaireIssues(details).map(({ where, code }) => `${where} ${code ?? ''}`);

describe('a score', () => {
  test.each<[string, Record<string, unknown>, readonly string[]]>([
    ['PHQ-2 that adds up', { instrument: 'phq-2', items: answers(1, 2), score: 3 }, []],
    [
      'PHQ-2 that does not',
      { instrument: 'phq-2', items: answers(1, 2), score: 2 },
      ['/score questionnaire/score-differs'],
    ],
    [
      'PHQ-9 with its tenth question, which is not scored',
      { instrument: 'phq-9', items: answers(1, 1, 1, 1, 1, 1, 1, 1, 0, 3), score: 8 },
      [],
    ],
    ['DDS-2, a mean', { instrument: 'dds-2', items: answers(2, 3), score: 2.5 }, []],
    [
      'DDS-17, rounded',
      { instrument: 'dds-17', items: answers(...Array.from({ length: 17 }, (_, at) => (at < 9 ? 3 : 2))), score: 2.5 },
      [],
    ],
    ['DDS-17 as a total', { instrument: 'dds-17', score: 43 }, ['/score questionnaire/out-of-range']],
    [
      'PAID-20, times 1.25',
      { instrument: 'paid-20', items: answers(...Array.from({ length: 20 }, () => 2)), score: 50 },
      [],
    ],
    [
      'PAID-20 without',
      { instrument: 'paid-20', items: answers(...Array.from({ length: 20 }, () => 2)), score: 40 },
      ['/score questionnaire/score-differs'],
    ],
    ['with a refused item is not checked', { instrument: 'phq-2', items: answers(1, undefined), score: 3 }, []],
    ['of an instrument we do not score', { instrument: 'eq-5d', items: answers(1, 1), score: 0.8 }, []],
    ['beyond the scale', { instrument: 'phq-9', score: 28 }, ['/score questionnaire/out-of-range']],
    [
      'of answers beyond the scale',
      { instrument: 'dds-2', items: answers(0, 7) },
      ['/items/0/value questionnaire/out-of-range', '/items/1/value questionnaire/out-of-range'],
    ],
    [
      'of an item answered twice',
      { instrument: 'phq-2', items: [...answers(1), ...answers(2)] },
      ['/items/1/id questionnaire/duplicate-item'],
    ],
    ['without items', { instrument: 'phq-9', score: 12 }, []],
    ['of details that are no questionnaire', { instrument: 7, items: 'x' }, []],
  ])('%s', (_, details, issues) => {
    expect(found(details)).toEqual(issues);
  });

  test('that is the total of nine answers passes, and any other does not', () => {
    const nine = array(integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 });
    assert(
      property(nine, integer({ min: 0, max: 27 }), (values, score) => {
        const total = values.reduce((sum, value) => sum + value, 0);
        const issues = found({ instrument: 'phq-9', items: answers(...values), score });
        expect(issues.length === 0).toBe(score === total);
      }),
    );
  });

  test('says no value in what it finds', () => {
    const [issue] = questionnaireIssues({ instrument: 'phq-2', items: answers(1, 2), score: 6 });
    expect(issue?.what).not.toMatch(/\d(?!\.25)/u);
  });
});
