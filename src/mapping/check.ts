/** Everything that can be known to be wrong with a set of maps before a message arrives. */
import { checkMap, type Library, placeOf, type Problem } from '../fml/index.ts';
import type { Issue } from '../core/outcome.ts';
import { functions } from './functions.ts';
import { typesWith } from './models.ts';
import { type MapsRead, problemOf } from './read-set.ts';

export const libraryOf = ({ models, maps, conceptMaps }: MapsRead): Library => ({
  types: typesWith(models),
  maps,
  conceptMaps,
});

/** In the order of the files and of their lines. Warnings are likely slips; errors keep a set from being used. */
export function problemsOf(read: MapsRead, library: Library): readonly Problem[] {
  const known = new Set(read.maps.map(({ url }) => url));
  const routes = [...read.routes].flatMap(([kind, { map }]) =>
    known.has(map) ? [] : [problemOf('routes.json', `the map ${map} of ${kind} is not known`)],
  );
  // What could not be read would be found wrong a second time for what is missing in it.
  const unread = new Set(read.problems.filter(({ severity }) => severity === 'error').map(({ file }) => file));
  const checked = read.maps
    .filter(({ file }) => !unread.has(file))
    .flatMap((map) => checkMap(library, map, { functions }));
  return [...read.problems, ...checked, ...routes];
}

export const issueOf = (problem: Problem): Issue => ({
  where: placeOf(problem),
  what: problem.suggestion === undefined ? problem.what : `${problem.what}. ${problem.suggestion}`,
  code: problem.code,
  severity: problem.severity,
});
