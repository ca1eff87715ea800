/** Breaks a correct resource in every way and asks the validator about each. */
import type { Validator } from '../../../src/validation/load.ts';
import { stepsAbove } from './agreement.ts';
import type { Definitions, Resource } from './definitions.ts';
import { breaksOf } from './index.ts';

export type Verdict = {
  readonly breaks: number;
  /** Found, but named more than one step above what was broken. */
  readonly far: readonly string[];
  /** Not found, or said of another place. */
  readonly missed: readonly string[];
};

export function judge(validator: Validator, definitions: Definitions, resource: Resource): Verdict {
  let breaks = 0;
  const far: string[] = [];
  const missed: string[] = [];
  for (const { kind, what, path, resource: broken } of breaksOf(definitions, resource)) {
    breaks += 1;
    const places = validator
      .validate(broken)
      .filter(({ severity }) => severity !== 'warning')
      .map(({ where }) => where);
    const above = places.flatMap((where) => stepsAbove(where, path) ?? []);
    const line = `${kind} at ${path}: ${what}`;
    if (above.length === 0)
      missed.push(places.length === 0 ? line : `${line}; said of ${places.slice(0, 3).join(', ')}`);
    else if (Math.min(...above) > 1) far.push(line);
  }
  return { breaks, far, missed };
}

export const errorsOf = (validator: Validator, resource: Resource): readonly string[] =>
  validator
    .validate(resource)
    .filter(({ severity }) => severity !== 'warning')
    .map(({ where, what }) => `${where}: ${what}`);
