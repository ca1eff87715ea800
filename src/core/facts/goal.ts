/** What is said about a goal: that it was set, and how each review found it. */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { Fact } from '../fact.ts';

/** `data`: `{said: 'set'}` or `{said: 'review', achievement}`. Nothing when it was only tried. */
export function goalFacts({ activityType, details }: ActivityComponent, activity: Activity): readonly Fact[] {
  const goalId = details?.['goalId'];
  if (typeof goalId !== 'string' || !tookPlace(activity)) return [];
  const said =
    activityType === 'goal.set' ? { said: 'set' } : { said: 'review', achievement: details?.['achievement'] };
  return [{ kind: 'goal', key: goalId, at: activity.occurredAt, data: said }];
}
