/** Checks what a rule reads: `src.element : Type 0..1 as v where (…)` (fml.md §4). */
import type { ElementDef } from '../../definitions/types.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import { typeNamed } from '../link.ts';
import type { RuleSource } from '../model.ts';
import type { ExpressionContext, Expressions, Focus } from './expressions.ts';
import { placeOfElement } from './report.ts';
import { namesHere, noteRead, type Scope, type Variable } from './scope.ts';
import { childOf, inWords, isGeneral, shapeOf, single, union, type Shape } from './shape.ts';
import { hasWhat } from './slips.ts';
import { unknownType } from './unknown.ts';

type Read = { readonly scope: Scope; readonly shape: Shape; readonly variable: Variable | undefined };

/** The sources of rules. */
export class Sources {
  readonly #context: ExpressionContext;
  readonly #expressions: Expressions;

  constructor(context: ExpressionContext, expressions: Expressions) {
    this.#context = context;
    this.#expressions = expressions;
  }

  /** What the source gives, its variable, and what is seen after it. */
  read(source: RuleSource, scope: Scope): Read {
    const { report, library, map } = this.#context;
    const { context, elements, at } = source;
    const from = scope.any(context);
    if (from === undefined)
      report.error(
        'unknown-variable',
        { ...at, length: at.line === 0 ? 0 : context.length },
        `there is no variable ${context} here`,
        didYouMean(context, scope.names()) ?? namesHere(scope),
      );
    else from.used = true;
    const parent = from?.shape;
    const read = this.#descend(from, source);
    let { shape } = read;
    if (source.min !== undefined) this.#cardinality(source, read.def);
    if (source.default !== undefined) {
      const given = this.#expressions.check(source.default, { shape: parent }, scope);
      shape = union(shape, given);
    }
    if (source.type !== undefined) {
      const type = typeNamed(library, map, source.type);
      if (type === undefined) unknownType(this.#context, source.type, at);
      else if (
        shape !== undefined &&
        !isGeneral(type) &&
        !shape.types.some((each) => each === type || each.base === type || type.base === each)
      )
        report.warn(
          'unreachable',
          at,
          `${[context, ...elements].join('.')} is ${inWords(shape.types)} and never ${type.name}: this rule is never run`,
          didYouMean(
            source.type,
            shape.types.map(({ name }) => name),
          ),
        );
      shape = shapeOf([type], shape?.repeats);
    }
    const variable: Variable | undefined =
      source.variable === undefined ? undefined : { name: source.variable, shape: single(shape), at, used: false };
    const inner = variable === undefined ? scope : scope.with('source', variable);
    const focus: Focus = { shape: single(shape) };
    for (const condition of [source.where, source.check, source.log])
      if (condition !== undefined) this.#expressions.check(condition, focus, inner);
    if (source.where !== undefined) this.#neverTrue(source.where);
    return { scope: inner, shape, variable };
  }

  #neverTrue(where: NonNullable<RuleSource['where']>): void {
    const tree = this.#expressions.tree(where);
    if ((tree?.kind === 'literal' && tree.value === false) || tree?.kind === 'empty')
      this.#context.report.warn('unreachable', where.at, 'this condition is never true: the rule is never run');
  }

  #descend(
    from: Variable | undefined,
    { context, elements, at, default: fallback }: RuleSource,
  ): { shape: Shape; def: ElementDef | undefined } {
    const { report, library } = this.#context;
    let shape = from?.shape;
    let def: ElementDef | undefined;
    for (const [index, element] of elements.entries()) {
      const child = childOf(library.types, shape, element);
      const suggestion = child.kind === 'missing' ? didYouMean(element, child.names) : undefined;
      if (index === 0 && from !== undefined && child.kind !== 'unknown')
        noteRead(from, child.kind === 'found', suggestion !== undefined);
      if (child.kind === 'missing' && shape !== undefined)
        report[fallback === undefined ? 'error' : 'warn'](
          'unknown-element',
          placeOfElement(at, context, elements, index),
          `${inWords(shape.types)} has no element ${element}`,
          suggestion ?? (child.kind === 'missing' ? hasWhat(shape.types, child.names) : undefined),
        );
      def = child.kind === 'found' && elements.length === 1 ? child.found[0]?.def : undefined;
      shape = child.kind === 'found' ? child.shape : undefined;
    }
    return { shape, def };
  }

  #cardinality({ min = 0, max, at, context, elements }: RuleSource, def: ElementDef | undefined): void {
    const { report } = this.#context;
    const name = [context, ...elements].join('.');
    if (max !== undefined && min > max)
      report.error('cardinality', at, `${name} cannot be there ${min} times and ${max} times at most`);
    else if (max === 0) report.warn('unreachable', at, `${name} must not be there: the rule is never run`);
    else if (def !== undefined && !def.repeats && min > 1)
      report.error('cardinality', at, `${name} is there once at most, and never ${min} times`);
  }
}
