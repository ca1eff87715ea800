/** FHIRPath text → tokens (https://hl7.org/fhirpath/N1/#lexical-elements). */
import { FhirPathSyntaxError } from './errors.ts';

export type TokenKind =
  | 'name'
  /** A name in backticks. */
  | 'quoted-name'
  | 'string'
  | 'integer'
  | 'decimal'
  | 'date'
  | 'dateTime'
  | 'time'
  | 'symbol'
  | 'end';

/** `text` is what the token means: a string without its quotes and escapes, a date without `@`. */
export type Token = {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
  readonly end: number;
};

const symbols = ['<=', '>=', '!=', '!~', ...Array.from('.,()[]{}+-*/&|<>=~$%')];
const space = /(?:\s|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)+/uy;
const name = /[A-Za-z_][A-Za-z0-9_]*/uy;
const number = /\d+(?:\.\d+)?/uy;
const temporal =
  /@(?:T(?<time>\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)|(?<date>\d{4}(?:-\d{2}(?:-\d{2})?)?)(?<at>T(?:\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)/uy;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/** The whole text as tokens, an `end` after the last. Throws FhirPathSyntaxError. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    at = skip(text, at);
    if (at >= text.length) break;
    const token = next(text, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', offset: text.length, end: text.length });
  return tokens;
}

function skip(text: string, at: number): number {
  space.lastIndex = at;
  const end = space.test(text) ? space.lastIndex : at;
  if (text.startsWith('/*', end))
    throw new FhirPathSyntaxError('this comment has no end: */ is missing', end, text.length - end);
  return end;
}

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

function next(text: string, at: number): Token {
  const first = text.charAt(at);
  if (first === "'" || first === '"') return quoted(text, at, first, 'string');
  if (first === '`') return quoted(text, at, first, 'quoted-name');
  const word = matchAt(name, text, at)?.[0];
  if (word !== undefined) return { kind: 'name', text: word, offset: at, end: at + word.length };
  const digits = matchAt(number, text, at)?.[0];
  if (digits !== undefined)
    return { kind: digits.includes('.') ? 'decimal' : 'integer', text: digits, offset: at, end: at + digits.length };
  if (first === '@') return moment(text, at);
  const symbol = symbols.find((each) => text.startsWith(each, at));
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, offset: at, end: at + symbol.length };
  throw new FhirPathSyntaxError(
    `“${String.fromCodePoint(text.codePointAt(at) ?? 0)}” means nothing in FHIRPath`,
    at,
    1,
  );
}

function moment(text: string, at: number): Token {
  const found = matchAt(temporal, text, at);
  if (found === null)
    throw new FhirPathSyntaxError(
      'after @ a date or time is expected: @2026-05-01, @2026-05-01T18:00:00Z, @T18:00',
      at,
      1,
    );
  const { time, date, at: clock } = found.groups as { time?: string; date?: string; at?: string };
  const end = at + found[0].length;
  if (time !== undefined) return { kind: 'time', text: time, offset: at, end };
  return {
    kind: clock === undefined ? 'date' : 'dateTime',
    text: `${date}${clock === undefined || clock === 'T' ? '' : clock}`,
    offset: at,
    end,
  };
}

/** An escape that the grammar does not know keeps its backslash: `'\d'` can only have meant a pattern. */
function quoted(text: string, start: number, quote: string, kind: 'string' | 'quoted-name'): Token {
  let value = '';
  let at = start + 1;
  for (;;) {
    if (at >= text.length)
      throw new FhirPathSyntaxError(
        `this ${kind === 'string' ? 'string' : 'name'} has no end: ${quote} is missing`,
        start,
        text.length - start,
      );
    const char = text.charAt(at);
    if (char === quote) return { kind, text: value, offset: start, end: at + 1 };
    if (char !== '\\') {
      value += char;
      at += 1;
      continue;
    }
    const escaped = text.charAt(at + 1);
    const unicode = escaped === 'u' ? /^[0-9A-Fa-f]{4}/u.exec(text.slice(at + 2, at + 6))?.[0] : undefined;
    if (unicode !== undefined) value += String.fromCharCode(Number.parseInt(unicode, 16));
    else value += escapes[escaped] ?? ('\\\'"`/'.includes(escaped) ? escaped : `\\${escaped}`);
    at += unicode === undefined ? 2 : 6;
  }
}
