/** Checks what a rule writes: `tgt.element = transform(…) as v` (fml.md §4). */
import type { ElementDef, TypeDef } from '../../definitions/types.ts';
import type { Rule, RuleTarget } from '../model.ts';
import type { Element, Elements } from './elements.ts';
import type { ExpressionContext } from './expressions.ts';
import type { Scope, Variable } from './scope.ts';
import { isGeneral, shapeOf, single, type Shape } from './shape.ts';
import type { Made, Transforms } from './transforms.ts';

/** The targets of rules. */
export class Targets {
  readonly #context: ExpressionContext;
  readonly #elements: Elements;
  readonly #transforms: Transforms;

  constructor(context: ExpressionContext, elements: Elements, transforms: Transforms) {
    this.#context = context;
    this.#elements = elements;
    this.#transforms = transforms;
  }

  /** Its variable, and what is seen after it. `repeats`: what the rule reads may be there several times. */
  write(
    target: RuleTarget,
    rule: Rule,
    repeats: boolean,
    scope: Scope,
  ): { scope: Scope; variable: Variable | undefined } {
    const { into, element } = this.#elements.of(target, scope);
    let shape: Shape;
    if (target.transform !== undefined) {
      const made = this.#transforms.made(target.transform, scope, element?.offered);
      if (
        target.context === undefined &&
        target.transform.name === 'create' &&
        target.transform.parameters.length === 0
      )
        this.#context.report.error(
          'wrong-parameters',
          target.at,
          'create() without a type, and without an element that has one',
          "Say which: create('…').",
        );
      // A target that is a primitive is written as a whole.
      if (
        target.context !== undefined &&
        target.elements.length === 0 &&
        into?.shape?.types.every(isObjectType) === true
      )
        this.#context.report.error(
          'wrong-type',
          target.at,
          `${target.context} is written to without an element`,
          `Name the element: ${target.context}.… = …`,
        );
      // What the rule makes for each item is written once.
      shape = this.#stands(made, target, element, rule, repeats && into?.madeBy !== rule);
    } else if (target.context !== undefined) {
      shape = target.elements.length === 0 ? into?.shape : this.#elements.opened(target, element);
    }
    if (target.variable === undefined) return { scope, variable: undefined };
    const isMade =
      target.transform?.name === 'create' || (target.transform === undefined && element?.def?.repeats === true);
    const variable: Variable = {
      name: target.variable,
      shape: single(shape),
      at: target.at,
      used: false,
      ...(isMade && target.share === undefined ? { madeBy: rule } : {}),
    };
    // What is made may be filled and may be read.
    return {
      scope: scope.with(target.context === undefined ? 'source' : 'target', variable).with('target', variable),
      variable,
    };
  }

  /** What stands in the element after it was written. */
  #stands(made: Made, target: RuleTarget, element: Element | undefined, rule: Rule, repeats: boolean): Shape {
    const { offered, def } = element ?? {};
    const { context, elements, transform } = target;
    if (offered === undefined || context === undefined) return made.shape;
    const name = elements.at(-1) ?? '';
    if (!this.#transforms.mustStand(made, offered, transform?.at ?? target.at, name)) return undefined;
    this.#overwrites(target, def, rule, repeats);
    if (offered.some(isGeneral)) return made.shape;
    if (new Set(offered).size === 1) return shapeOf(offered);
    const fitting = made.shape?.types.filter((type) => offered.includes(type)) ?? [];
    return fitting.length > 0 ? shapeOf(fitting) : undefined;
  }

  /** `src.name as n -> tgt.one = n`, where names repeat and the element does not: the last stays. */
  #overwrites(
    { transform, elements, at }: RuleTarget,
    def: ElementDef | undefined,
    { sources }: Rule,
    repeats: boolean,
  ): void {
    const [source, second] = sources;
    const [parameter] = transform?.parameters ?? [];
    if (def === undefined || def.repeats || source === undefined || second !== undefined) return;
    if (transform?.name !== 'copy' || parameter?.kind !== 'path' || parameter.elements.length > 0) return;
    if (source.variable !== parameter.variable || source.listMode !== undefined || source.where !== undefined) return;
    if (source.elements.length === 0 || source.max === 1 || source.type !== undefined || !repeats) return;
    this.#context.report.warn(
      'cardinality',
      at,
      `${[source.context, ...source.elements].join('.')} may be there several times, and ${elements.at(-1)} takes one: the last stays`,
      'Say which one is meant: first, last, or where (…).',
    );
  }
}

const isObjectType = ({ kind }: TypeDef): boolean => kind !== 'primitive';
