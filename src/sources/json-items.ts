/**
 * Reads a JSON body strictly and keeps every item's own bytes. Stricter than JSON.parse where leniency would let two
 * readers see two different records, or where the ledger could not hold the text: duplicate keys, U+0000, lone
 * surrogates, invalid UTF-8 and deep nesting are refused, with a pointer and never with the value.
 */
import { isUtf8 } from 'node:buffer';
import { parse as locateError, type ParseError } from 'jsonc-parser';
import type { Issue } from '../core/outcome.ts';

export type JsonLimits = {
  readonly maxDepth: number;
  readonly maxItems: number;
  /** Bytes of one item. */
  readonly maxItemBytes: number;
};

type JsonItem =
  | { readonly raw: Uint8Array; readonly ok: true; readonly value: unknown }
  | { readonly raw: Uint8Array; readonly ok: false; readonly issues: readonly Issue[] };

export type JsonItems =
  | { readonly ok: true; readonly batch: boolean; readonly items: readonly JsonItem[] }
  | { readonly ok: false; readonly tooLarge: boolean; readonly issues: readonly Issue[] };

export const maxIssues = 100;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const newline = 0x0a;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const refused = (issue: Issue, tooLarge = false): JsonItems => ({ ok: false, tooLarge, issues: [issue] });

/**
 * One JSON value, or the elements of an array, each with its bytes. A body that is not JSON is refused whole: a
 * damaged array is not to be believed in part.
 */
export function readJson(body: Uint8Array, limits: JsonLimits): JsonItems {
  const bytes = withoutMark(body);
  if (!isUtf8(bytes)) return refused({ where: '', what: 'The body is not valid UTF-8.', code: 'json/encoding' });
  const slices = slice(bytes, limits);
  if (!slices.ok) return slices;
  const items: JsonItem[] = [];
  for (const raw of slices.items) {
    const item = readItem(raw, limits);
    if (!item.ok && item.issues.some((issue) => issue.code === 'json/syntax')) {
      return { ok: false, tooLarge: false, issues: [syntaxError(bytes)] };
    }
    items.push(item);
  }
  return { ok: true, batch: slices.batch, items };
}

/** NDJSON: one JSON value a line; blank lines are skipped. A line that is not JSON is refused on its own. */
export function readJsonLines(body: Uint8Array, limits: JsonLimits): JsonItems {
  const bytes = withoutMark(body);
  if (!isUtf8(bytes)) return refused({ where: '', what: 'The body is not valid UTF-8.', code: 'json/encoding' });
  const items: JsonItem[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const raw = trimmed(bytes, start, end);
    start = end + 1;
    if (raw.length === 0) continue;
    if (items.length === limits.maxItems) return refused(tooManyItems(limits.maxItems), true);
    const issue = shapeIssue(raw, limits);
    items.push(issue === undefined ? readItem(raw, limits) : { raw, ok: false, issues: [issue] });
  }
  return { ok: true, batch: true, items };
}

const withoutMark = (body: Uint8Array): Uint8Array =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;

function trimmed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let start = from;
  let end = to;
  while (start < end && isSpace(bytes[start])) start += 1;
  while (end > start && isSpace(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

const tooManyItems = (most: number): Issue => ({
  where: '',
  what: `More than ${most} items in one request. Send them in several.`,
  code: 'body/too-many-items',
});

const tooDeep = (most: number): Issue => ({
  where: '',
  what: `Nested deeper than ${most} levels.`,
  code: 'json/too-deep',
});

function shapeIssue(raw: Uint8Array, limits: JsonLimits): Issue | undefined {
  if (raw.length > limits.maxItemBytes) {
    return { where: '', what: `Larger than ${limits.maxItemBytes} bytes.`, code: 'body/item-too-large' };
  }
  let depth = 0;
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at];
    if (byte === quote) at = endOfString(raw, at);
    else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth > limits.maxDepth) return tooDeep(limits.maxDepth);
    } else if (byte === closeBrace || byte === closeBracket) depth = Math.max(0, depth - 1);
  }
  return undefined;
}

/** Index of the closing quote, or of the end. UTF-8 never has an ASCII byte inside a longer character. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

type Slices = { readonly ok: true; readonly batch: boolean; readonly items: readonly Uint8Array[] };

/** Cuts the top-level array into its elements before anything is parsed: depth and count are bounded first. */
function slice(bytes: Uint8Array, limits: JsonLimits): Slices | Extract<JsonItems, { ok: false }> {
  const whole = trimmed(bytes, 0, bytes.length);
  const fail = (issue: Issue, tooLarge = false) => ({ ok: false, tooLarge, issues: [issue] }) as const;
  if (whole.length === 0) return fail({ where: '', what: 'The body is empty.', code: 'json/syntax' });
  if (whole[0] !== openBracket) {
    const issue = shapeIssue(whole, limits);
    if (issue !== undefined) return fail(issue, issue.code === 'body/item-too-large');
    return { ok: true, batch: false, items: [whole] };
  }
  const items: Uint8Array[] = [];
  let depth = 0;
  let start = 1;
  let at = 0;
  for (; at < whole.length; at += 1) {
    const byte = whole[at];
    if (byte === quote) at = endOfString(whole, at);
    else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth > limits.maxDepth + 1) return fail(tooDeep(limits.maxDepth));
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) break;
    } else if (byte === comma && depth === 1) {
      items.push(trimmed(whole, start, at));
      start = at + 1;
      if (items.length >= limits.maxItems) return fail(tooManyItems(limits.maxItems), true);
    }
  }
  const last = trimmed(whole, start, at);
  if (at !== whole.length - 1 || whole[at] !== closeBracket) return fail(syntaxError(bytes));
  if (last.length > 0 || items.length > 0) items.push(last);
  const large = items.findIndex((item) => item.length > limits.maxItemBytes);
  if (large !== -1) {
    return fail(
      { where: `/${large}`, what: `Larger than ${limits.maxItemBytes} bytes.`, code: 'body/item-too-large' },
      true,
    );
  }
  return { ok: true, batch: true, items };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function readItem(raw: Uint8Array, limits: JsonLimits): JsonItem {
  if (raw.length === 0) return { raw, ok: false, issues: [{ where: '', what: 'Empty.', code: 'json/syntax' }] };
  const text = decoder.decode(raw);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { raw, ok: false, issues: [syntaxError(raw)] };
  }
  const issues = strictIssues(text, limits.maxDepth);
  return issues.length === 0 ? { raw, ok: true, value } : { raw, ok: false, issues };
}

const syntaxWords: Readonly<Record<number, string>> = {
  1: 'an invalid symbol',
  2: 'an invalid number',
  3: 'a property name was expected',
  4: 'a value was expected',
  5: 'a colon was expected',
  6: 'a comma was expected',
  7: 'a closing brace was expected',
  8: 'a closing bracket was expected',
  9: 'text after the end of the value',
  10: 'a comment',
  12: 'a string that does not end',
  13: 'a number that does not end',
  14: 'an invalid \\u escape',
  15: 'an invalid escape',
  16: 'an invalid character',
};

/** V8's own message quotes the text around the error, which may be a patient's: only the place is told. */
function syntaxError(bytes: Uint8Array): Issue {
  const text = decoder.decode(bytes);
  const errors: ParseError[] = [];
  locateError(text, errors, { disallowComments: true });
  const [first] = errors;
  if (first === undefined) return { where: '', what: 'The body is not valid JSON.', code: 'json/syntax' };
  const before = text.slice(0, first.offset);
  const line = before.split('\n').length;
  const column = first.offset - before.lastIndexOf('\n');
  const words = syntaxWords[first.error] ?? 'a syntax error';
  return { where: '', what: `Not valid JSON at line ${line}, column ${column}: ${words}.`, code: 'json/syntax' };
}

type Frame = { readonly keys: Set<string> | undefined; key: string; index: number };

const pointerOf = (stack: readonly Frame[]): string =>
  stack
    .map((frame) => `/${frame.keys === undefined ? frame.index : escapePointer(frame.key)}`)
    .join('')
    .slice(0, 300);

/** One token of a JSON pointer (RFC 6901 §3). */
export const escapePointer = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');

/** `text` is known to be valid JSON. Only escapes can smuggle in U+0000 or half a surrogate pair. */
function strictIssues(text: string, maxDepth: number): readonly Issue[] {
  const issues: Issue[] = [];
  const stack: Frame[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length && issues.length < maxIssues; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const start = at;
        at = text.indexOf('"', at + 1);
        while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
        const written = text.slice(start + 1, at);
        const escaped = written.includes('\\');
        const string = escaped ? (JSON.parse(`"${written}"`) as string) : written;
        const top = stack.at(-1);
        if (expectsKey && top?.keys !== undefined) {
          top.key = string;
          expectsKey = false;
          if (top.keys.has(string)) {
            issues.push({
              where: pointerOf(stack),
              what: 'This key occurs twice in one object.',
              code: 'json/duplicate-key',
            });
          }
          top.keys.add(string);
        }
        if (escaped) {
          if (string.includes('\0')) {
            issues.push({ where: pointerOf(stack), what: 'Contains U+0000.', code: 'json/nul' });
          }
          if (!string.isWellFormed()) {
            issues.push({
              where: pointerOf(stack),
              what: 'Contains half a surrogate pair.',
              code: 'json/lone-surrogate',
            });
          }
        }
        break;
      }
      case openBrace:
        stack.push({ keys: new Set(), key: '', index: 0 });
        expectsKey = true;
        break;
      case openBracket:
        stack.push({ keys: undefined, key: '', index: 0 });
        expectsKey = false;
        break;
      case closeBrace:
      case closeBracket:
        stack.pop();
        expectsKey = false;
        break;
      case comma: {
        const top = stack.at(-1);
        if (top?.keys === undefined) {
          if (top !== undefined) top.index += 1;
        } else expectsKey = true;
        break;
      }
      default:
    }
    if (stack.length > maxDepth) return [tooDeep(maxDepth)];
  }
  return issues;
}

/** Whether the quote at `at` is preceded by an odd run of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes += 1;
  return backslashes % 2 === 1;
}
