/** Checks what a rule writes: the transform, its parameters, and whether the result can stand where it is put. */
import { isAbstract, type TypeDef } from '../../definitions/types.ts';
import { builtIns } from '../../fhirpath/functions/index.ts';
import { findConceptMap, importedMaps, typeNamed } from '../link.ts';
import type { Literal, Parameter, Place, Transform } from '../model.ts';
import { castPrimitive } from '../run/primitive.ts';
import { transforms } from '../run/transforms.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import type { Expressions, ExpressionContext } from './expressions.ts';
import { namesHere, type Scope } from './scope.ts';
import { hasWhat, wordSlip } from './slips.ts';
import { placeOfElement } from './report.ts';
import { childOf, fits, inWords, shapeOf, type Shape } from './shape.ts';

/** The type that a transform gives, whatever it is given. */
const givenTypes: Readonly<Record<string, string>> = {
  truncate: 'string',
  escape: 'string',
  append: 'string',
  reference: 'Reference',
  uuid: 'uuid',
  pointer: 'uri',
  cc: 'CodeableConcept',
  c: 'Coding',
  qty: 'Quantity',
  id: 'Identifier',
  cp: 'ContactPoint',
  toDate: 'date',
  toDateTime: 'dateTime',
  toTime: 'time',
  unixToDate: 'date',
  unixToDateTime: 'dateTime',
  unixToTime: 'time',
};

/** Transforms that work on primitives only. */
const ofPrimitives = new Set(['truncate', 'escape', 'append', 'cast', 'cc', 'c', 'qty', 'id', 'cp']);

/** Outputs of `translate`, and what each gives. */
const outputs: Readonly<Record<string, string>> = {
  code: 'code',
  system: 'uri',
  display: 'string',
  Coding: 'Coding',
  coding: 'Coding',
  CodeableConcept: 'CodeableConcept',
};

/** What a transform gives: a shape, or a constant. */
export type Made = { readonly shape: Shape; readonly literal?: Literal };

const nothingKnown: Made = { shape: undefined };

export class Transforms {
  readonly #context: ExpressionContext;
  readonly #expressions: Expressions;

  constructor(context: ExpressionContext, expressions: Expressions) {
    this.#context = context;
    this.#expressions = expressions;
  }

  /** What the transform gives. `element`: what is written, where that is known. */
  made(transform: Transform, scope: Scope, element: readonly TypeDef[] | undefined): Made {
    const { name, parameters, at } = transform;
    const arity = transforms.get(name);
    if (name === 'evaluate') return this.#evaluated(transform, scope);
    const given = parameters.map((parameter) => this.parameter(parameter, scope));
    if (arity === undefined) {
      this.#context.report.error(
        'unknown-transform',
        { ...at, length: at.line === 0 ? 0 : name.length },
        `there is no transform ${name}`,
        this.#context.map.groups.some((group) => group.name === name)
          ? `${name} is a group: write “then ${name}(…)” after the target.`
          : builtIns.has(name)
            ? `${name}() is a function of FHIRPath: write = (${name}(…)).`
            : didYouMean(name, transforms.keys()),
      );
      return nothingKnown;
    }
    if (!this.#mustFit(transform, arity)) return this.#given(name);
    const [first] = given;
    if (ofPrimitives.has(name))
      for (const [index, { shape }] of given.entries())
        if (shape?.types.every(({ kind }) => kind !== 'primitive' && kind !== 'logical') === true)
          this.#context.report.error(
            'wrong-parameters',
            parameters[index]?.at ?? at,
            `${name}() takes texts and numbers, and is given ${inWords(shape.types)}`,
            'Name the element that is meant.',
          );
    switch (name) {
      case 'create':
        return { shape: this.#created(transform, element) };
      case 'copy':
        return first ?? nothingKnown;
      case 'cast':
        return { shape: this.#cast(transform, element) };
      case 'translate':
        return { shape: this.#translated(transform, element) };
      case 'reference':
      case 'pointer':
        this.#mustBeResource(parameters[0], first, name);
        return this.#given(name);
      case 'truncate':
        this.#mustBeCount(parameters[1]);
        return this.#given(name);
      default:
        return this.#given(name);
    }
  }

  #given(name: string): Made {
    const gives = Object.hasOwn(givenTypes, name) ? givenTypes[name] : undefined;
    return gives === undefined ? nothingKnown : { shape: shapeOf([this.#context.library.types.get(gives)]) };
  }

  #mustFit({ name, parameters, at }: Transform, { min, max }: { readonly min: number; readonly max: number }): boolean {
    const { length } = parameters;
    if (length >= min && length <= max) return true;
    const wanted = max === Infinity ? `at least ${min}` : min === max ? String(min) : `${min} to ${max}`;
    const most = max === Infinity ? min : max;
    this.#context.report.error(
      'wrong-parameters',
      at,
      `${name}() takes ${wanted} parameter${most === 1 ? '' : 's'}, and has ${length}`,
    );
    return false;
  }

  /** A parameter of a transform or a group: its variable must exist, and the elements after it. */
  parameter(parameter: Parameter, scope: Scope): Made {
    const { report, library } = this.#context;
    if (parameter.kind === 'literal')
      return { shape: shapeOf([library.types.get(parameter.literal.type)]), literal: parameter.literal };
    if (parameter.kind === 'expression')
      return { shape: this.#expressions.check(parameter.expression, { shape: undefined, none: true }, scope) };
    const { variable: name, elements, at } = parameter;
    const variable = scope.any(name);
    if (variable === undefined) {
      const suggestion =
        wordSlip(name) ??
        didYouMean(name, scope.names()) ??
        (typeNamed(library, this.#context.map, name) === undefined
          ? namesHere(scope)
          : `A type stands in quotes: '${name}'.`);
      report.error('unknown-variable', at, `there is no variable ${name} here`, suggestion);
      return nothingKnown;
    }
    variable.used = true;
    let { shape } = variable;
    for (const [index, element] of elements.entries()) {
      const child = childOf(library.types, shape, element);
      if (child.kind === 'missing' && shape !== undefined)
        report.error(
          'unknown-element',
          placeOfElement(at, name, elements, index),
          `${inWords(shape.types)} has no element ${element}`,
          didYouMean(element, child.names) ?? hasWhat(shape.types, child.names),
        );
      shape = child.kind === 'found' ? child.shape : undefined;
    }
    return { shape };
  }

  /** `(expr)`; `evaluate(context, expr)`, whose expression may look like a path. */
  #evaluated(transform: Transform, scope: Scope): Made {
    const { parameters } = transform;
    if (!this.#mustFit(transform, { min: 1, max: 2 })) return nothingKnown;
    const [first, second] = parameters;
    const context = second === undefined || first === undefined ? undefined : this.parameter(first, scope);
    const written = second ?? first;
    if (written === undefined) return nothingKnown;
    const focus = context === undefined ? { shape: undefined, none: true as const } : { shape: context.shape };
    if (written.kind === 'expression') return { shape: this.#expressions.check(written.expression, focus, scope) };
    // A string means itself.
    if (written.kind === 'literal') return this.parameter(written, scope);
    const text = [written.variable, ...written.elements].join('.');
    return { shape: this.#expressions.check({ text, at: written.at }, focus, scope) };
  }

  #created({ parameters, at }: Transform, element: readonly TypeDef[] | undefined): Shape {
    const { report, library, map } = this.#context;
    const [parameter] = parameters;
    if (parameter === undefined) {
      // A default group for the source may say which.
      const open = [map, ...importedMaps(library, map)].some(({ groups }) =>
        groups.some(({ typeMode }) => typeMode === 'type-and-types'),
      );
      if (element !== undefined && element.length > 1 && !open)
        report.error(
          'wrong-parameters',
          at,
          `create() without a type: the element may be ${inWords(element)}`,
          `Write create('${element[0]?.name}').`,
        );
      return element?.length === 1 ? shapeOf(element) : undefined;
    }
    if (parameter.kind !== 'literal') return undefined;
    const written = String(parameter.literal.value);
    const type = typeNamed(library, map, written);
    if (type === undefined && library.types.all().length > 0)
      report.error(
        'unknown-type',
        parameter.at,
        `there is no type ${written}`,
        didYouMean(written, [
          ...map.structures.flatMap(({ alias }) => alias ?? []),
          ...library.types.all().map(({ name }) => name),
        ]),
      );
    if (type !== undefined && isAbstract(type))
      report.error(
        'unknown-type',
        parameter.at,
        `there is no ${type.name} as such to create`,
        'Say which one is meant.',
      );
    return type === undefined ? undefined : { types: [type], repeats: false };
  }

  #cast({ parameters }: Transform, element: readonly TypeDef[] | undefined): Shape {
    const { report, library } = this.#context;
    const type = parameters[1];
    if (type === undefined) return element?.length === 1 ? shapeOf(element) : undefined;
    if (type.kind !== 'literal') return undefined;
    const written = String(type.literal.value);
    const known = library.types.get(written);
    if (known?.kind === 'primitive' || library.types.all().length === 0) return shapeOf([known]);
    report.error(
      'wrong-parameters',
      type.at,
      known === undefined ? `there is no type ${written}` : `cast makes primitives, and ${written} is none`,
      known === undefined
        ? didYouMean(
            written,
            library.types.all().flatMap(({ kind, name }) => (kind === 'primitive' ? [name] : [])),
          )
        : `Use create('${written}').`,
    );
    return undefined;
  }

  #translated({ parameters }: Transform, element: readonly TypeDef[] | undefined): Shape {
    const { report, library, map } = this.#context;
    const [, table, output] = parameters;
    if (table?.kind === 'literal') {
      const written = String(table.literal.value);
      if (findConceptMap(library, map, written) === undefined)
        report.error(
          'unknown-concept-map',
          table.at,
          `there is no ConceptMap ${written}`,
          didYouMean(written, [
            ...library.conceptMaps.flatMap(({ url }) => url ?? []),
            ...map.conceptMaps.flatMap(({ id }) => (id === undefined ? [] : [`#${id}`])),
          ]) ??
            (written.startsWith('#')
              ? `Write it before the groups: conceptmap "${written.slice(1)}" { … }`
              : 'Lay it beside the map as a .conceptmap.json with this url.'),
        );
    }
    if (output === undefined) {
      const [only, second] = element ?? [];
      const asked = second === undefined && (only?.name === 'CodeableConcept' || only?.name === 'Coding');
      return asked ? shapeOf([only]) : shapeOf([library.types.get('code')]);
    }
    if (output.kind !== 'literal') return undefined;
    const written = String(output.literal.value);
    const gives = Object.hasOwn(outputs, written) ? outputs[written] : undefined;
    if (gives !== undefined) return shapeOf([library.types.get(gives)]);
    report.error(
      'wrong-parameters',
      output.at,
      `translate gives no ${written}`,
      didYouMean(written, Object.keys(outputs)) ?? 'It gives code, system, display, Coding or CodeableConcept.',
    );
    return undefined;
  }

  #mustBeResource(parameter: Parameter | undefined, made: Made | undefined, name: string): void {
    if (parameter === undefined || made?.shape === undefined) return;
    const { types } = made.shape;
    if (types.every(({ kind }) => kind !== 'resource' && kind !== 'logical'))
      this.#context.report.error(
        'wrong-parameters',
        parameter.at,
        `${name}() wants a resource, and is given ${inWords(types)}`,
      );
  }

  #mustBeCount(parameter: Parameter | undefined): void {
    if (parameter?.kind !== 'literal') return;
    const { value } = parameter.literal;
    if (typeof value === 'number' ? Number.isInteger(value) && value >= 0 : /^\d+$/u.test(String(value))) return;
    this.#context.report.error('wrong-parameters', parameter.at, 'truncate() wants a number of characters');
  }

  /** Reports what can never stand in an element of these types, and gives false for it; `where` names the element. */
  mustStand(made: Made, offered: readonly TypeDef[], at: Place, where: string): boolean {
    const { literal, shape } = made;
    const wrong = (what: string, suggestion: string | undefined): false => {
      this.#context.report.error('wrong-type', at, what, suggestion);
      return false;
    };
    if (literal !== undefined) {
      const primitives = offered.filter(({ kind }) => kind === 'primitive');
      if (offered.some(({ kind, open }) => kind === 'logical' || open)) return true;
      if (primitives.some(({ name }) => castPrimitive(literal.value, name) !== undefined)) return true;
      return primitives.length === 0
        ? wrong(`${where} is ${inWords(offered)}, and no ${literal.type}`, wayTo(offered))
        : wrong(
            `${JSON.stringify(literal.value)} is no ${inWords(primitives)}, which ${where} takes`,
            wayToWrite(primitives),
          );
    }
    if (shape === undefined || shape.types.some((type) => offered.some((each) => fits(type, each)))) return true;
    const resource =
      shape.types.every(({ kind }) => kind === 'resource') && offered.some(({ name }) => name === 'Reference');
    return wrong(
      `${where} takes ${inWords(offered)}, and is given ${inWords(shape.types)}`,
      resource ? 'Use reference(…) of the resource.' : wayTo(offered, shape.types),
    );
  }
}

/** How the constants of a type are written. */
function wayToWrite(types: readonly TypeDef[]): string | undefined {
  const [type] = types;
  if (types.length !== 1) return undefined;
  if (type?.name === 'boolean') return 'Write true or false.';
  if (type?.name === 'date') return "Write '2026-05-06', or less of it.";
  return type?.name === 'dateTime' || type?.name === 'instant' ? "Write '2026-05-06T10:00:00Z'." : undefined;
}

/** How to make what an element takes. */
function wayTo(offered: readonly TypeDef[], given: readonly TypeDef[] = []): string | undefined {
  const names = offered.map(({ name }) => name);
  const text = given.every(({ kind }) => kind === 'primitive');
  if (names.length > 3) return undefined;
  if (names.includes('CodeableConcept'))
    return given.some(({ name }) => name === 'Coding')
      ? 'Write it to the coding of the element.'
      : text
        ? "Use cc('system', 'code'), or cc('text')."
        : undefined;
  if (!text) return undefined;
  if (names.includes('Coding')) return "Use c('system', 'code').";
  if (names.includes('Quantity')) return "Use qty(value, 'unit', 'system', 'code'), or create('Quantity').";
  if (names.includes('Identifier')) return "Use id('system', value).";
  if (names.includes('ContactPoint')) return "Use cp(value), or cp('system', value).";
  if (names.includes('Reference')) return 'Write it to the reference of the element.';
  const [type] = names;
  return type === undefined || offered[0]?.kind === 'primitive'
    ? undefined
    : `Write to the elements of ${type} instead.`;
}
