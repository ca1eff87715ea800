/**
 * Wording about immigration status is never charted (users.md §5): the message waits until its author has reworded it.
 * What was found is told by its place alone, and a property whose name says it by the place of what holds it.
 */
import type { Activity } from '../activity.ts';
import { escaped, textsIn } from './texts.ts';
import { passed, stopped, type Verdict } from './verdict.ts';
import { type Screen, spaced } from './words.ts';

/** Who the patient is called is no statement about them. */
const names = /^\/subject\/name\//;

export function wordingGate(activity: Activity, screen: Screen): Verdict {
  const places = new Set<string>();
  /** What is named so: a place inside of it would say it too. */
  const named: string[] = [];
  for (const { pointer, text, isName } of textsIn(activity)) {
    if (names.test(pointer) || named.some((one) => pointer === one || pointer.startsWith(`${one}/`))) continue;
    if (!screen(isName ? spaced(text) : text)) continue;
    places.add(isName ? `${pointer}/(name)` : pointer);
    if (isName) named.push(`${pointer}/${escaped(text)}`);
  }
  if (places.size === 0) return passed('wording');
  return stopped('wording', {
    cause: 'gate/sensitive-text',
    detail: 'The text at the places named must be reworded by its author.',
    issues: [...places].map((where) => ({
      where,
      what: 'Wording that must not be charted.',
      code: 'gate/sensitive-text',
    })),
  });
}
