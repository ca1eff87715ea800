/** Did you mean? */
import { distance } from 'fastest-levenshtein';

/** The name that was probably meant: the same but for case, or a few letters (one in three) away. */
export function nearestName(written: string, names: Iterable<string>): string | undefined {
  const lower = written.toLowerCase();
  let best: string | undefined;
  let least = Math.ceil(written.length / 3) + 1;
  for (const name of names) {
    const away = distance(lower, name.toLowerCase());
    if (away < least && name !== written) {
      best = name;
      least = away;
    }
  }
  return best;
}
