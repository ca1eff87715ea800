/** Which of the names that could stand in a place was probably meant. */
import { distance } from 'fastest-levenshtein';

/** A name this long is no slip of the pen. */
const longest = 60;

const letters = (name: string): string => Array.from(name).toSorted().join('');

/** Letters that changed places are one slip. */
const slips = (written: string, name: string): number => {
  const away = distance(written, name);
  return away > 1 && written.length === name.length && letters(written) === letters(name) ? 1 : away;
};

/** The name nearest to what was written: another case, or at most one letter in three away. */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  if (written.length > longest) return undefined;
  const lower = written.toLowerCase();
  let found: string | undefined;
  let least = Math.ceil(written.length / 3) + 1;
  for (const name of names) {
    if (name === written || Math.abs(name.length - written.length) >= least) continue;
    const away = slips(lower, name.toLowerCase());
    // Of short names another one is no slip: nothing is left of it.
    if (away < least && away < Math.max(lower.length, name.length)) {
      least = away;
      found = name;
    }
  }
  return found;
}

/** `Did you mean “source”?`, or nothing. */
export const didYouMean = (written: string, names: Iterable<string>): string | undefined => {
  const meant = nearest(written, names);
  return meant === undefined ? undefined : `Did you mean “${meant}”?`;
};
