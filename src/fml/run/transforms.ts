/** The transforms of FML (fml.md §7), one entry each: compiled with their parameters, run for each target that is written. */
import type { Transform } from '../model.ts';
import { compileArgument } from './argument.ts';
import { Fault } from './fault.ts';
import { broken, type Names } from './frame.ts';
import type { Rules } from './scope.ts';
import { c, cc } from './transforms/coding.ts';
import { cast, copy, create } from './transforms/create.ts';
import { evaluate } from './transforms/evaluate.ts';
import { dateOp, moment, unix } from './transforms/moment.ts';
import { cp, qty } from './transforms/quantity.ts';
import { id, pointer, reference, uuid } from './transforms/reference.ts';
import { append, escape, truncate } from './transforms/text.ts';
import type { Parts, Produce } from './transforms/transform.ts';
import { translateCode } from './transforms/translate.ts';

type TransformDefinition = {
  /** Least and most number of parameters. */
  readonly min: number;
  readonly max: number;
  readonly compile: (parts: Parts) => Produce;
};

const definitions: Readonly<Record<string, TransformDefinition>> = {
  create: { min: 0, max: 1, compile: create },
  copy: { min: 1, max: 1, compile: copy },
  truncate: { min: 2, max: 2, compile: truncate },
  escape: { min: 2, max: 3, compile: escape },
  cast: { min: 1, max: 2, compile: cast },
  append: { min: 1, max: Number.POSITIVE_INFINITY, compile: append },
  translate: { min: 2, max: 3, compile: translateCode },
  reference: { min: 1, max: 1, compile: reference },
  dateOp: { min: 1, max: 2, compile: dateOp },
  uuid: { min: 0, max: 0, compile: uuid },
  pointer: { min: 1, max: 1, compile: pointer },
  evaluate: { min: 1, max: 2, compile: evaluate },
  cc: { min: 1, max: 3, compile: cc },
  c: { min: 2, max: 3, compile: c },
  qty: { min: 1, max: 4, compile: qty },
  id: { min: 2, max: 3, compile: id },
  cp: { min: 1, max: 2, compile: cp },
  toDate: { min: 1, max: 2, compile: moment('date') },
  toDateTime: { min: 1, max: 2, compile: moment('dateTime') },
  toTime: { min: 1, max: 2, compile: moment('time') },
  unixToDate: { min: 1, max: 2, compile: unix('date') },
  unixToDateTime: { min: 1, max: 2, compile: unix('dateTime') },
  unixToTime: { min: 1, max: 2, compile: unix('time') },
};

/** Names of all transforms, and how many parameters each takes. */
export const transforms: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map(
  Object.entries(definitions),
);

const inWords = ({ min, max }: TransformDefinition): string => {
  if (max === Infinity) return `at least ${min} parameters`;
  return min === max ? `${min} parameters` : `${min} to ${max} parameters`;
};

/** A transform as a target uses it. `source` is the slot of the rule's last source, `where` the place of the rule. */
export function compileTransform(
  rules: Rules,
  { name, parameters }: Transform,
  names: Names,
  source: number,
  where: string,
): Produce {
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (definition === undefined)
    return broken(
      new Fault('unknown-transform', `the transform “${name}” is not known`, {
        advice: `Known are ${Object.keys(definitions).join(', ')}`,
      }),
    );
  if (parameters.length < definition.min || parameters.length > definition.max)
    return broken(new Fault('wrong-parameters', `${name} takes ${inWords(definition)}, not ${parameters.length}`));
  const last = parameters.length - 1;
  const given = parameters.map((parameter, index) =>
    // The last parameter of evaluate is compiled there, with its context.
    name === 'evaluate' && index === last && parameter.kind !== 'literal'
      ? { constant: undefined, slot: undefined, find: () => undefined }
      : compileArgument(rules, parameter, names),
  );
  return definition.compile({ rules, names, parameters, given, source, where });
}
