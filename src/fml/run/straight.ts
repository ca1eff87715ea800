/**
 * `src.a as v -> tgt.b = v`, the commonest rule, without the steps between: where both elements hold one primitive of
 * the same type, or a list of them, the values go straight across. Everything else is left to the rule as it is compiled otherwise.
 */
import { copierOf, type Copier } from '../../definitions/generated.ts';
import { Item, type JsonObject } from '../../definitions/item.ts';
import type { ElementKey, TypeDef } from '../../definitions/types.ts';
import type { Rule } from '../model.ts';
import { cellFinder } from './cell.ts';
import type { Code, Names } from './frame.ts';
import type { Json } from './json.ts';
import type { Rules } from './scope.ts';
import { isFiltered, plainKey } from './source.ts';
import { Target, type Output } from './target.ts';

/** The slots and elements of a rule that only copies one element; undefined for any other. */
function shapeOf(rule: Rule, names: Names, rules: Rules) {
  const [source, ...otherSources] = rule.sources;
  const [target, ...otherTargets] = rule.targets;
  if (source === undefined || target?.context === undefined || rule.shorthand) return undefined;
  if (otherSources.length + otherTargets.length + rule.rules.length + rule.calls.length > 0) return undefined;
  const [from] = source.elements;
  const [to] = target.elements;
  const parameter = target.transform?.name === 'copy' ? target.transform.parameters[0] : undefined;
  if (from === undefined || to === undefined || source.elements.length + target.elements.length > 2) return undefined;
  if (isFiltered(source) || source.variable === undefined || from === '*' || to === 'resourceType') return undefined;
  if (target.variable !== undefined || target.share !== undefined || target.listModes.length > 0) return undefined;
  if (parameter?.kind !== 'path' || parameter.variable !== source.variable || parameter.elements.length > 0)
    return undefined;
  const read = rules.context(names, source.context);
  const written = names.targets.get(target.context);
  return read === undefined || written === undefined ? undefined : { read, written, from, to };
}

/** The rule, straight where it can be, else as it was compiled. */
export function compileStraight(rules: Rules, rule: Rule, names: Names, otherwise: Code): Code {
  const shape = shapeOf(rule, names, rules);
  if (shape === undefined) return otherwise;
  const { read, written, from, to } = shape;
  const { types } = rules.compiler;
  const find = cellFinder(types, to);
  let lastFrom: TypeDef | undefined;
  let lastTo: TypeDef | undefined;
  let copy: Copier | undefined;
  let append: ReturnType<typeof appenderOf> | undefined;
  return (frame) => {
    const parent = frame.slots[read];
    const into = frame.slots[written];
    if (!(parent instanceof Item) || !(into instanceof Target) || into.foreign || frame.run.output.hasExtras) {
      otherwise(frame);
      return;
    }
    const { json, type } = parent;
    if (type !== lastFrom || into.type !== lastTo) {
      lastFrom = type;
      lastTo = into.type;
      copy = undefined;
      append = undefined;
      const fromKey = type === undefined || type.kind === 'primitive' ? undefined : plainKey(types, type, from);
      if (
        fromKey !== undefined &&
        lastTo !== undefined &&
        lastTo.kind !== 'primitive' &&
        types.element(lastTo, to) !== undefined
      ) {
        const { simple, repeats, expected, key } = find(lastTo);
        if (key !== undefined && expected === fromKey.type)
          if (simple) copy = copierOf(fromKey, key.key);
          else if (repeats && expected?.kind === 'primitive') append = appenderOf(fromKey, key.key);
      }
    }
    if (typeof json !== 'object' || json === null) otherwise(frame);
    else if (copy !== undefined) {
      if (!copy(json, into.json)) otherwise(frame);
    } else if (append === undefined || !append(json as JsonObject, into.json, frame.run.output)) otherwise(frame);
  };
}

/** Appends all of one list of primitives to another; false, and nothing done, where there is more than that. */
const appenderOf =
  ({ key, extraKey }: ElementKey, to: string) =>
  (from: JsonObject, into: Json, output: Output): boolean => {
    const values = from[key];
    if (!Array.isArray(values) || from[extraKey] !== undefined) return false;
    for (let index = 0; index < values.length; index += 1) if (typeof values[index] === 'object') return false;
    for (let index = 0; index < values.length; index += 1) output.insert(into, to, values[index], undefined);
    return true;
  };
