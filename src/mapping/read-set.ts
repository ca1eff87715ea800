/** What stands in the files of a set: maps, ConceptMaps and routes, and all that is wrong with them. Pure. */
import type { Issue } from '../core/outcome.ts';
import { MapSyntaxError } from './lexemes.ts';
import type { MapSet } from './map-set.ts';
import type { ConceptMap, MapText } from './model.ts';
import { readMap } from './read.ts';
import { isObject } from './value.ts';

export type Route = { readonly map: string; readonly contact: boolean };

export type MapsRead = {
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
  readonly routes: ReadonlyMap<string, Route>;
  readonly issues: readonly Issue[];
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

export function readSet(set: MapSet): MapsRead {
  const maps: MapText[] = [];
  const conceptMaps: ConceptMap[] = [];
  const routes = new Map<string, Route>();
  const issues: Issue[] = [...set.issues];
  for (const { name, where, text } of set.files)
    try {
      if (name.endsWith('.fml')) maps.push(readMap(text, where));
      else {
        const json: unknown = JSON.parse(text);
        if (name === 'routes.json') for (const [kind, route] of routesOf(json, where, issues)) routes.set(kind, route);
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
  return { maps, conceptMaps, routes, issues };
}
