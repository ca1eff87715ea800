/** Walks the rules of a map as the runner would: with the variables that each rule sees (fml.md §4). */
import type { Rule } from '../model.ts';
import { Calls } from './calls.ts';
import { Elements } from './elements.ts';
import type { ExpressionContext, Expressions } from './expressions.ts';
import type { Inputs } from './inputs.ts';
import type { Scope, Variable } from './scope.ts';
import type { Shape } from './shape.ts';
import { Sources } from './sources.ts';
import { Targets } from './targets.ts';
import { Transforms } from './transforms.ts';
import type { Uses } from './uses.ts';

/** The rules of groups, with those below them. */
export class Rules {
  readonly #context: ExpressionContext;
  readonly #sources: Sources;
  readonly #targets: Targets;
  readonly #calls: Calls;

  constructor(context: ExpressionContext, expressions: Expressions, uses: Uses, inputs: Inputs) {
    const elements = new Elements(context);
    const transforms = new Transforms(context, expressions);
    this.#context = context;
    this.#sources = new Sources(context, expressions);
    this.#targets = new Targets(context, elements, transforms);
    this.#calls = new Calls(context, { uses, inputs, elements, transforms });
  }

  /** The rules of a group, or below a rule; `scope`: the variables that they see. */
  block(rules: readonly Rule[], scope: Scope): void {
    const { report } = this.#context;
    const names = new Set<string>();
    const outer = report.rule;
    for (const rule of rules) {
      report.rule = rule.name ?? outer;
      if (rule.name !== undefined && names.has(rule.name))
        report.warn(
          'duplicate-name',
          rule.at,
          `two rules of this block are named ${rule.name}`,
          'Messages name the rule: give it a name of its own.',
        );
      if (rule.name !== undefined) names.add(rule.name);
      this.#rule(rule, scope);
    }
    report.rule = outer;
  }

  #rule(rule: Rule, scope: Scope): void {
    const declared: Variable[] = [];
    let inner = scope;
    let shape: Shape;
    for (const source of rule.sources) {
      const read = this.#sources.read(source, inner);
      shape = read.shape;
      inner = read.scope;
      if (read.variable !== undefined) declared.push(read.variable);
    }
    if (rule.shorthand) this.#calls.shorthand(rule, shape, inner);
    else
      for (const target of rule.targets) {
        const written = this.#targets.write(target, rule, shape?.repeats === true, inner);
        inner = written.scope;
        if (written.variable !== undefined) declared.push(written.variable);
      }
    for (const call of rule.calls) this.#calls.call(call, inner);
    this.block(rule.rules, inner);
    for (const { used, name, at } of declared)
      if (!used && at !== undefined) this.#context.report.warn('unused', at, `the variable ${name} is never used`);
  }
}
