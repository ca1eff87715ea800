/**
 * What of MSH is needed to answer a message, whatever is wrong with the rest of it. Only this segment is looked at, as
 * Latin-1: the delimiters are ASCII in every character set that MSH-18 may name, and what is echoed comes out byte for
 * byte as it came in.
 */
import { fail, type Outcome } from '../core/outcome.ts';
import { readDelimiters } from './delimiters.ts';
import type { Hl7Header } from './message.ts';

/** No MSH is longer; what is would only be searched for its end. */
const longestSegment = 8_192;
const bom = '\u00ef\u00bb\u00bf';

/** Blanks, line ends and a UTF-8 byte order mark before the first segment. */
const before = new RegExp(`^(?:${bom}|[ \\t\\r\\n])*`);

/** The first segment of these bytes, as Latin-1. */
export function firstSegment(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, longestSegment)).toString(
    'latin1',
  );
  const from = before.exec(text)?.[0].length ?? 0;
  const ends = text.slice(from).search(/[\r\n]/);
  return ends < 0 ? text.slice(from) : text.slice(from, from + ends);
}

/**
 * `source/unreadable` where it does not begin with MSH, its delimiters cannot be read, or MSH-9 is not there: nothing
 * says then what it is. MSH-10 may be empty: the caller rejects it. HL7 v2.5.1 §2.15.9.
 */
export function peekHeader(bytes: Uint8Array): Outcome<Hl7Header> {
  const line = firstSegment(bytes);
  if (!line.startsWith('MSH')) return fail('source/unreadable', 'The message does not begin with MSH.');
  const read = readDelimiters(line);
  if (!read.ok) return read;
  const delimiters = read.value;
  const fields = line.split(delimiters.field);
  // Field n of MSH stands at n - 1: MSH-1 is the separator itself.
  const field = (n: number): string => fields[n - 1] ?? '';
  // A delimiter that MSH-2 leaves out separates nothing.
  const split = (text: string, by: string): readonly string[] => (by === '' ? [text] : text.split(by));
  const first = (n: number, component = 1): string =>
    split(split(field(n), delimiters.repetition)[0] ?? '', delimiters.component)[component - 1]?.trim() ?? '';
  if (first(9) === '') return fail('source/unreadable', 'MSH-9 (message type) is empty.');
  return {
    ok: true,
    value: {
      delimiters,
      application: first(3),
      facility: first(4),
      sendingApplication: field(3),
      sendingFacility: field(4),
      receivingApplication: field(5),
      receivingFacility: field(6),
      sentAt: field(7),
      type: first(9),
      trigger: first(9, 2),
      structure: first(9, 3),
      controlId: field(10).trim(),
      processing: first(11),
      version: first(12),
      acceptAck: field(15).trim().toUpperCase(),
      applicationAck: field(16).trim().toUpperCase(),
      charsets: split(field(18), delimiters.repetition)
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    },
  };
}
