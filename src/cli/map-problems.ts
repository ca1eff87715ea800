/** What is wrong with maps, as their author reads it: place, source line with a caret, what to do. */
import type { MapFile } from '../core/ports.ts';
import { type MapStopped, placeOf, type Problem } from '../fml/index.ts';
import { plural } from './format.ts';
import { excerpt, placeOfWhere } from './excerpt.ts';

type Files = readonly MapFile[];

const textOf = (files: Files, file: string): string => files.find(({ where }) => where === file)?.text ?? '';

export const problemText = (problem: Problem, files: Files): string =>
  [
    `${placeOf(problem)}: ${problem.severity}: ${problem.what}`,
    ...excerpt(textOf(files, problem.file), problem.at),
    ...(problem.suggestion === undefined ? [] : [`  ${problem.suggestion}`]),
  ].join('\n');

export const problemsText = (problems: readonly Problem[], files: Files): string =>
  problems.map((problem) => problemText(problem, files)).join('\n\n');

export const countText = (problems: readonly Problem[]): string => {
  const of = (severity: Problem['severity']): number => problems.filter((one) => one.severity === severity).length;
  return `${plural(of('error'), 'error')}, ${plural(of('warning'), 'warning')}`;
};

/** With the value that was in the way: the input is the author's own. */
export function stopText(stopped: MapStopped, files: Files): string {
  const place = placeOfWhere(stopped.where);
  const value = stopped.value === undefined ? undefined : JSON.stringify(stopped.value);
  return [
    `${stopped.where}: ${stopped.message}`,
    ...(place === undefined ? [] : excerpt(textOf(files, place.file), { ...place, length: 1 })),
    ...(stopped.path === undefined ? [] : [`  reading ${stopped.path}`]),
    ...(value === undefined ? [] : [`  which was ${value.length > 300 ? `${value.slice(0, 300)}…` : value}`]),
  ].join('\n');
}
