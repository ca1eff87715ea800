/** The lexemes of a map text, each with its line; comments are gone, FHIRPath lexemes are among them. */

export type Lexeme = {
  readonly kind: 'string' | 'name' | 'number' | 'sign' | 'end';
  /** Strings without quotes and escapes, names without backticks. */
  readonly text: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
};

/** A place in a map where the text cannot be read. */
export class MapSyntaxError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const pattern =
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*")|(?<quoted>`(?:[^`\\]|\\[^])*`)|(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>->|<<|>>|==|!=|<=|>=|\.\.|[^])/uy;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

const unescape = (quoted: string): string =>
  quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/gu, (_, hex?: string, character = '') =>
      hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
    );

export function lexemesOf(text: string): readonly Lexeme[] {
  const found: Lexeme[] = [];
  let line = 1;
  pattern.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const from = match.index;
    const to = pattern.lastIndex;
    const { string, quoted, number, name, sign } = match.groups ?? {};
    if (sign === '"' || sign === "'" || sign === '`')
      throw new MapSyntaxError(line, `a string that starts here has no end`);
    if (string !== undefined) found.push({ kind: 'string', text: unescape(string), line, from, to });
    else if (quoted !== undefined) found.push({ kind: 'name', text: unescape(quoted), line, from, to });
    else if (number !== undefined) found.push({ kind: 'number', text: number, line, from, to });
    else if (name !== undefined) found.push({ kind: 'name', text: name, line, from, to });
    else if (sign !== undefined) found.push({ kind: 'sign', text: sign, line, from, to });
    line += match[0].split('\n').length - 1;
    if (to === text.length) break;
  }
  found.push({ kind: 'end', text: '', line, from: text.length, to: text.length });
  return found;
}

/** Words that FHIRPath's grammar keeps for itself; as names they stand in backticks. */
const reserved = new Set(
  ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond']
    .flatMap((unit) => [unit, `${unit}s`])
    .concat('div', 'mod', 'and', 'or', 'xor', 'implies'),
);

/**
 * FHIRPath as our engine reads it. Map authors write strings in double quotes too, and names that are reserved words
 * (`details.minutes`, `%day`) as other engines take them.
 */
export const fhirPathOf = (text: string, lexemes: readonly Lexeme[]): string => {
  let expression = '';
  let at = lexemes[0]?.from ?? 0;
  for (const [index, { kind, from, to, text: name }] of lexemes.entries()) {
    expression += text.slice(at, from).replace(/\/\/[^\n]*|\/\*[^]*?\*\//gu, ' ');
    const written = text.slice(from, to);
    const before = lexemes[index - 1];
    if (kind === 'string' && written.startsWith('"'))
      expression += `'${written
        .slice(1, -1)
        .replaceAll('\\"', '"')
        .replace(/(?<!\\)'/gu, String.raw`\'`)}'`;
    else if (
      kind === 'name' &&
      reserved.has(name) &&
      before?.kind === 'sign' &&
      (before.text === '.' || before.text === '%')
    )
      expression += `\`${name}\``;
    else expression += written;
    at = to;
  }
  return expression.trim();
};

/**
 * `name` without `%` means a variable where the item has no such child (fml.md §4): the names of `variables` that start
 * a path get their `%`. Not inside the arguments of a function, where names are those of other items.
 */
export function withVariables(expression: string, variables: readonly string[]): string {
  const lexemes = lexemesOf(expression);
  let written = '';
  let at = 0;
  const calls: boolean[] = [];
  for (const [index, { kind, text, from, to }] of lexemes.entries()) {
    const before = lexemes[index - 1];
    const after = lexemes[index + 1];
    if (kind === 'sign' && text === '(') calls.push(before?.kind === 'name');
    if (kind === 'sign' && text === ')') calls.pop();
    const starts = !(before?.kind === 'sign' && ['.', '%', '$', '@'].includes(before.text));
    const called = after?.kind === 'sign' && after.text === '(';
    written += expression.slice(at, from);
    written +=
      kind === 'name' && starts && !called && !calls.includes(true) && variables.includes(text)
        ? `%${expression.slice(from, to)}`
        : expression.slice(from, to);
    at = to;
  }
  return written;
}
