/** The files of a set of maps, whole: as they lie in folders, or as the ledger keeps them. They decide its version. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Issue } from '../core/outcome.ts';
import type { MapFile } from '../core/ports.ts';

export type MapSet = {
  /** In the order in which they are read: maps and ConceptMaps by name, then the routes of each folder. */
  readonly files: readonly MapFile[];
  /** SHA-256 over names and contents, hex. */
  readonly version: string;
  /** Folders that could not be read. */
  readonly issues: readonly Issue[];
};

const isMapFile = (name: string): boolean =>
  name.endsWith('.fml') ||
  name.endsWith('.structuremap.json') ||
  name.endsWith('.conceptmap.json') ||
  /^(?:StructureMap|ConceptMap|StructureDefinition)-.*\.json$/u.test(name) ||
  name === 'routes.json';

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
};

/** A set from its files, as the ledger kept them. */
export function mapSetOf(files: readonly MapFile[], issues: readonly Issue[] = []): MapSet {
  const hash = createHash('sha256');
  for (const { name, text } of files) hash.update(`${name}\0${text.length}\0${text}\0`);
  return { files, version: hash.digest('hex'), issues };
}

/**
 * `*.fml`, `*.structuremap.json`, `*.conceptmap.json`, the same as publishers name them (`StructureMap-*.json`), logical
 * models (`StructureDefinition-*.json`) and `routes.json`; a later folder replaces files of the same name.
 */
export async function readMapSet(folders: readonly string[]): Promise<MapSet> {
  const chosen = new Map<string, string>();
  const routes: string[] = [];
  const issues: Issue[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => undefined);
    if (names === undefined)
      issues.push({ where: shown(folder), what: 'the folder cannot be read', severity: 'error' });
    for (const name of (names ?? []).filter(isMapFile).toSorted())
      if (name === 'routes.json') routes.push(join(folder, name));
      else chosen.set(name, join(folder, name));
  }
  const byName = [...chosen.values()].toSorted((a, b) => basename(a).localeCompare(basename(b)));
  const files = await Promise.all(
    [...byName, ...routes].map(async (path): Promise<MapFile> => ({
      name: basename(path),
      where: shown(path),
      text: await readFile(path, 'utf8'),
    })),
  );
  return mapSetOf(files, issues);
}
