/** Text to tree (HL7 v2.8.2 §2.6). Nothing is interpreted, nothing is lost: Z segments and unknown fields stay. */
import { fail, ok, type Outcome } from '../core/outcome.ts';
import { encodingCharacters, isHeader, readDelimiters } from './delimiters.ts';
import { unescape } from './escape.ts';
import { tooManyParts, tooManySegments } from './limits.ts';
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
  const large = tooManyParts(text, delimiters);
  if (large !== undefined) return { ok: false, failure: large };
  const whole = segmentLines(lines, delimiters);
  if (!whole.ok) return whole;
  const many = tooManySegments(whole.value.length);
  if (many !== undefined) return { ok: false, failure: many };
  return ok({ delimiters, segments: whole.value.map((line) => readSegment(line, delimiters, charset)) });
}

const linesOf = (text: string): readonly string[] =>
  text.includes('\n') ? text.split(/\r\n|\r|\n/) : text.split('\r');

function segmentLines(lines: readonly string[], { field }: Delimiters): Outcome<readonly string[]> {
  const whole: string[] = [];
  /** Of the segment that a line may go on with: to look into what grows would copy it each time. */
  let name = '';
  let blank = 0;
  for (const [index, line] of lines.entries()) {
    if (beginsSegment(line, field)) {
      whole.push(line);
      name = line.slice(0, 3);
      blank = 0;
      continue;
    }
    const trimmed = line.trim();
    if (trimmed === '') {
      blank += 1;
    } else if (beginsSegment(line.trimStart(), field)) {
      whole.push(line.trimStart());
      name = line.trimStart().slice(0, 3);
      blank = 0;
    } else if (continues(name, trimmed, field)) {
      whole[whole.length - 1] += `${'\n'.repeat(blank + 1)}${line}`;
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
function continues(name: string, line: string, field: string): boolean {
  if (name !== 'OBX' && name !== 'NTE') return false;
  const separator = line.indexOf(field);
  return separator === -1 || separator > 6 || !/^\w*$/.test(line.slice(0, separator));
}

/** What separates in one line: most lines have neither repetitions nor subcomponents nor escapes. */
type LineReader = {
  readonly repetition: string;
  readonly component: string;
  readonly subcomponent: string;
  readonly unescape: ((text: string) => string) | undefined;
};

function readerOf(line: string, delimiters: Delimiters, charset: string | undefined): LineReader {
  const within = (delimiter: string): string => (line.includes(delimiter) ? delimiter : '');
  return {
    repetition: within(delimiters.repetition),
    component: delimiters.component,
    subcomponent: within(delimiters.subcomponent),
    unescape: within(delimiters.escape) === '' ? undefined : (text) => unescape(text, delimiters, charset),
  };
}

function readSegment(line: string, delimiters: Delimiters, charset: string | undefined): Segment {
  const name = line.slice(0, 3);
  const parts = line.split(delimiters.field);
  const header = isHeader(name);
  const body = header ? line.slice(4 + (parts[1]?.length ?? 0)) : line;
  const reader = readerOf(body, delimiters, charset);
  const fields: Field[] = header ? [[[[delimiters.field]]], [[[encodingCharacters(delimiters)]]]] : [];
  let filled = fields.length;
  for (let at = header ? 2 : 1; at < parts.length; at += 1) {
    const field = readField(parts[at] ?? '', reader);
    fields.push(field);
    if (field.length > 0) filled = fields.length;
  }
  return { name, fields: filled === fields.length ? fields : fields.slice(0, filled) };
}

function readField(text: string, reader: LineReader): Field {
  const { repetition } = reader;
  if (text === '') return none;
  if (repetition === '' || !text.includes(repetition)) {
    const only = readRepetition(text, reader);
    return only.length === 0 ? none : [only];
  }
  return withoutEmptyEnd(text.split(repetition).map((part) => readRepetition(part, reader)));
}

function readRepetition(text: string, reader: LineReader): Repetition {
  const { component } = reader;
  if (text === '') return none;
  if (!text.includes(component)) {
    const only = readComponent(text, reader);
    return only.length === 0 ? none : [only];
  }
  const components: Component[] = [];
  for (const part of text.split(component)) components.push(readComponent(part, reader));
  return withoutEmptyEnd(components);
}

function readComponent(text: string, reader: LineReader): Component {
  const { subcomponent } = reader;
  if (text === '') return none;
  if (subcomponent === '' || !text.includes(subcomponent)) {
    const only = reader.unescape === undefined ? text : reader.unescape(text);
    return only === '' ? none : [only];
  }
  const parts = text.split(subcomponent);
  return withoutEmptyEnd(reader.unescape === undefined ? parts : parts.map(reader.unescape));
}

function withoutEmptyEnd<T extends { readonly length: number }>(parts: readonly T[]): readonly T[] {
  let filled = parts.length;
  while (filled > 0 && parts[filled - 1]?.length === 0) filled -= 1;
  if (filled === parts.length) return parts;
  return filled === 0 ? none : parts.slice(0, filled);
}
