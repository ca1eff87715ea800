/** The lexemes of a map text with their places; each has the comments that stand before it. FHIRPath has the same ones. */
import type { Place } from '../model.ts';

/** A comment, or a `/// key = value` line. */
export type Remark = {
  readonly at: Place;
  readonly endLine: number;
  /** Without the comment signs. */
  readonly lines: readonly string[];
  readonly metadata?: { readonly key: string; readonly written: string };
};

export type Lexeme = {
  readonly kind: 'string' | 'name' | 'number' | 'date' | 'sign' | 'end';
  /** Strings and names without quotes and escapes; the rest as written. */
  readonly text: string;
  /** A name in backticks is never a keyword. */
  readonly quoted: boolean;
  readonly at: Place;
  readonly end: number;
  readonly endLine: number;
  readonly remarks: readonly Remark[];
};

export type Lexemes = {
  readonly lexemes: readonly Lexeme[];
  readonly faults: readonly { readonly at: Place; readonly what: string }[];
};

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/** The text of a string or name in quotes of any kind: `\n`, `\r`, `\t`, `\f`, `\uXXXX`, else the character itself. */
export const unquote = (quoted: string): string =>
  quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/gu, (_, hex?: string, character = '') =>
      hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
    );

const space = /\s+/uy;
const metadataLine = /\/\/\/[ \t]*([A-Za-z_][\w.\-[\]]*)[ \t]*=[ \t]*(?:("""[^]*?""")[ \t]*(?=\r?\n|$)|([^\r\n]*))/uy;
const lineComment = /\/\/([^\r\n]*)/uy;
const blockComment = /\/\*([^]*?)\*\//uy;
const quotes = /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|`(?:[^`\\]|\\[^])*`/uy;
const date = /@(?:T\d|\d)(?:[\d:\-TZ+]|\.\d)*/uy;
const number = /\d+(?:\.\d+)?/uy;
const name = /[\p{L}_][\p{L}\p{N}_]*/uy;
const sign = /->|<<|>>|==|!=|!~|<=|>=|<-|>-|--|\.\.|[^]/uy;
const restOfLine = /[^\r\n]*/uy;

/** A quote that is closed only many lines on was left open, as a rule: what lies between shows it. */
const swallowsRules = /[;{}][ \t]*\r?\n/u;

const commentLines = (block: string): string[] => {
  const lines = block
    .split(/\r?\n/u)
    .map((line, index) => (index === 0 ? line.trim() : line.trim().replace(/^\*+ ?/u, '')));
  while (lines.length > 1 && lines.at(-1) === '') lines.pop();
  while (lines.length > 1 && lines[0] === '') lines.shift();
  return lines;
};

/** Reads all lexemes; the last is always `end`. A string without an end goes to the end of its line. */
export function lexemesOf(text: string): Lexemes {
  const lexemes: Lexeme[] = [];
  const faults: { at: Place; what: string }[] = [];
  let remarks: Remark[] = [];
  let offset = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  let lineStart = offset;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
  const placeOf = (length: number): Place => ({ line, column: offset - lineStart + 1, offset, length });
  const advance = (length: number): void => {
    const end = offset + length;
    for (let at = text.indexOf('\n', offset); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
      line += 1;
      lineStart = at + 1;
    }
    offset = end;
  };
  const push = (kind: Lexeme['kind'], spelling: string, written: string, quoted = false): void => {
    const at = placeOf(written.length);
    advance(written.length);
    lexemes.push({ kind, text: spelling, quoted, at, end: offset, endLine: line, remarks });
    remarks = [];
  };
  const remark = (length: number, lines: readonly string[], metadata?: Remark['metadata']): void => {
    const at = placeOf(length);
    advance(length);
    remarks.push({ at, endLine: line, lines, ...(metadata === undefined ? {} : { metadata }) });
  };
  const quotedText = (): void => {
    const opening = text[offset] ?? '';
    const written = match(quotes)?.[0];
    if (written !== undefined && !swallowsRules.test(written)) {
      push(opening === '`' ? 'name' : 'string', unquote(written), written, true);
      return;
    }
    faults.push({ at: placeOf(1), what: `the ${opening === '`' ? 'name' : 'string'} that starts here has no end` });
    // What ends the rule is not part of it.
    const rest = (match(restOfLine)?.[0] ?? opening).replace(/(?<=.)[\s;{}]*$/u, '');
    push(opening === '`' ? 'name' : 'string', rest.slice(1), rest, true);
  };

  while (offset < text.length) {
    const character = text[offset] ?? '';
    const blank = match(space);
    if (blank !== null) {
      advance(blank[0].length);
    } else if (character === '/' && text[offset + 1] === '/') {
      const metadata = match(metadataLine);
      const written = match(lineComment);
      const content = (written?.[1] ?? '').trimEnd();
      const lines = [content.startsWith(' ') ? content.slice(1) : content];
      if (metadata === null) remark(written?.[0].length ?? 2, lines);
      else {
        const [whole, key = '', block, value = ''] = metadata;
        remark(whole.length, lines, { key, written: block ?? value.trim() });
      }
    } else if (character === '/' && text[offset + 1] === '*') {
      const block = match(blockComment);
      if (block === null) {
        faults.push({ at: placeOf(2), what: 'the comment that starts here has no end' });
        remark(text.length - offset, commentLines(text.slice(offset + 2)));
      } else remark(block[0].length, commentLines(block[1] ?? ''));
    } else if (character === "'" || character === '"' || character === '`') {
      quotedText();
    } else {
      const day = match(date);
      const digits = day === null ? match(number) : null;
      const word = day === null && digits === null ? match(name) : null;
      if (day !== null) push('date', day[0], day[0]);
      else if (digits !== null) push('number', digits[0], digits[0]);
      else if (word !== null) push('name', word[0], word[0]);
      else {
        const written = match(sign)?.[0] ?? character;
        push('sign', written, written);
      }
    }
  }
  push('end', '', '');
  return { lexemes, faults };
}
