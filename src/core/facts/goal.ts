/** What is said about a goal: that it was set, and how each review found it. */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { Fact } from '../fact.ts';
import { type Details, textIn } from './details.ts';

/**
 * `data`: `{said: 'set'}` or `{said: 'review', achievement}`. Nothing when it was only tried. Of an A1c to be below of, also
 * `{analyte, below, unit}`: the number, not the text.
 */
export function goalFacts({ activityType, details }: ActivityComponent, activity: Activity): readonly Fact[] {
  const goalId = details?.['goalId'];
  if (typeof goalId !== 'string' || !tookPlace(activity)) return [];
  const said =
    activityType === 'goal.set'
      ? { said: 'set', ...a1cIn(details ?? {}) }
      : { said: 'review', achievement: details?.['achievement'] };
  return [{ kind: 'goal', key: goalId, at: activity.occurredAt, data: said }];
}

/** `A1c < 7`, `A1c menos de 7.5 %`, `bajar mi A1c a 8`: one number that an A1c can be, and a word that says below. */
const a1c =
  /\b(?:hb)?a1c\b\D{0,20}(?:<|≤|<=|below|under|less than|menos de|menor (?:de|que|a)|debajo de|bajo|to|a)\s*(\d{1,2}(?:[.,]\d)?)(?![\d.,]*\d)/i;

function a1cIn(details: Details): { readonly analyte?: string; readonly below?: number; readonly unit?: string } {
  const found = [textIn(details, 'target'), textIn(details, 'text'), textIn(details, 'textEn')]
    .flatMap((text) => a1c.exec(text ?? '')?.[1] ?? [])
    .map((number) => Number(number.replace(',', '.')))
    .find((number) => number >= 5 && number <= 12);
  return found === undefined ? {} : { analyte: 'a1c', below: found, unit: '%' };
}
