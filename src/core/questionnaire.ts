/**
 * Whether a score can be what its items add up to. Counts, ranges and ways of scoring are facts about the instruments;
 * none of their text is here. Pure.
 */
import type { Issue } from './outcome.ts';

type Scale = {
  readonly items: number;
  readonly least: number;
  readonly most: number;
  readonly scoring: 'total' | 'mean' | 'total × 1.25';
};

/** Instruments whose one score is worked out of their items; `mappings/questionnaire.fml` does the same. */
const scales: Readonly<Record<string, Scale>> = {
  'phq-2': { items: 2, least: 0, most: 3, scoring: 'total' },
  'phq-9': { items: 9, least: 0, most: 3, scoring: 'total' },
  'dds-2': { items: 2, least: 1, most: 6, scoring: 'mean' },
  'dds-17': { items: 17, least: 1, most: 6, scoring: 'mean' },
  'paid-5': { items: 5, least: 0, most: 4, scoring: 'total' },
  'paid-20': { items: 20, least: 0, most: 4, scoring: 'total × 1.25' },
};

type Answer = { readonly id?: unknown; readonly value?: unknown };

const scoreOf = (values: readonly number[], { items, scoring }: Scale): number => {
  const total = values.reduce((sum, value) => sum + value, 0);
  if (scoring === 'mean') return total / items;
  return scoring === 'total' ? total : total * 1.25;
};

/** A mean is often sent with one decimal. */
const near = (given: number, right: number, { scoring }: Scale): boolean =>
  Math.abs(given - right) <= (scoring === 'mean' ? 0.051 : 0.001);

const isAnswer = (item: unknown): item is Answer => typeof item === 'object' && item !== null;

/** What is wrong with the details of a `questionnaire`; `where` starts at the details. Never says a value. */
export function questionnaireIssues(details: Readonly<Record<string, unknown>>): readonly Issue[] {
  const { instrument, items, score } = details;
  const scale = typeof instrument === 'string' && Object.hasOwn(scales, instrument) ? scales[instrument] : undefined;
  const answers = Array.isArray(items) ? items.filter(isAnswer) : [];
  const issues: Issue[] = [];
  const seen = new Set<unknown>();
  const values: number[] = [];
  for (const [index, { id, value }] of answers.entries()) {
    if (seen.has(id))
      issues.push({
        where: `/items/${index}/id`,
        what: 'Another answer is to the same item.',
        code: 'questionnaire/duplicate-item',
      });
    seen.add(id);
    // Beyond the scale: a question that is not scored (PHQ-9's tenth).
    if (scale === undefined || typeof value !== 'number' || !(Number(id) <= scale.items)) continue;
    values.push(value);
    if (value < scale.least || value > scale.most)
      issues.push({
        where: `/items/${index}/value`,
        what: `Must be from ${scale.least} to ${scale.most}.`,
        code: 'questionnaire/out-of-range',
      });
  }
  if (scale === undefined || typeof score !== 'number' || issues.length > 0) return issues;
  const least = scoreOf(
    Array.from({ length: scale.items }, () => scale.least),
    scale,
  );
  const most = scoreOf(
    Array.from({ length: scale.items }, () => scale.most),
    scale,
  );
  if (score < least || score > most)
    return [{ where: '/score', what: `Must be from ${least} to ${most}.`, code: 'questionnaire/out-of-range' }];
  if (values.length === scale.items && !near(score, scoreOf(values, scale), scale))
    return [
      {
        where: '/score',
        what: `Is not the ${scale.scoring} of the items. Correct the score or the items, or leave the score out.`,
        code: 'questionnaire/score-differs',
      },
    ];
  return [];
}
