/** Checks the groups of a map: what they work on, what they extend, and their rules (fml.md §3). */
import { findGroup, typeNamed, type FoundGroup } from '../link.ts';
import type { Group, GroupInput } from '../model.ts';
import { constantsOf, scopeOf } from './constants.ts';
import { Expressions, type ExpressionContext } from './expressions.ts';
import { Inputs } from './inputs.ts';
import { headOf } from './report.ts';
import { Rules } from './rules.ts';
import { isMistaken, Scope, type Variable } from './scope.ts';
import { unknownType } from './unknown.ts';
import type { Uses } from './uses.ts';

/** All groups of a map; fills `uses`. */
export class Groups {
  readonly #context: ExpressionContext;
  readonly #expressions: Expressions;
  readonly #uses: Uses;
  readonly #inputs: Inputs;
  readonly #rules: Rules;
  /** `let` constants and what they give. */
  #constants = new Scope();
  #constantVariables: readonly Variable[] = [];

  constructor(context: ExpressionContext, uses: Uses) {
    this.#context = context;
    this.#expressions = new Expressions(context);
    this.#uses = uses;
    this.#inputs = new Inputs(context);
    this.#rules = new Rules(context, this.#expressions, uses, this.#inputs);
  }

  /** Walks all groups until the types that calls give are known, then once more to tell what is wrong. */
  check(): void {
    const { map, report } = this.#context;
    report.silent = true;
    this.#inputs.infer(() => this.#groups());
    report.silent = false;
    this.#groups();
    for (const [index, constant] of map.constants.entries())
      if (this.#constantVariables[index]?.used === false)
        report.warn('unused', constant.at, `the constant ${constant.name} is never used`);
  }

  #groups(): void {
    const { map, report } = this.#context;
    this.#constantVariables = constantsOf(map, this.#expressions, report);
    this.#constants = scopeOf(this.#constantVariables);
    for (const group of map.groups) {
      report.group = group.name;
      this.#group(group);
    }
    report.group = undefined;
  }

  #group(group: Group): void {
    const { library, map, report } = this.#context;
    const sources: [GroupInput, Variable][] = [];
    let scope = this.#constants;
    for (const [index, input] of group.inputs.entries()) {
      const { type, at } = input;
      // A “uses” line that names what is not known has its own problem.
      const isDeclared = map.structures.some(({ alias, url }) => alias === type || url.endsWith(`/${type ?? ''}`));
      if (type !== undefined && !isDeclared && typeNamed(library, map, type) === undefined)
        unknownType(this.#context, type, at);
      const variable: Variable = { name: input.name, shape: this.#inputs.shapeOf(group, input, index), used: true };
      scope = scope.with(input.mode, variable);
      if (input.mode === 'source') sources.push([input, variable]);
      if (this.#inputs.isMistaken(input))
        report.warn(
          'wrong-type',
          at,
          `${type ?? ''} has no element of those that are read of ${input.name}: what it is follows from the data`,
          'Correct the type.',
        );
    }
    for (const mode of ['source', 'target'] as const)
      if (group === map.groups[0] && !group.inputs.some((input) => input.mode === mode))
        report.warn(
          'wrong-parameters',
          headOf(group),
          `the first group has no ${mode}: the map can be imported, not run`,
        );
    this.#extended(group, scope);
    this.#rules.block(group.rules, scope);
    for (const [input, variable] of sources) if (isMistaken(variable)) this.#inputs.mistake(input);
  }

  #extended(group: Group, scope: Scope): void {
    const { report, map } = this.#context;
    if (group.extends === undefined) return;
    const found = this.#uses.find(group.extends, headOf(group));
    if (found === undefined) return;
    const circle = this.#circle(found, group);
    if (circle.length > 0) {
      // Told once, of the first of them.
      if (map.groups.find((each) => circle.includes(each)) === group)
        report.error('unknown-group', headOf(group), `${group.name} extends itself, by ${group.extends}`);
      return;
    }
    const lacking = found.group.inputs.filter(
      ({ name, mode }) => !group.inputs.some((own) => own.name === name && own.mode === mode),
    );
    if (lacking.length > 0)
      report.error(
        'wrong-parameters',
        headOf(group),
        `${group.extends} works on ${lacking.map(({ mode, name }) => `${mode} ${name}`).join(', ')}, which ${group.name} does not have`,
        `Name the parameters as ${group.extends} does: ${found.group.inputs.map(({ mode, name }) => `${mode} ${name}`).join(', ')}.`,
      );
    this.#inputs.give(
      found.group,
      found.group.inputs.map(({ name, mode }) => (mode === 'source' ? scope.source(name) : scope.target(name))?.shape),
    );
  }

  /** The groups through which a group extends itself; none if it does not. */
  #circle(found: FoundGroup, start: Group): readonly Group[] {
    const seen: Group[] = [start];
    for (let at = found; ;) {
      const { map, group } = at;
      if (group === start) return seen;
      if (seen.includes(group) || group.extends === undefined) return [];
      seen.push(group);
      const next = findGroup(this.#context.library, map, group.extends);
      if (next.kind !== 'found') return [];
      at = next.found;
    }
  }
}
