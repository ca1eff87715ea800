/** What is wrong with a map, and where: made by the reader, the linker and the checker, shown by every tool. */
import type { Place } from './model.ts';

/** The closed list of what can be known to be wrong with a map before it runs. */
export const problemCodes = [
  'syntax',
  'expression',
  'duplicate-name',
  'unknown-type',
  'unknown-element',
  'unknown-variable',
  'unknown-group',
  'ambiguous-group',
  'unknown-import',
  'unknown-transform',
  'unknown-concept-map',
  'unknown-function',
  'wrong-parameters',
  'wrong-type',
  'wrong-mode',
  'cardinality',
  'unreachable',
  'unused',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export type Problem = {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly at: Place;
  /** The group and the rule, where it stands in one. */
  readonly group?: string;
  readonly rule?: string;
  /** One sentence for the author; names, types and expressions of the map may stand in it, data never. */
  readonly what: string;
  /** What to do: `Did you mean “birthDate”?` */
  readonly suggestion?: string;
};

/** `mappings/contact.fml:41:7 rule "note"` */
export const placeOf = ({ file, at, rule }: Pick<Problem, 'file' | 'at' | 'rule'>): string =>
  `${file}${at.line === 0 ? '' : `:${at.line}:${at.column}`}${rule === undefined ? '' : ` rule "${rule}"`}`;
