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

/** In a text that was read with gaps, what a name is missing may stand in a gap. */
const standsAlone = ({ code, severity }: Problem): boolean =>
  severity === 'error' && code !== 'unknown-group' && code !== 'unknown-variable';

/** In the order of the files and of their lines. Warnings are likely slips; errors keep a set from being used. */
export function problemsOf(read: MapsRead, library: Library): readonly Problem[] {
  const known = new Set(read.maps.map(({ url }) => url));
  const routed = [...[...read.routes].map(([kind, { map }]) => [kind, map] as const), ...read.derived, ...read.labs];
  const routes = routed.flatMap(([kind, map]) =>
    known.has(map) ? [] : [problemOf('routes.json', `the map ${map} of ${kind} is not known`)],
  );
  const broken = new Set(read.problems.filter(({ severity }) => severity === 'error').map(({ file }) => file));
  const checked = read.maps
    .flatMap((map) => checkMap(library, map, { functions }))
    .filter((problem) => !broken.has(problem.file) || standsAlone(problem));
  const inOrder = [...read.problems, ...checked].toSorted(
    (a, b) => a.file.localeCompare(b.file) || a.at.offset - b.at.offset,
  );
  return [...inOrder, ...routes];
}

export const issueOf = (problem: Problem): Issue => ({
  where: placeOf(problem),
  what: problem.suggestion === undefined ? problem.what : `${problem.what}. ${problem.suggestion}`,
  code: problem.code,
  severity: problem.severity,
});
