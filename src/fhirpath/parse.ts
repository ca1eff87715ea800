/** FHIRPath text → tree: operators by their precedence (https://hl7.org/fhirpath/N1/#operator-precedence). */
import type { Ast, BinaryOperator, TypeName } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { tokensOf, type Token } from './lexer.ts';

/** Higher binds closer. A sign binds closer than `*`; paths and indexers closer than a sign. */
const precedence: ReadonlyMap<string, number> = new Map(
  [
    ['implies'],
    ['or', 'xor'],
    ['and'],
    ['in', 'contains'],
    ['=', '~', '!=', '!~'],
    ['<', '<=', '>', '>='],
    ['|'],
    ['is', 'as'],
    ['+', '-', '&'],
    ['*', '/', 'div', 'mod'],
  ].flatMap((operators, level) => operators.map((operator): [string, number] => [operator, level + 1])),
);
const signLevel = 11;

const units = new Set(
  ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'].flatMap((unit) => [unit, `${unit}s`]),
);

/** Deeper than any expression of a person, well below the depth of the stack. */
const deepest = 200;

/** What was read last: a map is checked, then compiled, and the same few expressions stand in many places. */
const known = new Map<string, Ast>();
const mostKnown = 1_000;

/** Reads an expression. Throws FhirPathSyntaxError with the place of what does not fit. */
export function parseExpression(text: string): Ast {
  const standing = known.get(text);
  if (standing !== undefined) return standing;
  const parser = new Parser(text);
  const ast = parser.expression(0);
  parser.mustEnd();
  if (known.size >= mostKnown) known.clear();
  known.set(text, ast);
  return ast;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #isSymbol(text: string): boolean {
    const token = this.#token;
    return token.kind === 'symbol' && token.text === text;
  }

  #expectSymbol(text: string, why: string, opening: number): Token {
    if (this.#isSymbol(text)) return this.#take();
    const { kind, offset, end } = this.#token;
    throw kind === 'end'
      ? new FhirPathSyntaxError(`${text} is missing ${why}`, opening, 1)
      : new FhirPathSyntaxError(`${text} is expected here ${why}, not ${this.#shown()}`, offset, end - offset);
  }

  #shown(): string {
    const { kind, offset, end } = this.#token;
    return kind === 'end' ? 'the end' : `“${this.#text.slice(offset, end)}”`;
  }

  mustEnd(): void {
    const { kind, offset, end, text } = this.#token;
    if (kind === 'end') return;
    const hint =
      text === '=' || kind !== 'symbol' || text === '(' || text === '{'
        ? '; is an operator (and, or, =, .) missing before it?'
        : '';
    throw new FhirPathSyntaxError(`the expression should end before ${this.#shown()}${hint}`, offset, end - offset);
  }

  expression(level: number): Ast {
    this.#depth += 1;
    if (this.#depth > deepest)
      throw new FhirPathSyntaxError('the expression is nested too deeply', this.#token.offset, 1);
    let left = this.#signed();
    for (;;) {
      const token = this.#token;
      if (token.kind !== 'symbol' && token.kind !== 'name') break;
      const power = precedence.get(token.text);
      if (power === undefined || power <= level) break;
      this.#take();
      if (token.text === 'is' || token.text === 'as') {
        const type = this.#typeName();
        left = { kind: 'type', operator: token.text, of: left, type, ...span(left.offset, type.offset + type.length) };
        continue;
      }
      const right = this.expression(power);
      left = {
        kind: 'binary',
        operator: token.text as BinaryOperator,
        left,
        right,
        operatorOffset: token.offset,
        ...span(left.offset, right.offset + right.length),
      };
    }
    this.#depth -= 1;
    return left;
  }

  #signed(): Ast {
    const token = this.#token;
    if (token.kind !== 'symbol' || (token.text !== '+' && token.text !== '-')) return this.#path();
    this.#take();
    const of = this.expression(signLevel);
    return { kind: 'sign', operator: token.text, of, ...span(token.offset, of.offset + of.length) };
  }

  #path(): Ast {
    let ast = this.#term();
    for (;;) {
      if (this.#isSymbol('.')) {
        this.#take();
        ast = this.#invocation(ast);
      } else if (this.#isSymbol('[')) {
        const opening = this.#take().offset;
        const at = this.expression(0);
        const { end } = this.#expectSymbol(']', 'after the index', opening);
        ast = { kind: 'item', of: ast, at, ...span(ast.offset, end) };
      } else return ast;
    }
  }

  /** After a dot every word is a name, reserved or not: `details.minutes`, `item.contains`, `a.div`. */
  #invocation(of: Ast): Ast {
    const token = this.#token;
    if (token.kind === 'symbol' && token.text === '$') return this.#special();
    if (token.kind !== 'name' && token.kind !== 'quoted-name')
      throw new FhirPathSyntaxError(
        `after the dot a name or function is expected, not ${this.#shown()}`,
        token.kind === 'end' ? Math.max(0, token.offset - 1) : token.offset,
        Math.max(1, token.end - token.offset),
      );
    return this.#named(of);
  }

  #named(of: Ast | undefined): Ast {
    const token = this.#take();
    const from = of?.offset ?? token.offset;
    if (token.kind !== 'name' || !this.#isSymbol('('))
      return {
        kind: 'member',
        ...(of === undefined ? {} : { of }),
        name: token.text,
        nameOffset: token.offset,
        ...span(from, token.end),
      };
    const opening = this.#take().offset;
    const parameters: Ast[] = [];
    while (!this.#isSymbol(')')) {
      if (parameters.length > 0) {
        if (!this.#isSymbol(',')) break;
        this.#take();
      }
      parameters.push(this.expression(0));
    }
    const { end } = this.#expectSymbol(')', `after the parameters of ${token.text}`, opening);
    return {
      kind: 'call',
      ...(of === undefined ? {} : { of }),
      name: token.text,
      nameOffset: token.offset,
      arguments: parameters,
      ...span(from, end),
    };
  }

  #special(): Ast {
    const dollar = this.#take();
    const token = this.#token;
    if (token.kind === 'name' && (token.text === 'this' || token.text === 'index' || token.text === 'total')) {
      this.#take();
      return { kind: token.text, ...span(dollar.offset, token.end) };
    }
    throw new FhirPathSyntaxError(
      'after $ only this, index or total can stand; variables are written %name',
      dollar.offset,
      1,
    );
  }

  #variable(): Ast {
    const percent = this.#take();
    const token = this.#take();
    if (token.kind !== 'name' && token.kind !== 'quoted-name' && token.kind !== 'string')
      throw new FhirPathSyntaxError('after % the name of a variable is expected', percent.offset, 1);
    let { text: name, end } = token;
    // `%vs-name` and `%"vs-name"` are written without backticks in places of R4.
    if (token.kind === 'name' && (name === 'vs' || name === 'ext')) {
      const rest = /^-[A-Za-z0-9_-]+/u.exec(this.#text.slice(end))?.[0] ?? '';
      name += rest;
      end += rest.length;
      while (this.#token.offset < end) this.#take();
    }
    return { kind: 'variable', name, ...span(percent.offset, end) };
  }

  #term(): Ast {
    const token = this.#token;
    switch (token.kind) {
      case 'name':
        if (token.text === 'true' || token.text === 'false') {
          this.#take();
          return { kind: 'literal', type: 'boolean', value: token.text === 'true', ...span(token.offset, token.end) };
        }
        return this.#named(undefined);
      case 'quoted-name':
        return this.#named(undefined);
      case 'string':
      case 'date':
      case 'dateTime':
      case 'time':
        this.#take();
        return { kind: 'literal', type: token.kind, value: token.text, ...span(token.offset, token.end) };
      case 'integer':
      case 'decimal':
        return this.#number();
      case 'symbol':
        return this.#bracketed();
      case 'end':
        break;
    }
    throw new FhirPathSyntaxError(
      this.#text.trim() === '' ? 'the expression is empty' : 'the expression ends where a value is expected',
      Math.max(0, token.offset - 1),
      1,
    );
  }

  #bracketed(): Ast {
    const { text, offset, end } = this.#token;
    if (text === '%') return this.#variable();
    if (text === '$') return this.#special();
    if (text === '(') {
      this.#take();
      const inner = this.expression(0);
      const closing = this.#expectSymbol(')', 'to close this bracket', offset);
      return { ...inner, ...span(offset, closing.end) };
    }
    if (text === '{') {
      this.#take();
      const closing = this.#expectSymbol('}', 'after {: {} is the empty collection', offset);
      return { kind: 'empty', ...span(offset, closing.end) };
    }
    throw new FhirPathSyntaxError(`a value is expected here, not ${this.#shown()}`, offset, end - offset);
  }

  #number(): Ast {
    const token = this.#take();
    const value = Number(token.text);
    const unit = this.#token;
    const calendar = unit.kind === 'name' && units.has(unit.text);
    if (calendar || unit.kind === 'string') {
      this.#take();
      return { kind: 'literal', type: 'quantity', value, unit: unit.text, calendar, ...span(token.offset, unit.end) };
    }
    return {
      kind: 'literal',
      type: token.kind === 'decimal' ? 'decimal' : 'integer',
      value,
      ...span(token.offset, token.end),
    };
  }

  #typeName(): TypeName {
    const bracket = this.#isSymbol('(') ? this.#take() : undefined;
    const first = this.#take();
    if (first.kind !== 'name' && first.kind !== 'quoted-name')
      throw new FhirPathSyntaxError(
        'the name of a type is expected here',
        first.offset,
        Math.max(1, first.end - first.offset),
      );
    const names = [first];
    while (this.#isSymbol('.') && this.#tokens[this.#at + 1]?.kind.endsWith('name') === true) {
      if (this.#tokens[this.#at + 2]?.text === '(') break;
      this.#take();
      names.push(this.#take());
    }
    if (bracket !== undefined) this.#expectSymbol(')', 'after the type', bracket.offset);
    const last = names.at(-1) as Token;
    return { ...typeNameOf(names.map(({ text }) => text)), ...span(first.offset, last.end) };
  }
}

const span = (offset: number, end: number): { readonly offset: number; readonly length: number } => ({
  offset,
  length: end - offset,
});

/** `FHIR.Patient` → namespace and name; `Patient.contact` is a name. */
function typeNameOf(names: readonly string[]): { namespace?: string; name: string } {
  const [first = '', ...rest] = names;
  return rest.length > 0 && (first === 'FHIR' || first === 'System')
    ? { namespace: first, name: rest.join('.') }
    : { name: names.join('.') };
}

/** A parameter of is(), as() and ofType() read as the name of a type; undefined when it is no name. */
export function typeNameIn(ast: Ast): TypeName | undefined {
  const names: string[] = [];
  for (let at: Ast | undefined = ast; at !== undefined; at = at.of) {
    if (at.kind !== 'member') return undefined;
    names.unshift(at.name);
  }
  return { ...typeNameOf(names), offset: ast.offset, length: ast.length };
}
