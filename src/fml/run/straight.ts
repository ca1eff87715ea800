/**
 * `src.a as v -> tgt.b = v`, the commonest rule, without the steps between: where both elements hold one primitive of
 * the same type, the value goes straight across. Everything else is left to the rule as it is compiled otherwise.
 */
import { Item, type JsonObject } from '../../definitions/item.ts';
import type { ElementKey, TypeDef } from '../../definitions/types.ts';
import type { Rule } from '../model.ts';
import { cellFinder } from './element.ts';
import type { Code, Names } from './frame.ts';
import type { Rules } from './scope.ts';
import { isFiltered, plainKey } from './source.ts';
import { Target } from './target.ts';

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
  let fromKey: ElementKey | undefined;
  let toKey: string | undefined;
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
      toKey = undefined;
      fromKey = type === undefined || type.kind === 'primitive' ? undefined : plainKey(types, type, from);
      if (
        fromKey !== undefined &&
        lastTo !== undefined &&
        lastTo.kind !== 'primitive' &&
        types.element(lastTo, to) !== undefined
      ) {
        const { simple, expected, key } = find(lastTo);
        if (simple && expected === fromKey.type) toKey = key?.key;
      }
    }
    if (toKey === undefined || fromKey === undefined || typeof json !== 'object' || json === null) {
      otherwise(frame);
      return;
    }
    const value = (json as JsonObject)[fromKey.key];
    if (typeof value === 'object' || (json as JsonObject)[fromKey.extraKey] !== undefined) otherwise(frame);
    else if (value !== undefined) into.json[toKey] = value;
  };
}
