/**
 * What can be known to be wrong with an expression before it meets data, all of it and with places: unknown functions,
 * variables, types and elements. Types are followed through the expression as far as they can be known.
 */
import type { TypeDef, TypeTable } from '../definitions/types.ts';
import { isA } from '../definitions/types.ts';
import type { Ast, CallAst, MemberAst, TypeName } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { builtIns, knownFunctions, wrongNumber, type Arity } from './functions/index.ts';
import { parseExpression, typeNameIn } from './parse.ts';
import { nearestName } from './spelling.ts';
import { systemTypes } from './system.ts';
import { findType } from './types-of.ts';

/** The types that items can have; undefined where nothing is known. */
export type StaticTypes = readonly TypeDef[] | undefined;

export type ExpressionFinding = {
  readonly code: FhirPathSyntaxError['code'] | 'unknown-element';
  /** Where in the text of the expression. */
  readonly offset: number;
  readonly length: number;
  readonly what: string;
  readonly suggestion?: string;
};

export type CheckOptions = {
  readonly types: TypeTable;
  readonly focus?: StaticTypes;
  /** Undefined: there is no such variable. */
  readonly variable?: (name: string) => { readonly types: StaticTypes } | undefined;
  readonly bareVariables?: boolean;
  readonly functions?: Readonly<Record<string, Arity>>;
};

export type CheckedExpression = {
  readonly findings: readonly ExpressionFinding[];
  /** Of the result. */
  readonly types: StaticTypes;
  /** Names of the variables that are read, with and without %. */
  readonly variables: ReadonlySet<string>;
};

/** Reads an expression and follows its types. The findings are in the order of the text. */
export function checkExpression(text: string, options: CheckOptions): CheckedExpression {
  let ast: Ast;
  try {
    ast = parseExpression(text);
  } catch (error) {
    if (!(error instanceof FhirPathSyntaxError)) throw error;
    const { code, offset, length, message } = error;
    return { findings: [{ code, offset, length, what: message }], types: undefined, variables: new Set() };
  }
  const checker = new Checker(options);
  const types = checker.typesOf(ast, options.focus, false);
  const findings = checker.findings.toSorted((a, b) => a.offset - b.offset);
  return { findings, types, variables: checker.variables };
}

const known = new Set(['context', 'resource', 'rootResource', 'ucum', 'sct', 'loinc']);

const { Boolean: boolean, String: string, Integer: integer, Decimal: decimal } = systemTypes;

/** What functions give; those that are not here give what nothing is known of. */
const results: ReadonlyMap<string, TypeDef | 'input'> = new Map<string, TypeDef | 'input'>([
  ...'where first last tail single skip take distinct trace exclude intersect'
    .split(' ')
    .map((name): [string, 'input'] => [name, 'input']),
  ...(
    'empty exists all not allTrue anyTrue allFalse anyFalse subsetOf supersetOf isDistinct is matches matchesFull ' +
    'startsWith endsWith contains hasValue memberOf conformsTo htmlChecks toBoolean'
  )
    .split(' ')
    .map((name): [string, TypeDef] => [name, boolean]),
  ...'replaceMatches substring replace upper lower toChars trim split join encode decode escape unescape toString'
    .split(' ')
    .map((name): [string, TypeDef] => [name, string]),
  ...'count indexOf lastIndexOf length toInteger ceiling floor truncate'
    .split(' ')
    .map((name): [string, TypeDef] => [name, integer]),
  ...'toDecimal exp ln log sqrt round'.split(' ').map((name): [string, TypeDef] => [name, decimal]),
  ['today', systemTypes.Date],
  ['toDate', systemTypes.Date],
  ['now', systemTypes.DateTime],
  ['toDateTime', systemTypes.DateTime],
  ['timeOfDay', systemTypes.Time],
  ['toTime', systemTypes.Time],
  ['toQuantity', systemTypes.Quantity],
]);

const literals: Readonly<Record<string, TypeDef>> = {
  string,
  integer,
  decimal,
  boolean,
  date: systemTypes.Date,
  dateTime: systemTypes.DateTime,
  time: systemTypes.Time,
  quantity: systemTypes.Quantity,
};

class Checker {
  readonly findings: ExpressionFinding[] = [];
  readonly variables = new Set<string>();
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  typesOf(ast: Ast, focus: StaticTypes, inner: boolean): StaticTypes {
    switch (ast.kind) {
      case 'literal':
        return [literals[ast.type] as TypeDef];
      case 'empty':
        return [];
      case 'this':
        return focus;
      case 'index':
        return [integer];
      case 'total':
        return undefined;
      case 'variable':
        return this.#variable(ast.name, ast.offset, ast.length);
      case 'member':
        return this.#member(ast, focus, inner);
      case 'call':
        return this.#call(ast, focus, inner);
      case 'item':
        this.typesOf(ast.at, focus, inner);
        return this.typesOf(ast.of, focus, inner);
      case 'sign':
        return this.typesOf(ast.of, focus, inner);
      case 'type': {
        this.typesOf(ast.of, focus, inner);
        const type = this.#type(ast.type);
        return ast.operator === 'is' ? [boolean] : type;
      }
      case 'binary':
        break;
    }
    const left = this.typesOf(ast.left, focus, inner);
    const right = this.typesOf(ast.right, focus, inner);
    if (ast.operator === '|')
      return left === undefined || right === undefined ? undefined : [...new Set([...left, ...right])];
    if (ast.operator === '&') return [string];
    return '+-*/divmod'.includes(ast.operator) ? undefined : [boolean];
  }

  #variable(name: string, offset: number, length: number): StaticTypes {
    this.variables.add(name);
    const variable = this.#options.variable?.(name);
    if (variable !== undefined) return variable.types;
    if (name === 'context') return this.#options.focus;
    if (!known.has(name) && !/^(?:vs|ext)-/u.test(name))
      this.findings.push({ code: 'unknown-variable', offset, length, what: `there is no variable %${name}` });
    return undefined;
  }

  #member(ast: MemberAst, focus: StaticTypes, inner: boolean): StaticTypes {
    const { of, name } = ast;
    if (of !== undefined) return this.#element(this.typesOf(of, focus, inner), ast);
    if (/^[A-Z]/u.test(name)) {
      const type = this.#options.types.get(name);
      if (focus?.some((each) => isA(each, name)) === true) return focus;
      if (type !== undefined && (focus === undefined || focus.some((each) => isA(type, each.name)))) return [type];
    }
    const variable = this.#options.bareVariables === true ? this.#options.variable?.(name) : undefined;
    if (variable === undefined) return this.#element(focus, ast);
    const own = focus?.some((type) => this.#options.types.element(type, name) !== undefined) === true;
    if (own || (inner && (focus === undefined || focus.some(isOpen)))) return this.#element(focus, ast);
    this.variables.add(name);
    return variable.types;
  }

  #element(of: StaticTypes, { name, nameOffset }: MemberAst): StaticTypes {
    if (of === undefined || of.length === 0) return undefined;
    const found = new Set<TypeDef>();
    const names: string[] = [];
    let exists = false;
    for (const type of of) {
      const element = this.#options.types.element(type, name);
      if (element === undefined) {
        if (isOpen(type)) return undefined;
        names.push(...Array.from(type.elements.values(), (def) => def.name));
        continue;
      }
      exists = true;
      const types =
        element.key === undefined ? element.def.types : element.key.type === undefined ? [] : [element.key.type];
      if (types.length === 0) return undefined;
      for (const each of types) found.add(each);
    }
    if (exists) return [...found];
    const suggestion = nearestName(name, names);
    this.findings.push({
      code: 'unknown-element',
      offset: nameOffset,
      length: name.length,
      what: `${of.map((type) => type.name).join(' or ')} has no element ${name}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    return undefined;
  }

  #call(ast: CallAst, focus: StaticTypes, inner: boolean): StaticTypes {
    const { name, nameOffset, arguments: parameters } = ast;
    const input = ast.of === undefined ? focus : this.typesOf(ast.of, focus, inner);
    const functions = this.#options.functions;
    const own = functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
    const typed = own === undefined && (name === 'is' || name === 'as' || name === 'ofType');
    const builtIn = own ?? knownFunctions.get(name);
    const at = { offset: nameOffset, length: name.length };
    if (builtIn === undefined) {
      const suggestion = nearestName(name, knownFunctions.keys());
      this.findings.push({
        code: 'unknown-function',
        ...at,
        what: `there is no function ${name}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    } else if (parameters.length < builtIn.min || parameters.length > builtIn.max)
      this.findings.push({ code: 'wrong-parameters', ...at, what: wrongNumber(name, builtIn, parameters.length) });
    if (typed) {
      const written = parameters[0] === undefined ? undefined : typeNameIn(parameters[0]);
      const type = written === undefined ? undefined : this.#type(written);
      return name === 'is' ? [boolean] : type;
    }
    const perItem = own === undefined && builtIns.get(name)?.perItem === true;
    const given = parameters.map((parameter) =>
      this.typesOf(parameter, perItem ? input : focus, inner || (perItem && ast.of !== undefined)),
    );
    if (own !== undefined) return undefined;
    if (name === 'select') return given[0];
    if (name === 'extension') return this.#extension();
    if (name === 'iif')
      return given.slice(1).some((types) => types === undefined)
        ? undefined
        : [...new Set(given.slice(1).flatMap((types) => types ?? []))];
    const result = results.get(name);
    return result === 'input' ? input : result === undefined ? undefined : [result];
  }

  #extension(): StaticTypes {
    const type = this.#options.types.get('Extension');
    return type === undefined ? undefined : [type];
  }

  #type(written: TypeName): StaticTypes {
    const { name, offset, length } = written;
    const type = findType(this.#options.types, written);
    if (type !== undefined) return [type];
    const suggestion = nearestName(
      name,
      this.#options.types.all().map((each) => each.name),
    );
    this.findings.push({
      code: 'unknown-type',
      offset,
      length,
      what: `there is no type ${name}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    return undefined;
  }
}

/** Whether items of a type can have elements that the type does not say. */
const isOpen = (type: TypeDef): boolean =>
  type.open ||
  type.elements.size === 0 ||
  type.name === 'Resource' ||
  type.name === 'DomainResource' ||
  type.name === 'Element' ||
  type.name === 'BackboneElement';
