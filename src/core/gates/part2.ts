/**
 * Words about substance use in free text are read by a person before they are filed: they may be protected by 42 CFR
 * Part 2, and no word list can tell. What its author has labelled `sud` needs no second look.
 */
import type { Activity } from '../activity.ts';
import type { CauseCode } from '../causes.ts';
import { textsIn } from './texts.ts';
import { passed, passedWith, stopped, type Verdict } from './verdict.ts';
import type { Screen } from './words.ts';

export function part2Gate(activity: Activity, screen: Screen, released: readonly CauseCode[]): Verdict {
  if (activity.sensitivity?.includes('sud') === true) return passed('part2');
  const free = { narrative: activity.narrative, details: activity.details, components: activity.components };
  const places = textsIn(free)
    .filter(({ text, isName }) => !isName && screen(text))
    .map(({ pointer }) => pointer);
  if (places.length === 0) return passed('part2');
  const what = 'Words about substance use.';
  if (released.includes('gate/part2-review')) {
    return passedWith(
      'part2',
      places.map((where) => ({ where, what: `${what} Released by a person.` })),
    );
  }
  return stopped('part2', {
    cause: 'gate/part2-review',
    detail: 'A person reads the text at the places named before it is filed.',
    issues: places.map((where) => ({ where, what, code: 'gate/part2-review' })),
  });
}
