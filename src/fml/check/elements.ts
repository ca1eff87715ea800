/** Checks where a rule writes: the target's variable, and the elements after it (fml.md §4). */
import type { ElementDef, TypeDef } from '../../definitions/types.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import { importedMaps } from '../link.ts';
import type { Place, Rule, RuleTarget } from '../model.ts';
import type { ExpressionContext } from './expressions.ts';
import { placeOfElement } from './report.ts';
import type { Scope, Variable } from './scope.ts';
import { childOf, inWords, shapeOf, type Shape } from './shape.ts';
import { hasWhat } from './slips.ts';

/** What an element is written with: the types it takes, and whether it repeats. */
export type Element = { readonly offered: readonly TypeDef[] | undefined; readonly def: ElementDef | undefined };

/** The elements that targets name. */
export class Elements {
  readonly #context: ExpressionContext;
  /** Elements that some rule gives a value to. */
  #valued: ReadonlySet<string> | undefined;

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  /** The variable that a target writes to, and what its element takes; undefined what it lacks, or is not known. */
  of(target: RuleTarget, scope: Scope): { into: Variable | undefined; element: Element | undefined } {
    const into = target.context === undefined ? undefined : this.#variable(target.context, target.at, scope);
    return { into, element: this.#element(target, into?.shape) };
  }

  /** What is made in an element that is given no value; undefined when that is not known. */
  opened(target: RuleTarget, element: Element | undefined): Shape {
    if (element?.offered === undefined) return undefined;
    const { context = '', elements, at } = target;
    this.#mustOpen(
      element.offered,
      element.def,
      elements.at(-1) ?? '',
      placeOfElement(at, context, elements, elements.length - 1),
    );
    return new Set(element.offered).size === 1 ? shapeOf(element.offered) : undefined;
  }

  #variable(name: string, at: Place, scope: Scope): Variable | undefined {
    const variable = scope.target(name);
    if (variable !== undefined) {
      variable.used = true;
      return variable;
    }
    const source = scope.source(name);
    const place = { ...at, length: at.line === 0 ? 0 : name.length };
    if (source === undefined)
      this.#context.report.error(
        'unknown-variable',
        place,
        `there is no target variable ${name} here`,
        didYouMean(name, scope.names('target')) ?? `Targets here: ${scope.names('target').join(', ') || 'none'}.`,
      );
    else {
      source.used = true;
      this.#context.report.error(
        'wrong-mode',
        place,
        `${name} is a source, which is only read`,
        didYouMean(name, scope.names('target')) ?? `Targets here: ${scope.names('target').join(', ') || 'none'}.`,
      );
    }
    return undefined;
  }

  /** What the last element of the target takes; the ones before it are made, and must have one type. */
  #element({ context, elements, at }: RuleTarget, parent: Shape): Element | undefined {
    const { report, library } = this.#context;
    if (context === undefined || elements.length === 0) return undefined;
    let shape = parent;
    let offered: readonly TypeDef[] | undefined;
    let def: ElementDef | undefined;
    for (const [index, element] of elements.entries()) {
      const child = childOf(library.types, shape, element);
      const place = placeOfElement(at, context, elements, index);
      if (element === 'resourceType' && shape?.types.every(({ kind }) => kind === 'resource') === true)
        return undefined;
      if (isUnsafe(element))
        report.error('unknown-element', place, `${element} is not allowed as the name of an element`);
      else if (child.kind === 'missing' && shape !== undefined)
        report.error(
          'unknown-element',
          place,
          `${inWords(shape.types)} has no element ${element}`,
          didYouMean(element, child.names) ?? hasWhat(shape.types, child.names),
        );
      if (child.kind !== 'found') return undefined;
      const types = child.found.flatMap((found) =>
        found.key === undefined ? found.def.types : (found.key.type ?? []),
      );
      offered = types.length === 0 || child.found.length !== shape?.types.length ? undefined : types;
      def = child.found.length === 1 ? child.found[0]?.def : undefined;
      ({ shape } = child);
      if (index < elements.length - 1) this.#mustOpen(offered, def, element, place);
    }
    return { offered, def };
  }

  /** An element without value is made: possible for one datatype or backbone element only. */
  #mustOpen(offered: readonly TypeDef[] | undefined, def: ElementDef | undefined, element: string, at: Place): void {
    const { report } = this.#context;
    const [type, second] = offered ?? [];
    if (type === undefined || def === undefined) return;
    if (second !== undefined)
      // What another rule put there is found again.
      report[this.#isGivenAValue(element) ? 'warn' : 'error'](
        'wrong-type',
        at,
        `${element} may be ${inWords(offered ?? [])}: it is not known which one to make`,
        `Say which: ${element} = create('${(offered ?? []).find(({ kind }) => kind !== 'primitive')?.name ?? type.name}') as …`,
      );
    else if (type.name === 'Resource' || type.name === 'DomainResource')
      report.error(
        'wrong-type',
        at,
        `${element} takes any resource: it is not known which one to make`,
        `Say which: ${element} = create('Patient') as …`,
      );
    else if (type.kind === 'primitive')
      report.error(
        'wrong-type',
        at,
        `${element} is ${type.name}, which cannot be made empty`,
        `Give it a value: ${element} = …`,
      );
  }

  #isGivenAValue(element: string): boolean {
    this.#valued ??= new Set(
      [this.#context.map, ...importedMaps(this.#context.library, this.#context.map)].flatMap(({ groups }) =>
        groups.flatMap((group) => valuedIn(group.rules)),
      ),
    );
    return this.#valued.has(element);
  }
}

const valuedIn = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap((rule) => [
    ...rule.targets.flatMap(({ elements, transform }) => (transform === undefined ? [] : (elements.at(-1) ?? []))),
    ...valuedIn(rule.rules),
  ]);

/** Names that JSON objects of JavaScript have of themselves; the runner refuses them. */
const isUnsafe = (name: string): boolean => name in Object.prototype || name === 'prototype';
