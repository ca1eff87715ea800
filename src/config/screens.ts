/** The word lists of the gates: ours, or those of the site, with what the site adds and excepts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { GateRules } from '../core/gates/index.ts';
import type { WordList } from '../core/gates/words.ts';
import type { SensitiveClass } from '../core/lab/sensitive.ts';
import type { Trouble } from './secrets.ts';

export type ListConfig = {
  readonly file?: string;
  readonly add: readonly string[];
  readonly except: readonly string[];
};

const ours = {
  wording: new URL('./screens/immigration-status.json', import.meta.url),
  substanceUse: new URL('./screens/substance-use.json', import.meta.url),
} as const;
type Name = keyof typeof ours;

const form = /^[a-z0-9]+\*?( [a-z0-9]+\*?)*$/;

const phrasesOf = (value: unknown): readonly string[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  return value.every((one): one is string => typeof one === 'string' && form.test(one)) ? value : undefined;
};

/** `{ phrases: { <language>: […] }, harmless: […] }` */
function listOf(text: string): WordList | undefined {
  const { phrases, harmless } = JSON.parse(text) as { phrases?: unknown; harmless?: unknown };
  const byLanguage = typeof phrases === 'object' && phrases !== null ? Object.values(phrases).map(phrasesOf) : [];
  const fine = harmless === undefined ? [] : phrasesOf(harmless);
  if (byLanguage.length === 0 || fine === undefined) return undefined;
  const all = byLanguage.flatMap((one) => one ?? []);
  return byLanguage.includes(undefined) || all.length === 0 ? undefined : { phrases: all, harmless: fine };
}

/** What cannot be read is added to `trouble`; a screen without words would let everything pass. */
export async function readScreens(
  gates: Readonly<Record<Name, ListConfig>>,
  folder: string,
  trouble: Trouble[],
): Promise<Pick<GateRules, Name>> {
  const read = async (name: Name): Promise<WordList> => {
    const { file, add, except } = gates[name];
    const list = await readFile(file === undefined ? ours[name] : path.resolve(folder, file), 'utf8')
      .then(listOf)
      .catch(() => undefined);
    if (list === undefined) {
      trouble.push({
        path: ['gates', name, 'file'],
        says: 'This file is not a list of phrases, or cannot be read.',
        next: 'Write it as src/config/screens/immigration-status.json is written: lower case, without accents.',
      });
    }
    return { phrases: [...(list?.phrases ?? []), ...add], harmless: [...(list?.harmless ?? []), ...except] };
  };
  return { wording: await read('wording'), substanceUse: await read('substanceUse') };
}

/** What is sensitive of laboratory results, as we ship it. */
export async function readSensitiveLabs(): Promise<readonly SensitiveClass[]> {
  const text = await readFile(new URL('./screens/sensitive-labs.json', import.meta.url), 'utf8');
  const { classes } = JSON.parse(text) as { classes: Readonly<Record<string, ClassList>> };
  return Object.entries(classes).map(([about, { codes, names, harmless }]) => ({
    about,
    codes,
    phrases: names,
    harmless,
  }));
}

type ClassList = {
  readonly codes: readonly string[];
  readonly names: readonly string[];
  readonly harmless: readonly string[];
};
