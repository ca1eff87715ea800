/** Checks `let` constants. They are worked out when they are first used: one may name another that stands below it. */
import type { Constant, MapText } from '../model.ts';
import type { Expressions } from './expressions.ts';
import type { Report } from './report.ts';
import { Scope, type Variable } from './scope.ts';

/** The constants as variables, in the order of the text; of two of one name the first counts. */
export function constantsOf({ constants }: MapText, expressions: Expressions, report: Report): readonly Variable[] {
  const found: Variable[] = [];
  const named = new Map<string, readonly string[]>();
  for (const { name, value, at } of constants) {
    if (named.has(name))
      report.warn('duplicate-name', at, `two constants are named ${name}: the first counts`, 'Rename one of them.');
    const others = seenBy(constants, found);
    const shape = expressions.check(value, { shape: undefined }, scopeOf(others));
    if (!named.has(name))
      named.set(
        name,
        others.flatMap((other) => (other.used ? [other.name] : [])),
      );
    found.push({ name, shape, at, used: false });
  }
  for (const variable of found) variable.used = [...named.values()].some((names) => names.includes(variable.name));
  // Told once, of the first of them.
  const circular = constants.find(({ name }) => reaches(named, name, name));
  if (circular !== undefined)
    report.error(
      'expression',
      circular.value.at,
      `the constant ${circular.name} is made of itself`,
      'Give one of them a value.',
    );
  return found;
}

/** Of two variables of one name the first is seen. */
export const scopeOf = (variables: readonly Variable[]): Scope =>
  variables.toReversed().reduce((scope, each) => scope.with('source', each), new Scope());

/** All constants, of which those above are known. */
const seenBy = (constants: readonly Constant[], known: readonly Variable[]): readonly Variable[] =>
  constants.map(({ name }, index) => ({ name, shape: known[index]?.shape, used: false }));

function reaches(named: ReadonlyMap<string, readonly string[]>, from: string, name: string): boolean {
  const seen = new Set<string>();
  const open = [...(named.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === name) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(named.get(next) ?? []));
  }
  return false;
}
