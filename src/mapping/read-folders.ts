/** Reads `*.fml`, `*.conceptmap.json` and `routes.json` of some folders; a later folder replaces files of the same name. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Issue } from '../core/outcome.ts';
import { MapSyntaxError } from './lexemes.ts';
import type { ConceptMap, MapText } from './model.ts';
import { readMap } from './read.ts';
import { isObject } from './value.ts';

export type Route = { readonly map: string; readonly contact: boolean };

export type MapFiles = {
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
  readonly routes: ReadonlyMap<string, Route>;
  /** SHA-256 over names and contents, hex. */
  readonly version: string;
  readonly issues: readonly Issue[];
};

const isMapFile = (name: string): boolean =>
  name.endsWith('.fml') || name.endsWith('.conceptmap.json') || name === 'routes.json';

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
};

/** Routes of all folders apply, so that a site adds its own without repeating ours. */
const routesOf = (json: unknown, where: string, issues: Issue[]): [string, Route][] => {
  const routes = isObject(json) ? json['routes'] : undefined;
  if (!isObject(routes)) {
    issues.push({ where, what: 'an object “routes” is expected', severity: 'error' });
    return [];
  }
  return Object.entries(routes).flatMap(([kind, route]): [string, Route][] => {
    if (isObject(route) && typeof route['map'] === 'string')
      return [[kind, { map: route['map'], contact: route['contact'] === true }]];
    issues.push({ where: `${where}#/routes/${kind}`, what: 'an object with “map” is expected', severity: 'error' });
    return [];
  });
};

export async function readFolders(folders: readonly string[]): Promise<MapFiles> {
  const chosen = new Map<string, string>();
  const routeFiles: string[] = [];
  const issues: Issue[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => undefined);
    if (names === undefined)
      issues.push({ where: shown(folder), what: 'the folder cannot be read', severity: 'error' });
    for (const name of (names ?? []).filter(isMapFile).toSorted())
      if (name === 'routes.json') routeFiles.push(join(folder, name));
      else chosen.set(name, join(folder, name));
  }
  const maps: MapText[] = [];
  const conceptMaps: ConceptMap[] = [];
  const routes = new Map<string, Route>();
  const hash = createHash('sha256');
  for (const path of [
    ...[...chosen.values()].toSorted((a, b) => basename(a).localeCompare(basename(b))),
    ...routeFiles,
  ]) {
    const text = await readFile(path, 'utf8');
    hash.update(`${basename(path)}\0${text.length}\0${text}\0`);
    const where = shown(path);
    try {
      if (path.endsWith('.fml')) maps.push(readMap(text, where));
      else {
        const json: unknown = JSON.parse(text);
        if (basename(path) === 'routes.json')
          for (const [kind, route] of routesOf(json, where, issues)) routes.set(kind, route);
        else if (isObject(json) && json['resourceType'] === 'ConceptMap')
          conceptMaps.push(json as unknown as ConceptMap);
        else issues.push({ where, what: 'a ConceptMap is expected', severity: 'error' });
      }
    } catch (error) {
      const line = error instanceof MapSyntaxError ? `:${error.line}` : '';
      issues.push({
        where: `${where}${line}`,
        what: error instanceof Error ? error.message : 'unreadable',
        severity: 'error',
      });
    }
  }
  return { maps, conceptMaps, routes, version: hash.digest('hex'), issues };
}
