/** What the map commands work on: maps of folders and files, and inputs. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MapSet, readMapSet } from '../mapping/map-set.ts';
import { CommandError } from './run.ts';

export const ownMappings = fileURLToPath(new URL('../../mappings', import.meta.url));

/** The built-in maps, then these folders; later ones win. */
export const mapsOfFolders = (folders: readonly string[]): Promise<MapSet> =>
  readMapSet([ownMappings, ...folders.map((folder) => path.resolve(folder)).filter((one) => one !== ownMappings)]);

export type Chosen = {
  /** With everything that the chosen may refer to: the built-in maps and all of their folders. */
  readonly set: MapSet;
  /** `where` of the files that were asked for. */
  readonly chosen: ReadonlySet<string>;
};

/** The files asked for by name or by folder; the built-in ones when nothing is asked for. */
export async function chosenMaps(given: readonly string[]): Promise<Chosen> {
  if (given.length === 0) {
    const set = await mapsOfFolders([]);
    return { set, chosen: new Set(set.files.map(({ where }) => where)) };
  }
  const found = await Promise.all(
    given.map(async (each) => {
      const full = path.resolve(each);
      const is = await stat(full).catch(() => undefined);
      if (is === undefined) throw new CommandError(`${each} does not exist.`, 'Name a folder with maps, or a map.');
      return { full, folder: is.isDirectory() ? full : path.dirname(full), isFolder: is.isDirectory() };
    }),
  );
  const set = await mapsOfFolders([...new Set(found.map(({ folder }) => folder))]);
  const isChosen = (where: string): boolean => {
    const full = path.resolve(where);
    return found.some((one) => (one.isFolder ? path.dirname(full) === one.full : full === one.full));
  };
  const chosen = new Set(set.files.map(({ where }) => where).filter(isChosen));
  for (const { full, isFolder } of found)
    if (!isFolder && ![...chosen].some((where) => path.resolve(where) === full))
      throw new CommandError(`${full} is no map.`, 'Maps are *.fml or *.structuremap.json, tables *.conceptmap.json.');
  return { set, chosen };
}

/** Text of a file that a command was given. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new CommandError(`${file} cannot be read (${code}).`);
  }
}

/** JSON of a file; the parser's own words are not told: they quote the text. */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readTextFile(file);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CommandError(`${file} is not JSON.`);
  }
}
