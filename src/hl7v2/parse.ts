/** Text to tree (HL7 v2.8.2 §2.6). Nothing is interpreted, nothing is lost: Z segments and unknown fields stay. */
import { fail, ok, type Outcome } from '../core/outcome.ts';
import { encodingCharacters, isHeader, readDelimiters } from './delimiters.ts';
import { unescape } from './escape.ts';
import type { Component, Delimiters, Field, Hl7Message, Repetition, Segment } from './message.ts';

const none: readonly never[] = [];

/**
 * Segments end with CR, LF or CRLF, also mixed. A line that is no segment goes on with the text of the OBX or NTE before
 * it (a bare line break inside of a field, a common fault); anywhere else it makes the message unreadable, for it may be
 * a broken PID or OBR. Trailing empty fields, repetitions, components and subcomponents are as if absent.
 *
 * `charset`: a label of TextDecoder, for `\X..\` escapes.
 */
export function parseMessage(text: string, charset?: string): Outcome<Hl7Message> {
  const first = text.search(/[^\s\u{feff}]/u);
  if (first === -1) return fail('source/unreadable', 'The message is empty.');
  const lines = linesOf(first === 0 ? text : text.slice(first));
  const header = readDelimiters(lines[0] ?? '');
  if (!header.ok) return header;
  const delimiters = header.value;
  const whole = segmentLines(lines, delimiters);
  if (!whole.ok) return whole;
  return ok({ delimiters, segments: whole.value.map((line) => readSegment(line, delimiters, charset)) });
}

const linesOf = (text: string): readonly string[] =>
  text.includes('\n') ? text.split(/\r\n|\r|\n/) : text.split('\r');

function segmentLines(lines: readonly string[], { field }: Delimiters): Outcome<readonly string[]> {
  const whole: string[] = [];
  let blank = 0;
  for (const [index, line] of lines.entries()) {
    if (beginsSegment(line, field)) {
      whole.push(line);
      blank = 0;
      continue;
    }
    const trimmed = line.trim();
    const before = whole.at(-1) ?? '';
    if (trimmed === '') {
      blank += 1;
    } else if (beginsSegment(line.trimStart(), field)) {
      whole.push(line.trimStart());
      blank = 0;
    } else if (continues(before, trimmed, field)) {
      whole[whole.length - 1] = `${before}${'\n'.repeat(blank + 1)}${line}`;
      blank = 0;
    } else {
      const where = `line ${String(index + 1)}`;
      const what = 'The line does not begin with the name of a segment.';
      return fail('source/unreadable', `${what} (${where})`, { issues: [{ where, what }] });
    }
  }
  return ok(whole);
}

const isUpper = (code: number): boolean => code >= 65 && code <= 90;
const isUpperOrDigit = (code: number): boolean => isUpper(code) || (code >= 48 && code <= 57);

/** Three characters, the first a letter, then the separator or the end. */
const beginsSegment = (line: string, field: string): boolean =>
  isUpper(line.charCodeAt(0)) &&
  isUpperOrDigit(line.charCodeAt(1)) &&
  isUpperOrDigit(line.charCodeAt(2)) &&
  (line.length === 3 || line.charAt(3) === field);

/** Not what looks like a segment with a broken name: it may be about another patient. */
function continues(before: string, line: string, field: string): boolean {
  const name = before.slice(0, 3);
  if (name !== 'OBX' && name !== 'NTE') return false;
  const separator = line.indexOf(field);
  return separator === -1 || separator > 6 || !/^\w*$/.test(line.slice(0, separator));
}

function readSegment(line: string, delimiters: Delimiters, charset: string | undefined): Segment {
  const name = line.slice(0, 3);
  const parts = line.split(delimiters.field);
  const fields: Field[] = [];
  let from = 1;
  if (isHeader(name)) {
    fields.push([[[delimiters.field]]], [[[encodingCharacters(delimiters)]]]);
    from = 2;
  }
  let filled = fields.length;
  for (let at = from; at < parts.length; at += 1) {
    const field = readField(parts[at] ?? '', delimiters, charset);
    fields.push(field);
    if (field.length > 0) filled = fields.length;
  }
  fields.length = filled;
  return { name, fields };
}

function readField(text: string, delimiters: Delimiters, charset: string | undefined): Field {
  if (text === '') return none;
  return split(text, delimiters.repetition, (part) => readRepetition(part, delimiters, charset), empty);
}

const readRepetition = (text: string, delimiters: Delimiters, charset: string | undefined): Repetition =>
  text === '' ? none : split(text, delimiters.component, (part) => readComponent(part, delimiters, charset), empty);

const readComponent = (text: string, delimiters: Delimiters, charset: string | undefined): Component =>
  text === '' ? none : split(text, delimiters.subcomponent, (part) => unescape(part, delimiters, charset), empty);

const empty = (part: string | readonly unknown[]): boolean => part.length === 0;

/** The parts, without empty ones at the end. */
function split<T>(text: string, by: string, read: (part: string) => T, isEmpty: (part: T) => boolean): readonly T[] {
  if (by === '' || !text.includes(by)) {
    const only = read(text);
    return isEmpty(only) ? none : [only];
  }
  const parts = text.split(by).map(read);
  let filled = parts.length;
  while (filled > 0) {
    const last = parts[filled - 1];
    if (last !== undefined && !isEmpty(last)) break;
    filled -= 1;
  }
  parts.length = filled;
  return parts;
}
