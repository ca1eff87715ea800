/**
 * Escape sequences (HL7 v2.8.2 §2.7), undone after splitting and made before joining.
 *
 * `\F\ \S\ \T\ \R\ \E\ \P\` are the delimiters; `\.br\`, `\.sp\`, `\.ce\` break the line, `\.sk\` skips blanks, other
 * formatting commands and `\H\ \N\` vanish; `\X..\` are bytes in the character set of the message. `\C..\ \M..\ \Z..\`,
 * what is unknown, and bytes that make no text stay as they are.
 */
import type { Delimiters } from './message.ts';

/** What no text holds: it would break frames, storage and FHIR's string. */
// oxlint-disable-next-line no-control-regex
const noText = /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffd]/;

/** A sender asks for a few blank lines, never for a million. */
const mostSkipped = 20;

/** `charset`: a label of TextDecoder, for `\X..\`. */
export function unescape(text: string, delimiters: Delimiters, charset = 'utf-8'): string {
  const { escape } = delimiters;
  if (escape === '') return text;
  let at = text.indexOf(escape);
  if (at === -1) return text;
  let done = '';
  let from = 0;
  while (at !== -1) {
    const end = text.indexOf(escape, at + 1);
    if (end === -1) break;
    const hex = text.charAt(at + 1) === 'X' ? hexRun(text, at, escape, charset) : undefined;
    const meaning = hex === undefined ? meaningOf(text.slice(at + 1, end), delimiters) : hex.text;
    if (meaning === undefined) {
      // Not a sequence: its end may be the beginning of one. Bytes that make no text stay, all of them together.
      at = hex === undefined ? end : text.indexOf(escape, hex.end);
      continue;
    }
    done += text.slice(from, at) + meaning;
    from = hex?.end ?? end + 1;
    at = text.indexOf(escape, from);
  }
  return done + text.slice(from);
}

function meaningOf(sequence: string, delimiters: Delimiters): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent === '' ? '&' : delimiters.subcomponent;
    case 'R':
      return delimiters.repetition === '' ? '~' : delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'P':
      return delimiters.truncation ?? '#';
    case 'H':
    case 'N':
      return '';
    default:
      return sequence.startsWith('.') ? formatting(sequence) : undefined;
  }
}

/** §2.7.6. */
function formatting(sequence: string): string | undefined {
  const command = /^\.(br|sp|ce|sk|in|ti|fi|nf) *([+-]?\d{1,9})?$/i.exec(sequence);
  if (command === null) return undefined;
  const count = Math.min(mostSkipped, Math.max(1, Number(command[2] ?? 1)));
  const name = (command[1] ?? '').toLowerCase();
  switch (name) {
    case 'br':
    case 'ce':
      return '\n';
    case 'sp':
      return '\n'.repeat(count);
    case 'sk':
      return ' '.repeat(count);
    default:
      return '';
  }
}

/** Neighbours are read together: a character of several bytes may be sent as `\XC3\\XB1\`. `text` undefined: they make none. */
function hexRun(
  text: string,
  start: number,
  escape: string,
  charset: string,
): { readonly text: string | undefined; readonly end: number } | undefined {
  const runs: Buffer[] = [];
  let at = start;
  while (text.startsWith(`${escape}X`, at)) {
    const end = text.indexOf(escape, at + 2);
    const digits = end === -1 ? '' : text.slice(at + 2, end);
    if (digits.length % 2 === 1 || !/^[0-9A-Fa-f]+$/.test(digits)) break;
    runs.push(Buffer.from(digits, 'hex'));
    at = end + 1;
  }
  if (runs.length === 0) return undefined;
  const bytes = Buffer.concat(runs);
  // Below 0x80 it is ASCII, also where the message is in UTF-16.
  const label = bytes.every((byte) => byte < 0x80) ? 'utf-8' : charset;
  try {
    const read = new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text: noText.test(read) ? undefined : read, end: at };
  } catch {
    return { text: undefined, end: at };
  }
}

/** The inverse: what separates, line breaks and control characters, so that reading gives the same text. */
export function escapeText(text: string, delimiters: Delimiters): string {
  const { field, component, repetition, escape, subcomponent, truncation } = delimiters;
  const letters = new Map([
    [field, 'F'],
    [component, 'S'],
    [repetition, 'R'],
    [escape, 'E'],
    [subcomponent, 'T'],
    ...(truncation === undefined ? [] : [[truncation, 'P'] as const]),
  ]);
  letters.delete('');
  let done = '';
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const sequence = letters.get(character) ?? (character < ' ' ? control(character, letters) : undefined);
    if (sequence === undefined) continue;
    if (escape === '') throw new RangeError('A text with a delimiter in it cannot be written without MSH-2.3.');
    done += `${text.slice(from, at)}${escape}${sequence}${escape}`;
    from = at + 1;
  }
  return done + text.slice(from);
}

/** `.br` only where the full stop separates nothing. */
const control = (character: string, delimiters: ReadonlyMap<string, string>): string =>
  character === '\n' && !delimiters.has('.')
    ? '.br'
    : `X${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
