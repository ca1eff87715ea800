/**
 * Elements that a resource must have and that no rule writes. Only for what a rule makes with `create`, and only where
 * all that is written to it can be seen.
 */
import type { TypeDef } from '../../definitions/types.ts';
import { findGroup, typeNamed, type FoundGroup } from '../link.ts';
import type { MapText, Rule, RuleTarget } from '../model.ts';
import type { ExpressionContext } from './expressions.ts';

export function checkRequired(context: ExpressionContext): void {
  const { map, report } = context;
  for (const group of map.groups) {
    report.group = group.name;
    checkBlock(context, group.rules);
  }
  report.group = undefined;
  report.rule = undefined;
}

/** An entry whose request is a PATCH holds the elements that change, and no others. */
const isPatch = (rules: readonly Rule[]): boolean =>
  rules.some(
    (rule) =>
      isPatch(rule.rules) ||
      rule.targets.some(({ transform }) =>
        transform?.parameters.some((parameter) => parameter.kind === 'literal' && parameter.literal.value === 'PATCH'),
      ),
  );

function checkBlock(context: ExpressionContext, rules: readonly Rule[]): void {
  const { map, report } = context;
  const patch = isPatch(rules);
  for (const rule of rules) {
    for (const [index, target] of rule.targets.entries()) {
      const type = createdType(context, target);
      if (patch || type === undefined || target.variable === undefined || target.transform === undefined) continue;
      const into: Set<string> = new Set();
      const certain =
        target.share === undefined && writtenAfter(context, map, rule, index + 1, target.variable, into, new Set());
      if (!certain || into.size === 0) continue;
      const lacking = [...type.elements.values()].filter(
        ({ name, min, choice, keys }) =>
          min > 0 && !into.has(name) && !(choice && keys.some(({ key }) => into.has(key))),
      );
      if (lacking.length === 0) continue;
      report.rule = rule.name;
      report.warn(
        'cardinality',
        target.transform.at,
        `no rule writes ${lacking.map(({ name }) => name).join(', ')} of this ${type.name}, which must be there`,
      );
    }
    checkBlock(context, rule.rules);
  }
}

function createdType({ library, map }: ExpressionContext, { transform }: RuleTarget): TypeDef | undefined {
  const [parameter] = transform?.parameters ?? [];
  if (transform?.name !== 'create' || parameter?.kind !== 'literal') return undefined;
  const type = typeNamed(library, map, String(parameter.literal.value));
  return type?.kind === 'resource' ? type : undefined;
}

/** Adds what the rest of a rule writes to a variable; false when that cannot be told. */
function writtenAfter(
  context: ExpressionContext,
  map: MapText,
  rule: Rule,
  from: number,
  variable: string,
  into: Set<string>,
  seen: Set<string>,
): boolean {
  const names = new Set([variable]);
  for (const target of rule.targets.slice(from)) {
    if (target.context !== undefined && names.has(target.context)) {
      const [element] = target.elements;
      if (element === undefined) {
        if (target.variable !== undefined) names.add(target.variable);
      } else into.add(element);
    }
    // Put somewhere, it is a copy from then on, or it is not: both end here.
    if (
      target.transform?.parameters.some(
        (parameter) =>
          parameter.kind === 'path' &&
          names.has(parameter.variable) &&
          parameter.elements.length === 0 &&
          target.transform?.name === 'copy',
      ) === true
    )
      return false;
  }
  for (const name of names) {
    for (const call of rule.calls)
      for (const [index, parameter] of call.parameters.entries()) {
        if (parameter.kind !== 'path' || parameter.variable !== name || parameter.elements.length > 0) continue;
        const lookup = findGroup(context.library, map, call.group);
        if (lookup.kind !== 'found') return false;
        const input = lookup.found.group.inputs[index];
        if (input?.mode === 'target' && !writtenByGroup(context, lookup.found, input.name, into, seen)) return false;
      }
    if (!writtenInBlock(context, map, rule.rules, name, into, seen)) return false;
  }
  return true;
}

function writtenInBlock(
  context: ExpressionContext,
  map: MapText,
  rules: readonly Rule[],
  variable: string,
  into: Set<string>,
  seen: Set<string>,
): boolean {
  return rules.every((rule) => writtenAfter(context, map, rule, 0, variable, into, seen));
}

function writtenByGroup(
  context: ExpressionContext,
  { map, group }: FoundGroup,
  variable: string,
  into: Set<string>,
  seen: Set<string>,
): boolean {
  const key = `${map.url} ${group.name} ${variable}`;
  if (seen.has(key)) return true;
  seen.add(key);
  if (group.extends !== undefined) {
    const base = findGroup(context.library, map, group.extends);
    if (base.kind !== 'found' || !writtenByGroup(context, base.found, variable, into, seen)) return false;
  }
  return writtenInBlock(context, map, group.rules, variable, into, seen);
}
