/** Checks the groups that rules go on with: those that they call, and default groups (fml.md §3). */
import { findDefaultGroup, typeNamed, type FoundGroup } from '../link.ts';
import type { GroupCall, GroupInput, Place, Rule } from '../model.ts';
import type { Elements } from './elements.ts';
import type { ExpressionContext } from './expressions.ts';
import { isOfAnotherRelease } from './foreign.ts';
import type { Inputs } from './inputs.ts';
import type { Scope } from './scope.ts';
import { inWords, isGeneral, type Shape } from './shape.ts';
import type { Transforms } from './transforms.ts';
import type { Uses } from './uses.ts';

/** What a check of calls looks things up in, and tells what it has found. */
type Parts = {
  readonly uses: Uses;
  readonly inputs: Inputs;
  readonly elements: Elements;
  readonly transforms: Transforms;
};

/** The calls of rules, written and implied. */
export class Calls {
  readonly #context: ExpressionContext;
  readonly #uses: Uses;
  readonly #inputs: Inputs;
  readonly #elements: Elements;
  readonly #transforms: Transforms;

  constructor(context: ExpressionContext, { uses, inputs, elements, transforms }: Parts) {
    this.#context = context;
    this.#uses = uses;
    this.#inputs = inputs;
    this.#elements = elements;
    this.#transforms = transforms;
  }

  /** `then Group(…)`: that there is such a group, and that it takes what it is given. */
  call(call: GroupCall, scope: Scope): void {
    const at = { ...call.at, length: call.at.line === 0 ? 0 : call.group.length };
    const found = this.#uses.find(call.group, at);
    if (found === undefined) {
      for (const parameter of call.parameters) this.#transforms.parameter(parameter, scope);
      return;
    }
    const { group } = found;
    const { inputs } = group;
    if (inputs.length !== call.parameters.length)
      this.#context.report.error(
        'wrong-parameters',
        at,
        `the group ${call.group} takes ${inputs.length} parameters, and is given ${call.parameters.length}`,
        `It is ${call.group}(${inputs.map(({ mode, name, type }) => `${mode} ${name}${type === undefined ? '' : ` : ${type}`}`).join(', ')}).`,
      );
    const shapes = call.parameters.map((_, index) => this.#argument(call, index, inputs[index], scope, found));
    if (inputs.length === call.parameters.length) this.#inputs.give(group, shapes);
  }

  /** `src.a -> tgt.b`: that it is a copy, or that there is a default group for it. */
  shorthand(rule: Rule, from: Shape, scope: Scope): void {
    const [target] = rule.targets;
    if (target?.context === undefined) return;
    const offered = this.#elements.of(target, scope).element?.offered;
    if (from === undefined || offered === undefined || offered.some(isGeneral)) {
      this.#uses.mayUseDefaults = true;
      return;
    }
    const { library, map, report } = this.#context;
    const lookups = from.types.map((type) => findDefaultGroup(library, map, type, offered));
    for (const lookup of lookups) if (lookup.kind === 'found') this.#uses.used.add(lookup.found.group);
    if (lookups.every(({ kind }) => kind === 'ambiguous')) {
      report.error(
        'ambiguous-group',
        rule.at,
        `there is more than one default group from ${inWords(from.types)} to ${inWords(offered)}`,
        'Write “then” and the group that is meant.',
      );
      return;
    }
    const possible = from.types.some(
      (type, index) => lookups[index]?.kind !== 'missing' || offered.includes(type) || type.kind === 'logical',
    );
    if (!possible)
      report.error(
        'wrong-type',
        rule.at,
        `there is no default group from ${inWords(from.types)} to ${inWords(offered)}, and the one is no copy of the other`,
        'Write a group with <<types>> for the two, or the rules here: “as v -> … then { … }”.',
      );
  }

  #argument(call: GroupCall, index: number, input: GroupInput | undefined, scope: Scope, found: FoundGroup): Shape {
    const { report, library } = this.#context;
    const parameter = call.parameters[index];
    if (parameter === undefined) return undefined;
    if (input?.mode === 'target') {
      const name = parameter.kind === 'path' ? parameter.variable : undefined;
      const target =
        name === undefined || parameter.kind !== 'path' || parameter.elements.length > 0
          ? undefined
          : scope.target(name);
      if (target !== undefined) {
        target.used = true;
        this.#mustTake(target.shape, input, found, parameter.at);
        return target.shape;
      }
      if (name !== undefined && scope.any(name) === undefined) {
        this.#transforms.parameter(parameter, scope);
        return undefined;
      }
      this.#transforms.parameter(parameter, scope);
      report.error(
        'wrong-mode',
        parameter.at,
        `${call.group} writes to ${input.name}, and is given ${name === undefined ? 'a value' : `the source ${name}`}`,
        `Give it a target: ${scope.names('target').join(', ') || 'there is none here'}.`,
      );
      return undefined;
    }
    const { shape } = this.#transforms.parameter(parameter, scope);
    if (input !== undefined) this.#mustTake(shape, input, found, parameter.at);
    return library.types.all().length === 0 ? undefined : shape;
  }

  /** The data decides when it runs: what the group says of itself is a promise to the reader only. */
  #mustTake(shape: Shape, input: GroupInput, { map, group }: FoundGroup, at: Place): void {
    const { library, report } = this.#context;
    const wanted = input.type === undefined ? undefined : typeNamed(library, map, input.type);
    if (shape === undefined || wanted === undefined || isGeneral(wanted)) return;
    if (isOfAnotherRelease(library, map, input.type ?? '')) return;
    if (
      shape.types.some(
        (type) =>
          type === wanted ||
          type.base === wanted ||
          wanted.base === type ||
          (type.kind === 'primitive' && wanted.kind === 'primitive'),
      )
    )
      return;
    report.warn(
      'wrong-type',
      at,
      `${group.name} takes ${wanted.name} as ${input.name}, and is given ${inWords(shape.types)}`,
    );
  }
}
