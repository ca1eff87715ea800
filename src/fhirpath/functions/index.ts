/** Every function there is, by name. */
import { clock } from './clock.ts';
import { conversion } from './conversion.ts';
import type { BuiltIn } from './define.ts';
import { existence } from './existence.ts';
import { fhir } from './fhir.ts';
import { filtering } from './filtering.ts';
import { math } from './math.ts';
import { strings } from './strings.ts';

export const builtIns: ReadonlyMap<string, BuiltIn> = new Map(
  [existence, filtering, strings, math, conversion, clock, fhir].flatMap((part) => Object.entries(part)),
);

/** Least and most number of parameters. */
export type Arity = { readonly min: number; readonly max: number };

const ofType: Arity = { min: 1, max: 1 };

/** Every function by name; `is`, `as` and `ofType`, whose parameter is a type, are compiled on their own. */
export const knownFunctions: ReadonlyMap<string, Arity> = new Map<string, Arity>([
  ...builtIns,
  ['is', ofType],
  ['as', ofType],
  ['ofType', ofType],
]);

/** `substring() takes 1 to 2 parameters, and has 3` */
export function wrongNumber(name: string, { min, max }: Arity, given: number): string {
  const wanted = min === max ? String(min) : `${min} to ${max}`;
  const parameters = max === 0 ? 'no parameter' : wanted === '1' ? 'one parameter' : `${wanted} parameters`;
  return `${name}() takes ${parameters}, and has ${given}`;
}
