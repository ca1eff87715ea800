/**
 * Finds phrases in what people type: whatever the accents, the case, the punctuation, the line breaks; with letters that
 * only look alike (Cyrillic, Greek, full width), with invisible characters between, spelt out letter by letter, or with
 * digits for letters. A phrase is words; a `*` at the end of a word stands for up to four more letters (gender, number).
 */
export type WordList = {
  readonly phrases: readonly string[];
  /** Phrases in which a match means something else: `green card de medicaid`. */
  readonly harmless: readonly string[];
};

/** Whether a text contains one of the phrases outside of what is harmless. */
export type Screen = (text: string) => boolean;

const longestEnding = 4;

/** Letters of other scripts that look like Latin ones. */
const lookAlikes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: 'a',
    в: 'b',
    е: 'e',
    ё: 'e',
    і: 'i',
    ї: 'i',
    ј: 'j',
    к: 'k',
    м: 'm',
    н: 'h',
    о: 'o',
    п: 'n',
    р: 'p',
    с: 'c',
    ѕ: 's',
    т: 't',
    у: 'y',
    х: 'x',
    ԁ: 'd',
    ɡ: 'g',
    ո: 'n', // prettier-ignore
    α: 'a',
    β: 'b',
    ε: 'e',
    η: 'n',
    ι: 'i',
    κ: 'k',
    ν: 'v',
    ο: 'o',
    ρ: 'p',
    τ: 't',
    υ: 'u',
    χ: 'x',
    ı: 'i',
    ł: 'l',
    ø: 'o',
    đ: 'd', // prettier-ignore
  }),
);

/** As they are used for letters inside of a word; a number stays a number. */
const digits: ReadonlyMap<string, string> = new Map(
  Object.entries({ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' }),
);

const swap = (text: string, by: ReadonlyMap<string, string>): string =>
  Array.from(text, (letter) => by.get(letter) ?? letter).join('');

/** U+115F, U+1160, U+3164 and U+FFA0 are letters that nobody sees. */
const invisible = /[\p{Cf}\p{M}\u115f\u1160\u3164\uffa0]/gu;

/** Hyphenated at the end of a line. */
const hyphened = /(\p{L})[-‐‑]\s*[\r\n]+\s*(?=\p{L})/gu;

// oxlint-disable-next-line no-control-regex -- all of ASCII is meant
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text);

/** The words of a text, as they are compared. */
export function wordsOf(text: string): readonly string[] {
  // Most texts are ASCII, and take a tenth of the time.
  const plain = isAscii(text);
  const bare = plain ? text : text.normalize('NFKD').replaceAll(invisible, '');
  const whole = (bare.includes('\n') || bare.includes('\r') ? bare.replaceAll(hyphened, '$1') : bare).toLowerCase();
  const words = whole.match(plain ? /[a-z0-9@$]+/g : /[\p{L}\p{N}@$]+/gu) ?? [];
  return words.map((word) => {
    const latin = plain || isAscii(word) ? word : swap(word, lookAlikes);
    return /[\d@$]/.test(latin) && /\p{L}/u.test(latin) ? swap(latin, digits) : latin;
  });
}

/** `estatusMigratorio`, `estatus_migratorio` as words. */
export const spaced = (name: string): string =>
  name === name.toLowerCase() ? name : name.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2');

type Pattern = { readonly words: readonly { readonly start: string; readonly open: boolean }[] };

const patternOf = (phrase: string): Pattern => ({
  words: phrase
    .trim()
    .split(/\s+/)
    .map((word) => ({ start: wordsOf(word.replace(/\*$/, '')).join(''), open: word.endsWith('*') })),
});

const isWord = ({ start, open }: Pattern['words'][number], word: string | undefined): boolean =>
  word !== undefined &&
  (word === start || (open && word.startsWith(start) && word.length <= start.length + longestEnding));

const startsAt = ({ words }: Pattern, text: readonly string[], at: number): boolean =>
  words.every((word, index) => isWord(word, text[at + index]));

/** By the first two letters of the first word: most words of a text begin no phrase. */
function indexed(phrases: readonly string[]): ReadonlyMap<string, readonly Pattern[]> {
  const index = new Map<string, Pattern[]>();
  for (const pattern of phrases.map(patternOf)) {
    const [first] = pattern.words;
    if (first === undefined || first.start === '') continue;
    const key = first.start.slice(0, 2);
    index.set(key, [...(index.get(key) ?? []), pattern]);
  }
  return index;
}

const longestKnown = 24;
const mostKnown = 2_000;
const shortestJoined = 7;
const fewestSpelt = 4;

/** Phrases without their spaces: `sinpapeles`, or spelt out, `s i n p a p e l e s`. */
const joinedOf = (phrases: readonly string[]): readonly string[] =>
  phrases
    .map(patternOf)
    .map(({ words }) => words.map(({ start }) => start).join(''))
    .filter((text) => text.length >= shortestJoined);

/** Runs of single letters, each put together. */
function speltOut(words: readonly string[]): readonly string[] {
  const runs: string[] = [];
  let run = '';
  for (const word of [...words, '']) {
    if (word.length === 1) run += word;
    else {
      if (run.length >= fewestSpelt) runs.push(run);
      run = '';
    }
  }
  return runs;
}

export function screenOf({ phrases, harmless }: WordList): Screen {
  const [wanted, fine] = [indexed(phrases), indexed(harmless)];
  const joined = joinedOf(phrases);
  const compounds = new Set(joinedOf(phrases.filter((phrase) => /\S\s+\S/.test(phrase.trim()))));
  const shortSpelt = new Set(phrases.map((phrase) => patternOf(phrase)).flatMap(({ words }) => (words.length === 1 ? words.map(({ start }) => start) : []))); // prettier-ignore
  const at = (index: ReadonlyMap<string, readonly Pattern[]>, words: readonly string[], place: number) =>
    (index.get((words[place] ?? '').slice(0, 2)) ?? []).filter((pattern) => startsAt(pattern, words, place));
  const finds = (text: string): boolean => {
    const words = wordsOf(text);
    if (words.some((word) => compounds.has(word))) return true;
    if (speltOut(words).some((run) => shortSpelt.has(run) || joined.some((phrase) => run.includes(phrase))))
      return true;
    const spansOf = (index: ReadonlyMap<string, readonly Pattern[]>) =>
      words.flatMap((word, place) =>
        index.has(word.slice(0, 2))
          ? at(index, words, place).map((pattern) => ({ from: place, to: place + pattern.words.length }))
          : [],
      );
    const hits = spansOf(wanted);
    if (hits.length === 0) return false;
    const spans = spansOf(fine);
    return hits.some((hit) => !spans.some((span) => span.from <= hit.from && hit.to <= span.to));
  };
  // Names of properties, types, codes: the same few again and again.
  const known = new Map<string, boolean>();
  return (text) => {
    if (text.length > longestKnown) return finds(text);
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= mostKnown) known.clear();
    const found = finds(text);
    known.set(text, found);
    return found;
  };
}
