/** The tree of an expression → closures over items. All that can be known before data comes is looked up here, once. */
import { nothing, type Item } from '../definitions/item.ts';
import { nearest } from '../definitions/nearest.ts';
import type { Found } from '../definitions/path.ts';
import type { TypeTable } from '../definitions/types.ts';
import type { Ast, CallAst, MemberAst, TypeName } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { builtIns, knownFunctions, wrongNumber } from './functions/index.ts';
import { literal } from './literals.ts';
import { foundFrom, truthFrom, type Env, type Items, type Node, type Scope } from './node.ts';
import { binary } from './operators/binary.ts';
import { itemAt } from './operators/collections.ts';
import { sign } from './operators/math.ts';
import { typed } from './operators/types.ts';
import type { CompileOptions } from './options.ts';
import { parseExpression, typeNameIn } from './parse.ts';
import { pathStart, steps } from './paths.ts';
import { integerItem } from './system.ts';
import { findType, typeTest } from './types-of.ts';
import { variable } from './variables.ts';

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
        return variable(ast.name, ast, this.#options);
      case 'member':
        return this.#member(ast, inner);
      case 'call':
        return this.#call(ast, inner);
      case 'item':
        return itemAt(this.node(ast.of, inner), this.node(ast.at, inner), this.#shown(ast));
      case 'sign':
        return sign(ast.operator, this.node(ast.of, inner), this.#shown(ast));
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

  #member(ast: MemberAst, inner: boolean): Node {
    const names: string[] = [];
    let start: Ast = ast;
    for (; start.kind === 'member' && start.of !== undefined; start = start.of) names.unshift(start.name);
    if (names.length === 0) return pathStart(ast.name, inner, this.#options);
    const from = foundFrom(
      start.kind === 'member' ? pathStart(start.name, inner, this.#options) : this.node(start, inner),
    );
    return steps(this.#types, from, names);
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
}
