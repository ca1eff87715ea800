/** Which of the words that could stand in a place was probably meant. */

/** Number of letters to insert, drop, replace or swap with their neighbour to make one word of the other. */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        least = Math.min(least, (before[column - 2] ?? 0) + 1);
      current.push(least);
    }
    before = last;
    last = current;
  }
  return last[right.length] ?? 0;
}

/** The candidate nearest to `word`, when it is near enough to be meant: a third of its letters may differ, case apart. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const written = word.toLowerCase();
  let found: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= least) continue;
    const away = distance(written, candidate.toLowerCase());
    if (away < least) {
      least = away;
      found = candidate;
    }
  }
  return found;
}

/** `Did you mean “source”?`, or nothing. */
export const didYouMean = (word: string, candidates: Iterable<string>): string | undefined => {
  const meant = nearest(word, candidates);
  return meant === undefined ? undefined : `Did you mean “${meant}”?`;
};
