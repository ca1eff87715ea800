/** What can be known to be wrong with a map before it runs: unreadable FHIRPath, unknown groups and transforms. */
import type { Issue } from '../core/outcome.ts';
import { expressionFault } from './expression.ts';
import { placeOf } from './faults.ts';
import type { ConceptMap, MapText, Parameter, Rule } from './model.ts';
import { transforms } from './transforms.ts';

export function checkMap(map: MapText, maps: readonly MapText[], conceptMaps: readonly ConceptMap[]): readonly Issue[] {
  const issues: Issue[] = [];
  const groups = new Set([map, ...maps].flatMap((each) => each.groups.map(({ name }) => name)));
  const canonicals = new Set(conceptMaps.map(({ url }) => url));
  const walk = (rule: Rule): void => {
    const where = placeOf(map, rule);
    const report = (what: string): void => void issues.push({ where, what, severity: 'error' });
    const parse = (expression: string | undefined): void => {
      const fault = expression === undefined ? undefined : expressionFault(expression);
      if (fault !== undefined) report(`the expression ${expression ?? ''} cannot be read: ${fault}`);
    };
    const parseParameters = (parameters: readonly Parameter[]): void => {
      for (const parameter of parameters) if (parameter.kind === 'expression') parse(parameter.expression);
    };
    for (const source of rule.sources)
      for (const expression of [source.default, source.where, source.check, source.log]) parse(expression);
    for (const { transform } of rule.targets) {
      if (transform === undefined) continue;
      if (!Object.hasOwn(transforms, transform.name)) report(`the transform “${transform.name}” is not known`);
      parseParameters(transform.parameters);
      const [, conceptMap] = transform.name === 'translate' ? transform.parameters : [];
      if (
        conceptMap?.kind === 'literal' &&
        !String(conceptMap.literal.value).includes('#') &&
        !canonicals.has(String(conceptMap.literal.value))
      )
        report(`the ConceptMap ${conceptMap.literal.value} is not known`);
    }
    for (const call of rule.calls) {
      if (!groups.has(call.group)) report(`the group ${call.group} is not in any map`);
      parseParameters(call.parameters);
    }
    rule.rules.forEach(walk);
  };
  for (const group of map.groups) group.rules.forEach(walk);
  return issues;
}
