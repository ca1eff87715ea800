/** What stands in the files of a set: maps, ConceptMaps, models and routes, and all that is wrong with them. Pure. */
import { isObject } from '../definitions/item.ts';
import type { Definition } from '../definitions/extract.ts';
import { fromStructureMap, type Problem, readMap } from '../fml/index.ts';
import type { ConceptMap, MapText } from '../fml/model.ts';
import type { MapSet } from './map-set.ts';

export type Route = { readonly map: string; readonly contact: boolean };

export type MapsRead = {
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
  readonly models: readonly Definition[];
  readonly routes: ReadonlyMap<string, Route>;
  /** By kind of fact: the canonical of the map that derives what stands from all facts on one topic. */
  readonly derived: ReadonlyMap<string, string>;
  /** By format of laboratory results: the canonical of the map of one order. */
  readonly labs: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
};

/** A problem of a file as a whole, or of a place that `what` names. */
export const problemOf = (file: string, what: string, suggestion?: string): Problem => ({
  code: 'syntax',
  severity: 'error',
  file,
  at: { line: 0, column: 0, offset: 0, length: 0 },
  what,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** Routes of all folders apply, so that a site adds its own without repeating ours. */
const routesOf = (json: unknown, file: string, problems: Problem[]): [string, Route][] => {
  const routes = isObject(json) ? json['routes'] : undefined;
  if (!isObject(routes)) {
    problems.push(problemOf(file, 'an object “routes” is expected'));
    return [];
  }
  return Object.entries(routes).flatMap(([kind, route]): [string, Route][] => {
    if (isObject(route) && typeof route['map'] === 'string')
      return [[kind, { map: route['map'], contact: route['contact'] === true }]];
    problems.push(problemOf(file, `the route of ${kind} is an object with “map”, the canonical of a map`));
    return [];
  });
};

/** `derived` and `labs`: a name → `{ "map": … }`. */
const namedMaps = (json: unknown, part: 'derived' | 'labs', file: string, problems: Problem[]): [string, string][] => {
  const named = isObject(json) ? (json[part] ?? {}) : {};
  const key = part === 'derived' ? 'kind of fact' : 'format';
  if (!isObject(named)) {
    problems.push(problemOf(file, `“${part}” is an object: ${key} → {“map”}`));
    return [];
  }
  return Object.entries(named).flatMap(([name, route]): [string, string][] => {
    if (isObject(route) && typeof route['map'] === 'string') return [[name, route['map']]];
    const what = part === 'derived' ? 'what is derived of' : 'the route of laboratory results of';
    problems.push(problemOf(file, `${what} ${name} is an object with “map”, the canonical of a map`));
    return [];
  });
};

const parsed = (text: string): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

const typeOf = (json: unknown): unknown => (isObject(json) ? json['resourceType'] : undefined);

export function readSet(set: MapSet): MapsRead {
  const maps: MapText[] = [];
  const conceptMaps: ConceptMap[] = [];
  const models: Definition[] = [];
  const routes = new Map<string, Route>();
  const derived = new Map<string, string>();
  const labs = new Map<string, string>();
  const problems: Problem[] = set.issues.map(({ where, what }) => problemOf(where, what));
  for (const { name, where, text } of set.files) {
    if (name.endsWith('.fml')) {
      const read = readMap(text, where);
      maps.push(read.map);
      problems.push(...read.problems);
      continue;
    }
    const read = parsed(text);
    if (read === undefined) problems.push(problemOf(where, 'this is not JSON'));
    else if (name === 'routes.json') {
      for (const [kind, route] of routesOf(read.json, where, problems)) routes.set(kind, route);
      for (const [kind, map] of namedMaps(read.json, 'derived', where, problems)) derived.set(kind, map);
      for (const [format, map] of namedMaps(read.json, 'labs', where, problems)) labs.set(format, map);
    } else if (typeOf(read.json) === 'ConceptMap') conceptMaps.push(read.json as ConceptMap);
    else if (typeOf(read.json) === 'StructureDefinition') models.push(read.json as Definition);
    else if (typeOf(read.json) === 'StructureMap') {
      const made = fromStructureMap(read.json, where);
      maps.push(made.map);
      problems.push(...made.problems);
    } else problems.push(problemOf(where, 'a ConceptMap, a StructureMap or a StructureDefinition is expected'));
  }
  return { maps, conceptMaps, models, routes, derived, labs, problems };
}
