/** The tree of an expression → closures over items. All that can be known before data comes is looked up here, once. */
import { isObject, Item, nothing } from '../definitions/item.ts';
import { pathTo, type Found } from '../definitions/path.ts';
import { isA, type TypeTable } from '../definitions/types.ts';
import { compute, numberItems, type ArithmeticOperator } from './arithmetic.ts';
import type { Ast, BinaryOperator, CallAst, LiteralAst, MemberAst, TypeName } from './ast.ts';
import {
  compareItems,
  equalCollections,
  equalItems,
  equivalentCollections,
  includesItem,
  temporalKind,
} from './equality.ts';
import { FhirPathError, FhirPathSyntaxError } from './errors.ts';
import { builtIns, knownFunctions, wrongNumber, type Arity } from './functions/index.ts';
import { append, united } from './functions/filtering.ts';
import {
  existsFrom,
  foundFrom,
  foundNode,
  listOf,
  textFrom,
  truthFrom,
  truthNode,
  type Env,
  type Exists,
  type FoundOf,
  type Items,
  type Node,
  type Scope,
} from './node.ts';
import { parseExpression, typeNameIn } from './parse.ts';
import { isQuantity, quantityItem, quantityOf } from './quantity.ts';
import {
  integerItem,
  isDecimal,
  numberOf,
  shownType,
  several,
  single,
  stringItem,
  systemTypes,
  truthItems,
  type Truth,
} from './system.ts';
import { nearest } from '../definitions/nearest.ts';
import { findType, typeTest } from './types-of.ts';

/** A function that the caller adds. */
export type FunctionDef = Arity & {
  readonly evaluate: (input: readonly Item[], parameters: readonly (readonly Item[])[], env: Env) => readonly Item[];
};

export type CompileOptions = {
  readonly types: TypeTable;
  /** `%name` → accessor; undefined: there is no such variable, which is an error with a place. One item may come as itself. */
  readonly variable?: (name: string) => ((env: Env) => Found) | undefined;
  /** FML: a name at the start of a path is a variable where the focus has no such element. */
  readonly bareVariables?: boolean;
  /** A type that is not known is one that nothing has, and no error: profiles name types of other versions of FHIR. */
  readonly foreignTypes?: boolean;
  /** By name; they go before those of FHIRPath. */
  readonly functions?: Readonly<Record<string, FunctionDef>>;
};

export type CompiledExpression = {
  readonly text: string;
  /** Throws FhirPathError. */
  readonly evaluate: (focus: readonly Item[], env: Env) => readonly Item[];
  /** The same; one item comes without a list around it. */
  readonly find: (focus: readonly Item[], env: Env) => Found;
  /** As `where`, `check` and invariants read a result: empty is false, one thing that is no boolean true. */
  readonly test: (focus: Item | undefined, env: Env) => boolean;
};

/** Deeper than any tree of a person; closures call each other as deep as the tree is. */
const deepest = 500;

/** Reads and compiles an expression. Throws FhirPathSyntaxError. */
export function compileExpression(text: string, options: CompileOptions): CompiledExpression {
  const node = new Compiler(text, options).node(parseExpression(text), false);
  const truth = truthFrom(node, text);
  const found = foundFrom(node);
  const scopeOf = (focus: readonly Item[], env: Env): Scope => ({ env, context: focus, index: -1, total: nothing });
  return {
    text,
    evaluate: (focus, env) => node.items(focus, scopeOf(focus, env)),
    find: (focus, env) => found(focus, scopeOf(focus, env)),
    test: (focus, env) => {
      const items = focus === undefined ? nothing : [focus];
      return truth(items, scopeOf(items, env)) === true;
    },
  };
}

const constants: Readonly<Record<string, string>> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
};

const focusItems: Items = (focus) => focus;

class Compiler {
  readonly #text: string;
  readonly #types: TypeTable;
  readonly #options: CompileOptions;
  #depth = 0;

  constructor(text: string, options: CompileOptions) {
    this.#text = text;
    this.#types = options.types;
    this.#options = options;
  }

  #shown(ast: Ast): string {
    return this.#text.slice(ast.offset, ast.offset + ast.length);
  }

  /** `inner`: in a parameter that is evaluated for each item of another path, where a bare name is the item's. */
  node(ast: Ast, inner: boolean): Node {
    this.#depth += 1;
    if (this.#depth > deepest)
      throw new FhirPathSyntaxError('the expression is nested too deeply', ast.offset, ast.length);
    const made = this.#node(ast, inner);
    this.#depth -= 1;
    return made;
  }

  #node(ast: Ast, inner: boolean): Node {
    switch (ast.kind) {
      case 'literal':
        return literal(ast);
      case 'empty':
        return { items: () => nothing };
      case 'this':
        return { items: focusItems };
      case 'index':
        return { items: (_, scope) => (scope.index < 0 ? nothing : [integerItem(scope.index)]) };
      case 'total':
        return { items: (_, scope) => scope.total };
      case 'variable':
        return this.#variable(ast.name, ast);
      case 'member':
        return this.#member(ast, inner);
      case 'call':
        return this.#call(ast, inner);
      case 'item':
        return this.#item(this.node(ast.of, inner), this.node(ast.at, inner), this.#shown(ast));
      case 'sign':
        return this.#sign(ast.operator, this.node(ast.of, inner), this.#shown(ast));
      case 'type':
        return typed(this.node(ast.of, inner), ast.operator, this.#typeTest(ast.type, false), this.#shown(ast));
      case 'binary':
        break;
    }
    return binary(ast.operator, this.node(ast.left, inner), this.node(ast.right, inner), this.#shown(ast), [
      this.#shown(ast.left),
      this.#shown(ast.right),
    ]);
  }

  #variable(name: string, { offset, length }: Ast): Node {
    const own = this.#options.variable?.(name);
    if (own !== undefined) return foundNode((_, { env }) => own(env));
    const constant = constants[name] ?? canonicalOf(name);
    if (constant !== undefined) {
      const item = stringItem(constant);
      const items = [item];
      return { items: () => items, found: () => item };
    }
    switch (name) {
      case 'context':
        return { items: (_, { context }) => context };
      case 'resource':
        return foundNode((_, { env, context }) => env.resource ?? context);
      case 'rootResource':
        return foundNode((_, { env, context }) => env.rootResource ?? env.resource ?? context);
      default:
        throw new FhirPathSyntaxError(`there is no variable %${name}`, offset, length, 'unknown-variable');
    }
  }

  #member(ast: MemberAst, inner: boolean): Node {
    const names: string[] = [];
    let start: Ast = ast;
    for (; start.kind === 'member' && start.of !== undefined; start = start.of) names.unshift(start.name);
    if (names.length === 0) return this.#start(ast.name, inner);
    const from = foundFrom(start.kind === 'member' ? this.#start(start.name, inner) : this.node(start, inner));
    const path = pathTo(this.#types, names);
    const found: FoundOf = (focus, scope) => {
      const one = from(focus, scope);
      if (one === undefined || one instanceof Item) return one === undefined ? one : path.from(one);
      const out: Item[] = [];
      for (let index = 0; index < one.length; index += 1) append(out, listOf(path.from(one[index] as Item)));
      return out;
    };
    return {
      found,
      items: (focus, scope) => listOf(found(focus, scope)),
      exists: (focus, scope) => {
        const one = from(focus, scope);
        if (one === undefined || one instanceof Item) return one !== undefined && path.present(one);
        for (let index = 0; index < one.length; index += 1) if (path.present(one[index] as Item)) return true;
        return false;
      },
    };
  }

  /** The first name of a path: the type of the focus (`Patient.name`), an element of it, or a variable. */
  #start(name: string, inner: boolean): Node {
    const path = pathTo(this.#types, [name]);
    const mayBeType = /^[A-Z]/u.test(name);
    const variable = this.#options.bareVariables === true ? this.#options.variable?.(name) : undefined;
    const from = (item: Item): Found => (mayBeType && isNamed(item, name) ? item : path.from(item));
    const found = (focus: readonly Item[]): Found => {
      if (focus.length === 1) return from(focus[0] as Item);
      const out: Item[] = [];
      for (let index = 0; index < focus.length; index += 1) append(out, listOf(from(focus[index] as Item)));
      return out;
    };
    if (variable === undefined)
      return {
        found,
        items: (focus) => listOf(found(focus)),
        exists: (focus) => {
          for (let index = 0; index < focus.length; index += 1) {
            const item = focus[index] as Item;
            if ((mayBeType && isNamed(item, name)) || path.present(item)) return true;
          }
          return false;
        },
      };
    const types = this.#types;
    const own = (item: Item): boolean => {
      if (mayBeType && isNamed(item, name)) return true;
      const { type, json } = item;
      if (type !== undefined && type.elements.size > 0) {
        if (types.element(type, name) !== undefined) return true;
        if (!type.open) return false;
      }
      return inner || (isObject(json) && (Object.hasOwn(json, name) || Object.hasOwn(json, `_${name}`)));
    };
    return foundNode((focus, { env }) => (focus.length > 0 && focus.some(own) ? found(focus) : variable(env)));
  }

  #call(ast: CallAst, inner: boolean): Node {
    const { name, nameOffset } = ast;
    const added = this.#options.functions;
    const own = added !== undefined && Object.hasOwn(added, name) ? added[name] : undefined;
    const builtIn = own === undefined ? builtIns.get(name) : undefined;
    const of: Node = ast.of === undefined ? { items: focusItems } : this.node(ast.of, inner);
    const what = this.#shown(ast);
    const parameters = ast.arguments;
    if (own === undefined && (name === 'is' || name === 'as' || name === 'ofType')) {
      this.#mustFit(ast, 1, 1);
      const parameter = parameters[0] as Ast;
      const type = typeNameIn(parameter);
      if (type === undefined)
        throw new FhirPathSyntaxError(`${name}() wants the name of a type`, parameter.offset, parameter.length);
      const test = this.#typeTest(type, name === 'ofType');
      return typed(of, name === 'is' ? 'is' : 'as', test, what);
    }
    if (own !== undefined) {
      this.#mustFit(ast, own.min, own.max);
      const given = parameters.map((parameter) => this.node(parameter, inner).items);
      return {
        items: (focus, scope) =>
          own.evaluate(
            of.items(focus, scope),
            given.map((items) => items(focus, scope)),
            scope.env,
          ),
      };
    }
    if (builtIn === undefined) {
      const meant = nearest(name, knownFunctions.keys());
      throw new FhirPathSyntaxError(
        `there is no function ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
        nameOffset,
        name.length,
        'unknown-function',
      );
    }
    this.#mustFit(ast, builtIn.min, builtIn.max);
    const innerParameters = inner || (builtIn.perItem === true && ast.of !== undefined);
    return builtIn.compile({
      types: this.#types,
      of,
      parameters: parameters.map((parameter) => this.node(parameter, innerParameters)),
      asts: parameters,
      what,
    });
  }

  #typeTest(written: TypeName, converting: boolean): (item: Item) => boolean {
    if (this.#options.foreignTypes === true && findType(this.#types, written) === undefined) return () => false;
    return typeTest(this.#types, written, converting);
  }

  #mustFit({ name, nameOffset, arguments: { length } }: CallAst, min: number, max: number): void {
    if (length >= min && length <= max) return;
    throw new FhirPathSyntaxError(wrongNumber(name, { min, max }, length), nameOffset, name.length, 'wrong-parameters');
  }

  #item({ items }: Node, at: Node, what: string): Node {
    return {
      items: (focus, scope) => {
        const index = numberOf(at.items(focus, scope), what);
        const item = index === undefined ? undefined : items(focus, scope)[index];
        return item === undefined ? nothing : [item];
      },
    };
  }

  #sign(operator: '+' | '-', { items }: Node, what: string): Node {
    return {
      items: (focus, scope) => {
        const item = single(items(focus, scope), what);
        if (item === undefined) return nothing;
        const sign = operator === '-' ? -1 : 1;
        if (typeof item.json === 'number') return numberItems(sign * item.json, isDecimal(item));
        const quantity = isQuantity(item) ? quantityOf(item) : undefined;
        if (quantity !== undefined) return [quantityItem({ ...quantity, value: sign * quantity.value })];
        throw new FhirPathError(`a number is expected after ${operator}, and there is ${shownType(item)}: ${what}`);
      },
    };
  }
}

const isNamed = ({ type, json }: Item, name: string): boolean =>
  type === undefined ? isObject(json) && json['resourceType'] === name : isA(type, name);

/** `%vs-name` and `%ext-name` (https://hl7.org/fhir/R4/fhirpath.html#vars). */
function canonicalOf(name: string): string | undefined {
  if (name.startsWith('vs-')) return `http://hl7.org/fhir/ValueSet/${name.slice(3)}`;
  return name.startsWith('ext-') ? `http://hl7.org/fhir/StructureDefinition/${name.slice(4)}` : undefined;
}

function literal(ast: LiteralAst): Node {
  const constant = literalItem(ast);
  const items: readonly Item[] = [constant];
  if (ast.type === 'integer' || ast.type === 'decimal') {
    const { value } = ast;
    return { items: () => items, found: () => constant, number: () => value, constant };
  }
  if (ast.type !== 'boolean') return { items: () => items, found: () => constant, constant };
  const { value } = ast;
  return { items: () => truthItems(value), truth: () => value, constant };
}

function literalItem(ast: LiteralAst): Item {
  switch (ast.type) {
    case 'string':
      return stringItem(ast.value);
    case 'integer':
      return integerItem(ast.value);
    case 'decimal':
      return new Item(ast.value, systemTypes.Decimal);
    case 'boolean':
      return new Item(ast.value, systemTypes.Boolean);
    case 'date':
      return new Item(ast.value, systemTypes.Date);
    case 'dateTime':
      return new Item(ast.value, systemTypes.DateTime);
    case 'time':
      return new Item(ast.value, systemTypes.Time);
    case 'quantity':
      break;
  }
  const { value, unit, calendar } = ast;
  return quantityItem({ value, unit: calendar ? unit.replace(/s$/u, '') : unit, calendar });
}

/** `as` filters: R4's own invariants (dom-3) use it on many items. */
function typed({ items }: Node, operator: 'is' | 'as', test: (item: Item) => boolean, what: string): Node {
  if (operator === 'as') return { items: (focus, scope) => items(focus, scope).filter(test) };
  return truthNode((focus, scope) => {
    const item = single(items(focus, scope), what);
    return item === undefined ? undefined : test(item);
  });
}

function binary(operator: BinaryOperator, left: Node, right: Node, what: string, parts: readonly string[]): Node {
  const { items: a } = left;
  const { items: b } = right;
  switch (operator) {
    case 'and':
    case 'or':
    case 'xor':
    case 'implies':
      return logic(operator, truthFrom(left, parts[0] ?? what), truthFrom(right, parts[1] ?? what));
    case '=':
      return equals(left, right, false);
    case '!=':
      return equals(left, right, true);
    case '~':
      return truthNode((focus, scope) => equivalentCollections(a(focus, scope), b(focus, scope)));
    case '!~':
      return truthNode((focus, scope) => !equivalentCollections(a(focus, scope), b(focus, scope)));
    case '<':
      return ordered(left, right, (order) => order < 0, what);
    case '<=':
      return ordered(left, right, (order) => order <= 0, what);
    case '>':
      return ordered(left, right, (order) => order > 0, what);
    case '>=':
      return ordered(left, right, (order) => order >= 0, what);
    case 'in':
      return included(a, b, what);
    case 'contains':
      return included(b, a, what);
    case '|':
      return { items: (focus, scope) => united(a(focus, scope), b(focus, scope)), exists: either(left, right) };
    case '&':
      return concatenation(left, right, what);
    case '+':
    case '-':
    case '*':
    case '/':
    case 'div':
    case 'mod':
      break;
  }
  return arithmetic(operator, a, b, what);
}

function concatenation(left: Node, right: Node, what: string): Node {
  const [a, b] = [textFrom(left, what), textFrom(right, what)];
  return foundNode((focus, scope) => stringItem((a(focus, scope) ?? '') + (b(focus, scope) ?? '')));
}

function arithmetic(operator: ArithmeticOperator, a: Items, b: Items, what: string): Node {
  return {
    items: (focus, scope) => {
      const left = a(focus, scope);
      if (left.length === 0) return nothing;
      const right = b(focus, scope);
      if (right.length === 0) return nothing;
      if (left.length > 1 || right.length > 1) throw several(what);
      return compute(operator, left[0] as Item, right[0] as Item, what);
    },
  };
}

function either(left: Node, right: Node): Exists {
  const [a, b] = [existsFrom(left), existsFrom(right)];
  return (focus, scope) => a(focus, scope) || b(focus, scope);
}

type Truthful = (focus: readonly Item[], scope: Scope) => Truth;

/** Three-valued (N1 §6.5); the right side is not looked at when the left decides. */
function logic(operator: 'and' | 'or' | 'xor' | 'implies', left: Truthful, right: Truthful): Node {
  switch (operator) {
    case 'and':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        if (a === false) return false;
        const b = right(focus, scope);
        return b === false ? false : a === undefined || b === undefined ? undefined : true;
      });
    case 'or':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        if (a === true) return true;
        const b = right(focus, scope);
        return b === true ? true : a === undefined || b === undefined ? undefined : false;
      });
    case 'xor':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        const b = right(focus, scope);
        return a === undefined || b === undefined ? undefined : a !== b;
      });
    case 'implies':
      break;
  }
  return truthNode((focus, scope) => {
    const a = left(focus, scope);
    if (a === false) return true;
    const b = right(focus, scope);
    return b === true ? true : a === undefined || b === undefined ? undefined : false;
  });
}

function equals(left: Node, right: Node, negated: boolean): Node {
  const numbers = bothNumbers(left, right, (order) => (order === 0) !== negated);
  if (numbers !== undefined) return numbers;
  const { items: a } = left;
  const constant = right.constant;
  const text = constant?.type === systemTypes.String ? constant.json : undefined;
  if (constant !== undefined) {
    const found = foundFrom(left);
    return truthNode((focus, scope) => {
      const one = found(focus, scope);
      if (one === undefined) return undefined;
      let item = one;
      if (!(item instanceof Item)) {
        if (item.length !== 1) return item.length === 0 ? undefined : negated;
        item = item[0] as Item;
      }
      const equal =
        text !== undefined && typeof item.json === 'string' && temporalKind(item) === undefined
          ? item.json === text
          : equalItems(item, constant);
      return equal === undefined ? undefined : equal !== negated;
    });
  }
  const { items: b } = right;
  return truthNode((focus, scope) => {
    const equal = equalCollections(a(focus, scope), b(focus, scope));
    return equal === undefined ? undefined : equal !== negated;
  });
}

/** Counts and lengths against numbers need no items. */
function bothNumbers(left: Node, right: Node, fits: (order: number) => boolean): Node | undefined {
  const { number: a } = left;
  const { number: b } = right;
  if (a === undefined || b === undefined) return undefined;
  return truthNode((focus, scope) => {
    const one = a(focus, scope);
    const other = b(focus, scope);
    return one === undefined || other === undefined ? undefined : fits(one - other);
  });
}

function ordered(left: Node, right: Node, fits: (order: number) => boolean, what: string): Node {
  const numbers = bothNumbers(left, right, fits);
  if (numbers !== undefined) return numbers;
  const { items: a } = left;
  const { items: b } = right;
  return truthNode((focus, scope) => {
    const left = a(focus, scope);
    if (left.length === 0) return undefined;
    const right = b(focus, scope);
    if (right.length === 0) return undefined;
    if (left.length > 1 || right.length > 1) throw several(what);
    const order = compareItems(left[0] as Item, right[0] as Item, what);
    return order === undefined ? undefined : fits(order);
  });
}

/** `in`, and `contains` the other way round. */
function included(one: Items, many: Items, what: string): Node {
  return truthNode((focus, scope) => {
    const item = single(one(focus, scope), what);
    return item === undefined ? undefined : includesItem(many(focus, scope), item);
  });
}
