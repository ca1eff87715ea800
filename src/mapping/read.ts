/**
 * Reads the common subset of the FHIR Mapping Language (FML, R4 §7.8 with the forms that published maps use).
 * @medplum/core's parser was tried: it drops lines, share ids, type filters' cardinalities and the spelling of FHIRPath
 * expressions, and refuses `create(…) as v`, two groups after `then`, `evaluate(v, path)` and `default (…)`.
 */
import { fhirPathOf, lexemesOf, MapSyntaxError, type Lexeme } from './lexemes.ts';
import {
  listModes,
  type ConceptMap,
  type ConceptMapGroup,
  type Group,
  type GroupCall,
  type GroupInput,
  type ListMode,
  type Literal,
  type MapText,
  type Parameter,
  type Rule,
  type RuleSource,
  type RuleTarget,
  type Structure,
  type Transform,
} from './model.ts';

const isListMode = (text: string): text is ListMode => (listModes as readonly string[]).includes(text);
const targetModes = new Set(['first', 'last', 'single', 'collate', 'share']);
const afterCondition = new Set(['->', ',', ';', 'where', 'check', 'log', 'then', '}']);
const afterValue = new Set(['as', ',', ';', 'then', '}', ...targetModes]);

const literalOf = (lexeme: Lexeme): Literal | undefined => {
  if (lexeme.kind === 'string') return { type: 'string', value: lexeme.text };
  if (lexeme.kind === 'number')
    return { type: lexeme.text.includes('.') ? 'decimal' : 'integer', value: Number(lexeme.text) };
  if (lexeme.kind === 'name' && (lexeme.text === 'true' || lexeme.text === 'false'))
    return { type: 'boolean', value: lexeme.text === 'true' };
  return undefined;
};

/** R4 equivalence of each relation sign (FML grammar, `conceptMapping`). */
const equivalences: Readonly<Record<string, string>> = {
  '-': 'relatedto',
  '==': 'equivalent',
  '=': 'equal',
  '!=': 'disjoint',
  '<=': 'wider',
  '>=': 'narrower',
  '~': 'inexact',
};

class Reader {
  readonly #text: string;
  readonly #lexemes: readonly Lexeme[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lexemes = lexemesOf(text);
  }

  read(file: string): MapText {
    const metadata = new Map(
      [...this.#text.matchAll(/^[ \t]*\/\/\/\s*([\w.]+)\s*=\s*["']?([^"'\r\n]*)["']?/gmu)].map((match) => [
        match[1],
        match[2] ?? '',
      ]),
    );
    let url = metadata.get('url') ?? '';
    let name = metadata.get('name') ?? '';
    const structures: Structure[] = [];
    const imports: string[] = [];
    const conceptMaps: ConceptMap[] = [];
    const groups: Group[] = [];
    while (this.#peek().kind !== 'end') {
      const keyword = this.#take();
      if (keyword.text === 'map') {
        url = this.#string('the url of the map');
        this.#expect('=');
        name = this.#take().text;
      } else if (keyword.text === 'uses') structures.push(this.#structure());
      else if (keyword.text === 'imports') imports.push(this.#string('the canonical of a map'));
      else if (keyword.text === 'conceptmap') conceptMaps.push(this.#conceptMap());
      else if (keyword.text === 'group') groups.push(this.#group(keyword.line));
      else
        throw new MapSyntaxError(
          keyword.line,
          `“${keyword.text}” is not expected here; map, uses, imports, conceptmap or group is`,
        );
    }
    if (groups.length === 0) throw new MapSyntaxError(this.#peek().line, 'the map has no group');
    return { file, url, name, structures, imports, conceptMaps, groups };
  }

  #peek(ahead = 0): Lexeme {
    const lexeme = this.#lexemes[Math.min(this.#at + ahead, this.#lexemes.length - 1)];
    if (lexeme === undefined) throw new MapSyntaxError(1, 'the map is empty');
    return lexeme;
  }

  #take(): Lexeme {
    const lexeme = this.#peek();
    this.#at += 1;
    return lexeme;
  }

  #is(text: string, ahead = 0): boolean {
    const lexeme = this.#peek(ahead);
    return lexeme.kind !== 'string' && lexeme.kind !== 'end' && lexeme.text === text;
  }

  #takeIf(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    const lexeme = this.#peek();
    if (!this.#takeIf(text)) throw new MapSyntaxError(lexeme.line, `“${text}” is expected before “${lexeme.text}”`);
  }

  #string(what: string): string {
    const lexeme = this.#take();
    if (lexeme.kind !== 'string')
      throw new MapSyntaxError(lexeme.line, `${what} is expected as a string before “${lexeme.text}”`);
    return lexeme.text;
  }

  #name(what: string): string {
    const lexeme = this.#take();
    if (lexeme.kind !== 'name' && lexeme.kind !== 'string')
      throw new MapSyntaxError(lexeme.line, `${what} is expected before “${lexeme.text}”`);
    return lexeme.text;
  }

  #structure(): Structure {
    const url = this.#string('the canonical of a structure');
    const alias = this.#takeIf('alias') ? this.#name('an alias') : undefined;
    this.#expect('as');
    return { url, ...(alias === undefined ? {} : { alias }), mode: this.#name('source, queried, target or produced') };
  }

  #group(line: number): Group {
    const name = this.#name('the name of a group');
    this.#expect('(');
    const inputs: GroupInput[] = [];
    while (!this.#takeIf(')')) {
      const mode = this.#take();
      if (mode.text !== 'source' && mode.text !== 'target')
        throw new MapSyntaxError(mode.line, `source or target is expected before “${mode.text}”`);
      const input = this.#name('the name of a parameter');
      const type = this.#takeIf(':') ? this.#typeName() : undefined;
      inputs.push({ mode: mode.text, name: input, ...(type === undefined ? {} : { type }) });
      if (!this.#is(')')) this.#expect(',');
    }
    const base = this.#takeIf('extends') ? this.#name('the name of a group') : undefined;
    let typeMode: Group['typeMode'] = 'none';
    if (this.#takeIf('<<')) {
      this.#name('types or type');
      typeMode = this.#takeIf('+') ? 'type-and-types' : 'types';
      this.#expect('>>');
    }
    return { name, line, ...(base === undefined ? {} : { extends: base }), typeMode, inputs, rules: this.#rules() };
  }

  #typeName(): string {
    let name = this.#name('a type');
    while (this.#takeIf('.')) name += `.${this.#name('a type')}`;
    return name;
  }

  #rules(): Rule[] {
    this.#expect('{');
    const rules: Rule[] = [];
    while (!this.#takeIf('}')) rules.push(this.#rule());
    return rules;
  }

  #rule(): Rule {
    const { line } = this.#peek();
    if (this.#is('for') && this.#peek(1).kind === 'name') this.#take();
    const sources = [this.#source()];
    while (this.#takeIf(',')) sources.push(this.#source());
    const targets: RuleTarget[] = [];
    if (this.#takeIf('->')) {
      targets.push(this.#target());
      while (this.#takeIf(',')) targets.push(this.#target());
    }
    const calls: GroupCall[] = [];
    let rules: readonly Rule[] = [];
    if (this.#takeIf('then')) {
      while (!this.#is('{')) {
        calls.push({ group: this.#name('a group or “{”'), parameters: this.#parameters() });
        if (!this.#takeIf(',')) break;
      }
      if (this.#is('{')) rules = this.#rules();
    }
    const name = this.#peek().kind === 'string' ? this.#take().text : undefined;
    const end = this.#peek();
    if (!this.#takeIf(';'))
      throw new MapSyntaxError(
        end.line,
        `“;” is expected before “${end.text}”, at the end of the rule of line ${line}`,
      );
    return { ...(name === undefined ? {} : { name }), line, sources, targets, rules, calls };
  }

  #source(): RuleSource {
    const context = this.#name('a source variable');
    const elements = this.#elements();
    const type = this.#takeIf(':') ? this.#typeName() : undefined;
    const cardinality = this.#cardinality();
    const fallback = this.#takeIf('default') ? this.#group1('default') : undefined;
    const listMode = isListMode(this.#peek().text) && this.#peek().kind === 'name' ? this.#take().text : undefined;
    const variable = this.#takeIf('as') ? this.#name('the name of a variable') : undefined;
    const conditions: { where?: string; check?: string; log?: string } = {};
    for (;;) {
      const keyword = this.#peek();
      if (keyword.kind !== 'name') break;
      if (keyword.text !== 'where' && keyword.text !== 'check' && keyword.text !== 'log') break;
      this.#take();
      conditions[keyword.text] = this.#expression(afterCondition);
    }
    return {
      context,
      elements,
      ...(type === undefined ? {} : { type }),
      ...cardinality,
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(listMode !== undefined && isListMode(listMode) ? { listMode } : {}),
      ...(variable === undefined ? {} : { variable }),
      ...conditions,
    };
  }

  #elements(): string[] {
    const elements: string[] = [];
    while (this.#takeIf('.')) elements.push(this.#takeIf('*') ? '*' : this.#name('an element'));
    return elements;
  }

  #cardinality(): { min?: number; max?: number } {
    if (this.#peek().kind !== 'number') return {};
    const min = Number(this.#take().text);
    this.#expect('..');
    if (this.#takeIf('*')) return { min };
    return { min, max: Number(this.#take().text) };
  }

  /** A parenthesised expression, or (old form) a string, which is then a constant. */
  #group1(keyword: string): string {
    if (this.#is('(')) return fhirPathOf(this.#text, this.#parenthesised());
    const lexeme = this.#take();
    if (literalOf(lexeme) === undefined) throw new MapSyntaxError(lexeme.line, `“(” is expected after ${keyword}`);
    return fhirPathOf(this.#text, [lexeme]);
  }

  #parenthesised(): readonly Lexeme[] {
    const { line } = this.#peek();
    this.#expect('(');
    const from = this.#at;
    for (let depth = 1; depth > 0;) {
      const lexeme = this.#take();
      if (lexeme.kind === 'end') throw new MapSyntaxError(line, 'the parenthesis that opens here is not closed');
      if (lexeme.kind === 'sign' && lexeme.text === '(') depth += 1;
      if (lexeme.kind === 'sign' && lexeme.text === ')') depth -= 1;
    }
    return this.#lexemes.slice(from, this.#at - 1);
  }

  /** FHIRPath up to one of `stops` outside parentheses, or to the name of the rule. */
  #expression(stops: ReadonlySet<string>): string {
    const from = this.#at;
    const { line } = this.#peek();
    for (let depth = 0; ; this.#at += 1) {
      const lexeme = this.#peek();
      if (lexeme.kind === 'end') throw new MapSyntaxError(line, 'the expression that starts here has no end');
      if (lexeme.kind === 'sign' && (lexeme.text === '(' || lexeme.text === '[' || lexeme.text === '{')) depth += 1;
      else if (
        lexeme.kind === 'sign' &&
        depth > 0 &&
        (lexeme.text === ')' || lexeme.text === ']' || lexeme.text === '}')
      )
        depth -= 1;
      else if (depth === 0) {
        const before = this.#lexemes[this.#at - 1];
        const member = before !== undefined && before.kind === 'sign' && before.text === '.';
        if (lexeme.kind !== 'string' && stops.has(lexeme.text) && !member) break;
        // A string after a complete operand is the name of the rule.
        const operand =
          this.#at > from && before !== undefined && (before.kind !== 'sign' || [')', ']', '}'].includes(before.text));
        if (lexeme.kind === 'string' && operand && this.#is(';', 1)) break;
      }
    }
    const lexemes = this.#lexemes.slice(from, this.#at);
    if (lexemes.length === 0) throw new MapSyntaxError(line, 'an expression is expected here');
    return fhirPathOf(this.#text, lexemes);
  }

  #target(): RuleTarget {
    if (this.#is('(')) return this.#targetModes({ elements: [], transform: this.#value() });
    if (this.#peek().kind === 'name' && this.#is('(', 1))
      return this.#targetModes({ elements: [], transform: this.#value() });
    const context = this.#name('a target variable');
    const elements = this.#elements();
    const transform = this.#takeIf('=') ? this.#value() : undefined;
    return this.#targetModes({ context, elements, ...(transform === undefined ? {} : { transform }) });
  }

  #targetModes(target: RuleTarget): RuleTarget {
    const variable = this.#takeIf('as') ? this.#name('the name of a variable') : undefined;
    let share: string | undefined;
    while (this.#peek().kind === 'name' && targetModes.has(this.#peek().text)) {
      if (this.#take().text === 'share') share = this.#name('the id of what is shared');
    }
    return { ...target, ...(variable === undefined ? {} : { variable }), ...(share === undefined ? {} : { share }) };
  }

  #value(): Transform {
    const start = this.#at;
    if (this.#peek().kind === 'name' && this.#is('(', 1)) {
      const name = this.#take().text;
      this.#parenthesised();
      const complete = this.#ends();
      this.#at = start + 1;
      if (complete) return { name, parameters: this.#parameters() };
    }
    this.#at = start;
    const literal = literalOf(this.#peek());
    if (literal !== undefined) {
      this.#take();
      if (this.#ends()) return { name: 'copy', parameters: [{ kind: 'literal', literal }] };
    } else if (this.#peek().kind === 'name') {
      const variable = this.#take().text;
      const elements = this.#elements();
      if (this.#ends()) return { name: 'copy', parameters: [{ kind: 'path', variable, elements }] };
    }
    this.#at = start;
    return { name: 'evaluate', parameters: [{ kind: 'expression', expression: this.#expression(afterValue) }] };
  }

  #ends(): boolean {
    const next = this.#peek();
    return next.kind === 'string' || afterValue.has(next.text);
  }

  #parameters(): Parameter[] {
    this.#expect('(');
    const parameters: Parameter[] = [];
    while (!this.#takeIf(')')) {
      parameters.push(this.#parameter());
      if (!this.#is(')')) this.#expect(',');
    }
    return parameters;
  }

  #parameter(): Parameter {
    const start = this.#at;
    const literal = literalOf(this.#peek());
    if (literal !== undefined) {
      this.#take();
      if (this.#is(',') || this.#is(')')) return { kind: 'literal', literal };
    } else if (this.#peek().kind === 'name') {
      const variable = this.#take().text;
      const elements = this.#elements();
      if (this.#is(',') || this.#is(')')) return { kind: 'path', variable, elements };
    }
    this.#at = start;
    return { kind: 'expression', expression: this.#expression(new Set([',', ')'])) };
  }

  #conceptMap(): ConceptMap {
    const id = this.#string('the id of a concept map');
    const prefixes = new Map<string, string>();
    const groups = new Map<
      string,
      { source: string; target: string; element: { code: string; target: object[] }[]; unmapped?: object }
    >();
    const provided = new Set<string>();
    this.#expect('{');
    while (!this.#takeIf('}')) {
      if (this.#takeIf('prefix')) {
        const prefix = this.#name('a prefix');
        this.#expect('=');
        prefixes.set(prefix, this.#string('the system of a prefix'));
      } else if (this.#takeIf('unmapped')) {
        this.#expect('for');
        provided.add(this.#prefixed(prefixes));
        this.#expect('=');
        this.#expect('provided');
      } else {
        const source = this.#prefixed(prefixes);
        this.#expect(':');
        const code = this.#take().text;
        const sign = this.#take();
        const equivalence = equivalences[sign.text];
        if (equivalence === undefined) throw new MapSyntaxError(sign.line, `“${sign.text}” is no relation`);
        const target = this.#prefixed(prefixes);
        this.#expect(':');
        const key = `${source} ${target}`;
        const group = groups.get(key) ?? { source, target, element: [] };
        groups.set(key, group);
        group.element.push({ code, target: [{ code: this.#take().text, equivalence }] });
      }
    }
    for (const group of groups.values()) if (provided.has(group.source)) group.unmapped = { mode: 'provided' };
    return { resourceType: 'ConceptMap', id, url: `#${id}`, group: [...groups.values()] as readonly ConceptMapGroup[] };
  }

  #prefixed(prefixes: ReadonlyMap<string, string>): string {
    const lexeme = this.#take();
    const system = prefixes.get(lexeme.text);
    if (system === undefined) throw new MapSyntaxError(lexeme.line, `the prefix “${lexeme.text}” is not declared`);
    return system;
  }
}

/** Throws a `MapSyntaxError` with the line. `file` is only remembered, for messages. */
export const readMap = (text: string, file: string): MapText => new Reader(text).read(file);
