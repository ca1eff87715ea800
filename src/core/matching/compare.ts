/** Two names compared: a finding for the given names and one for the surnames. Symmetric. Pure. */
import { givenNamesOf, sameByAnotherForm, type Surnames, surnamesOf } from './names.ts';
import { similar } from './sound.ts';

export type GivenFinding = 'same' | 'part' | 'common-part' | 'familiar' | 'similar' | 'initial' | 'sibling' | 'differs';

export type SurnamesFinding =
  | 'both'
  | 'swapped'
  | 'only-one'
  | 'second-missing'
  | 'first-missing'
  | 'similar'
  | 'married'
  | 'one-differs'
  | 'differs';

/** Given names that half a family may share; alone they tell little. */
const common = new Set(['maria', 'jose', 'juan', 'ana', 'luis', 'jesus']);

const shared = (a: readonly string[], b: readonly string[], alike: (x: string, y: string) => boolean): number => {
  const left = [...b];
  let count = 0;
  for (const word of a) {
    const at = left.findIndex((other) => alike(word, other));
    if (at === -1) continue;
    left.splice(at, 1);
    count += 1;
  }
  return count;
};

const equal = (x: string, y: string): boolean => x === y;

export function compareGiven(first: string | undefined, second: string | undefined): GivenFinding | undefined {
  const [a, b] = [givenNamesOf(first), givenNamesOf(second)];
  if (a.length === 0 || b.length === 0) return undefined;
  if (a.join(' ') === b.join(' ') || a.join('') === b.join('')) return 'same';
  const fewest = Math.min(a.length, b.length);
  const exact = shared(a, b, equal);
  if (exact === fewest) {
    if (a.length === b.length) return 'similar';
    const [shorter] = a.length < b.length ? [a] : [b];
    return shorter.every((name) => common.has(name)) ? 'common-part' : 'part';
  }
  if (shared(a, b, (x, y) => equal(x, y) || sameByAnotherForm(x, y)) === fewest) return 'familiar';
  if (shared(a, b, (x, y) => equal(x, y) || sameByAnotherForm(x, y) || similar(x, y)) === fewest) return 'similar';
  const initial = (x: string, y: string): boolean => equal(x, y) || isInitialOf(x, y) || isInitialOf(y, x);
  if (shared(a, b, initial) === fewest) return 'initial';
  // "María José" and "María Luisa": so are sisters called.
  return exact > 0 ? 'sibling' : 'differs';
}

const isInitialOf = (letter: string, name: string): boolean => letter.length === 1 && name.startsWith(letter);

type Named = { readonly family?: string | undefined; readonly secondFamily?: string | undefined };

export function compareSurnames(first: Named, second: Named): SurnamesFinding | undefined {
  const a = surnamesOf(first.family, first.secondFamily);
  const b = surnamesOf(second.family, second.secondFamily);
  if (a.words.length === 0 || b.words.length === 0) return undefined;
  if (a.words.join('') === b.words.join('')) return a.words.length === 1 && b.words.length === 1 ? 'only-one' : 'both';
  const exact = shared(a.words, b.words, equal);
  const fewest = Math.min(a.words.length, b.words.length);
  if (exact === a.words.length && exact === b.words.length) return 'swapped';
  if (exact === fewest) return missing(a.words, b.words);
  const alike = shared(a.words, b.words, similar);
  if (alike === fewest) return a.words.length === b.words.length ? 'similar' : 'one-differs';
  if (exact > 0) return isMarried(a, b) ? 'married' : 'one-differs';
  return 'differs';
}

/** The shorter is contained in the longer. */
function missing(a: readonly string[], b: readonly string[]): SurnamesFinding {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter[0] === longer[0] ? 'second-missing' : 'first-missing';
}

/** "López Ruiz" and "López de García" agree in what she was born with. */
const isMarried = (a: Surnames, b: Surnames): boolean =>
  [a, b].some(({ married }) => married !== undefined) &&
  a.words.some((word) => word !== a.married && word !== b.married && b.words.includes(word));
