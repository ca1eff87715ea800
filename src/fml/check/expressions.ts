/**
 * Checks the FHIRPath of a map: that it can be read, that its functions, variables, types and elements exist, where that
 * can be known. Gives the shape of its result. All that is wrong is told, not only the first.
 */
import type { TypeDef } from '../../definitions/types.ts';
import { builtIns, knownFunctions, wrongNumber } from '../../fhirpath/functions/index.ts';
import {
  FhirPathSyntaxError,
  parseExpression,
  type Ast,
  type CallAst,
  type MemberAst,
  type TypeName,
} from '../../fhirpath/index.ts';
import { typeNameIn } from '../../fhirpath/parse.ts';
import { typeNamed, type Library } from '../link.ts';
import type { Expression, MapText } from '../model.ts';
import { didYouMean, nearest } from '../../definitions/nearest.ts';
import { misfit, notAText } from './operands.ts';
import { placeIn, type Report } from './report.ts';
import { ofTexts, results } from './results.ts';
import { namesHere, noteRead, type Scope, type Variable } from './scope.ts';
import { hasWhat, syntaxSlip, transformSlip, wordSlip } from './slips.ts';
import { childOf, inWords, repeated, shapeOf, single, union, type Shape } from './shape.ts';

/** Least and most number of parameters. */
type Arity = { readonly min: number; readonly max: number };

export type ExpressionContext = {
  readonly library: Library;
  readonly map: MapText;
  readonly report: Report;
  /** Functions that the runner adds to those of FHIRPath. */
  readonly functions: Readonly<Record<string, Arity>>;
};

/** What `$this` is; `none`: there is none, as in `= (…)`. */
export type Focus = { readonly shape: Shape; readonly none?: true };

const environment = new Set(['context', 'resource', 'rootResource', 'ucum', 'sct', 'loinc']);
const systemTypes = ['Boolean', 'String', 'Integer', 'Decimal', 'Date', 'DateTime', 'Time', 'Quantity', 'Any'];
/** Their result follows from what they are given: not known. */
const arithmetic = new Set<string>(['+', '-', '*', '/', 'div', 'mod']);
const typeFunctions = new Set(['is', 'as', 'ofType']);

export class Expressions {
  readonly #context: ExpressionContext;
  /** Read once, however often a rule is looked at. */
  readonly #read = new Map<Expression, Ast | FhirPathSyntaxError>();

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  /** The tree; undefined when it cannot be read. */
  tree(expression: Expression): Ast | undefined {
    let read = this.#read.get(expression);
    if (read === undefined) {
      try {
        read = parseExpression(expression.text);
      } catch (error) {
        if (!(error instanceof FhirPathSyntaxError)) throw error;
        read = error;
      }
      this.#read.set(expression, read);
    }
    return read instanceof FhirPathSyntaxError ? undefined : read;
  }

  /** The shape of what the expression gives. */
  check(expression: Expression, focus: Focus, scope: Scope): Shape {
    const tree = this.tree(expression);
    if (tree !== undefined) return new Walk(this.#context, expression, scope).shape(tree, focus, false);
    const fault = this.#read.get(expression);
    if (fault instanceof FhirPathSyntaxError)
      this.#context.report.error(
        'expression',
        placeIn(expression, fault.offset, Math.max(1, fault.length)),
        `the expression cannot be read: ${fault.message}`,
        syntaxSlip(expression.text, fault.offset),
      );
    scope.useAll();
    return undefined;
  }
}

/** One expression of a rule. */
class Walk {
  readonly #context: ExpressionContext;
  readonly #expression: Expression;
  readonly #scope: Scope;

  constructor(context: ExpressionContext, expression: Expression, scope: Scope) {
    this.#context = context;
    this.#expression = expression;
    this.#scope = scope;
  }

  /** `inner`: in a parameter that is looked at for each item, where a bare name is the item's. */
  shape(ast: Ast, focus: Focus, inner: boolean): Shape {
    switch (ast.kind) {
      case 'literal':
        return this.#primitive(ast.type === 'quantity' ? 'Quantity' : ast.type);
      case 'empty':
      case 'total':
        return undefined;
      case 'this':
        return focus.shape;
      case 'index':
        return this.#primitive('integer');
      case 'variable':
        return this.#variable(ast.name, ast.offset, ast.length);
      case 'member':
        return this.#member(ast, focus, inner);
      case 'call':
        return this.#call(ast, focus, inner);
      case 'item':
        this.shape(ast.at, focus, inner);
        return single(this.shape(ast.of, focus, inner));
      case 'sign':
        return this.shape(ast.of, focus, inner);
      case 'type': {
        const of = this.shape(ast.of, focus, inner);
        return ast.operator === 'is' ? this.#primitive('boolean', ast.type) : this.#narrowed(of, ast.type);
      }
      case 'binary':
      default:
        return this.#binary(ast, focus, inner);
    }
  }

  #primitive(name: string, type?: TypeName): Shape {
    if (type !== undefined) this.#type(type);
    return shapeOf([this.#context.library.types.get(name)]);
  }

  #binary(ast: Extract<Ast, { kind: 'binary' }>, focus: Focus, inner: boolean): Shape {
    const left = this.shape(ast.left, focus, inner);
    const right = this.shape(ast.right, focus, inner);
    const wrong = misfit(ast.operator, left, right);
    if (wrong !== undefined)
      this.#context.report[wrong.severity](
        'wrong-type',
        placeIn(this.#expression, ast.operatorOffset, ast.operator.length),
        wrong.what,
        wrong.suggestion,
      );
    if (arithmetic.has(ast.operator)) return undefined;
    if (ast.operator === '&') return this.#primitive('string');
    return ast.operator === '|' ? repeated(union(left, right)) : this.#primitive('boolean');
  }

  #variable(name: string, offset: number, length: number): Shape {
    const variable = this.#scope.any(name);
    if (variable !== undefined) {
      variable.used = true;
      return variable.shape;
    }
    if (environment.has(name) || /^(?:vs|ext)-/u.test(name)) return undefined;
    this.#context.report.error(
      'unknown-variable',
      placeIn(this.#expression, offset, length),
      `there is no variable %${name} here`,
      didYouMean(name, [...this.#scope.names(), ...environment]) ?? namesHere(this.#scope),
    );
    return undefined;
  }

  #member(ast: MemberAst, focus: Focus, inner: boolean): Shape {
    const { name, nameOffset } = ast;
    if (ast.of !== undefined) {
      const base = ast.of.kind === 'variable' ? this.#scope.any(ast.of.name) : undefined;
      return this.#child(this.shape(ast.of, focus, inner), name, nameOffset, base);
    }
    const variable = this.#scope.any(name);
    const child = childOf(this.#context.library.types, focus.shape, name);
    if (child.kind === 'found') return child.shape;
    if (variable !== undefined) {
      // It may well be the variable: better not to call that unused.
      variable.used = true;
      if (child.kind === 'missing' || focus.none === true) return variable.shape;
      return undefined;
    }
    const type = /^[A-Z]/u.test(name) ? this.#context.library.types.get(name) : undefined;
    if (type !== undefined && !focus.none)
      return focus.shape?.types.includes(type) === true ? shapeOf([type]) : undefined;
    if (focus.none === true)
      this.#context.report.error(
        'unknown-variable',
        placeIn(this.#expression, nameOffset, name.length),
        `there is no variable ${name} here, and an expression after “=” has nothing else that a name could mean`,
        wordSlip(name) ?? didYouMean(name, this.#scope.names()) ?? namesHere(this.#scope),
      );
    else if (child.kind === 'missing' && focus.shape !== undefined)
      this.#missing(focus.shape.types, name, nameOffset, [...child.names, ...this.#scope.names()]);
    return undefined;
  }

  #child(of: Shape, name: string, offset: number, base: Variable | undefined): Shape {
    const child = childOf(this.#context.library.types, of, name);
    if (base !== undefined && child.kind !== 'unknown')
      noteRead(base, child.kind === 'found', child.kind === 'missing' && nearest(name, child.names) !== undefined);
    if (child.kind === 'found') return child.shape;
    if (child.kind === 'missing' && of !== undefined) this.#missing(of.types, name, offset, child.names);
    return undefined;
  }

  #missing(types: readonly TypeDef[], name: string, offset: number, names: readonly string[]): void {
    const written = this.#expression.text[offset] === '`' ? name.length + 2 : name.length;
    // FHIRPath has it that such a path gives nothing, and published maps live with that. A logical model is what a map is
    // written for: there it is a slip.
    const severity = types.some(({ kind }) => kind === 'logical') ? 'error' : 'warn';
    this.#context.report[severity](
      'unknown-element',
      placeIn(this.#expression, offset, written),
      `${inWords(types)} has no element ${name}`,
      wordSlip(name) ?? didYouMean(name, names) ?? hasWhat(types, names),
    );
  }

  #type(written: TypeName): TypeDef | undefined {
    const { library, map, report } = this.#context;
    const known =
      written.namespace === 'System'
        ? undefined
        : (library.types.resolve(written.name) ?? typeNamed(library, map, written.name));
    if (known !== undefined || (written.namespace !== 'FHIR' && systemTypes.includes(written.name))) return known;
    // Without definitions no type is known.
    if (library.types.all().length === 0) return undefined;
    report.error(
      'unknown-type',
      placeIn(this.#expression, written.offset, written.length),
      `there is no type ${written.name}`,
      didYouMean(written.name, [...library.types.all().map(({ name }) => name), ...systemTypes]),
    );
    return undefined;
  }

  /** `as` and ofType(): what is left when only a type passes. */
  #narrowed(of: Shape, written: TypeName): Shape {
    const type = this.#type(written);
    const shape = shapeOf([type], of?.repeats);
    if (type !== undefined && of !== undefined && shape !== undefined && !of.types.some((each) => related(each, type)))
      this.#context.report.warn(
        'unreachable',
        placeIn(this.#expression, written.offset, written.length),
        `what stands before it is ${inWords(of.types)} and never ${type.name}: nothing passes`,
        didYouMean(
          type.name,
          of.types.map(({ name }) => name),
        ),
      );
    return shape;
  }

  #call(ast: CallAst, focus: Focus, inner: boolean): Shape {
    const { name, nameOffset, of } = ast;
    const input = of === undefined ? focus.shape : this.shape(of, focus, inner);
    const added = Object.hasOwn(this.#context.functions, name) ? this.#context.functions[name] : undefined;
    if (added === undefined && typeFunctions.has(name) && this.#mustFit(ast, { min: 1, max: 1 })) {
      const parameter = ast.arguments[0] as Ast;
      const type = typeNameIn(parameter);
      if (type !== undefined) return name === 'is' ? this.#primitive('boolean', type) : this.#narrowed(input, type);
      this.#context.report.error(
        'wrong-parameters',
        placeIn(this.#expression, parameter.offset, parameter.length),
        `${name}() wants the name of a type`,
      );
      return undefined;
    }
    const builtIn = builtIns.get(name);
    const arity = added ?? builtIn;
    if (arity === undefined) {
      this.#context.report.error(
        'unknown-function',
        placeIn(this.#expression, nameOffset, name.length),
        `there is no function ${name}()`,
        transformSlip(name) ?? didYouMean(name, [...knownFunctions.keys(), ...Object.keys(this.#context.functions)]),
      );
    } else this.#mustFit(ast, arity);
    const wrong = added === undefined && ofTexts.has(name) ? notAText(input) : undefined;
    if (wrong !== undefined)
      this.#context.report.error(
        'wrong-type',
        placeIn(this.#expression, nameOffset, name.length),
        `${name}() works on texts: ${wrong.what}`,
        wrong.suggestion,
      );
    const perItem = added === undefined && builtIn?.perItem === true;
    const itemFocus: Focus = perItem && (of !== undefined || !focus.none) ? { shape: single(input) } : focus;
    const parameters = ast.arguments.map((argument) =>
      // What is gathered so far is also looked at: its shape is not known.
      this.shape(
        argument,
        name === 'repeat' ? { shape: undefined } : itemFocus,
        inner || (perItem && of !== undefined),
      ),
    );
    if (added !== undefined || (name === 'trace' && parameters.length > 1)) return undefined;
    const result = results.get(name);
    if (result === undefined) return undefined;
    const shape = this.#resultOf(result.gives, input, parameters);
    const repeats = result.repeats ?? (input === undefined || input.repeats || shape?.repeats === true);
    return repeats ? repeated(shape) : single(shape);
  }

  #resultOf(gives: string, input: Shape, parameters: readonly Shape[]): Shape {
    switch (gives) {
      case 'same':
        return input;
      case 'parameter':
        return parameters[0];
      case 'either':
        return union(input, parameters[0]);
      case 'branches':
        return parameters.length === 2 ? parameters[1] : union(parameters[1], parameters[2]);
      default:
        return this.#primitive(gives);
    }
  }

  #mustFit({ name, nameOffset, arguments: { length } }: CallAst, arity: Arity): boolean {
    if (length >= arity.min && length <= arity.max) return true;
    this.#context.report.error(
      'wrong-parameters',
      placeIn(this.#expression, nameOffset, name.length),
      wrongNumber(name, arity, length),
    );
    return false;
  }
}

const derives = (type: TypeDef | undefined, from: TypeDef): boolean => {
  for (let at = type; at !== undefined; at = at.base) if (at === from) return true;
  return false;
};

const related = (one: TypeDef, other: TypeDef): boolean => derives(one, other) || derives(other, one);
