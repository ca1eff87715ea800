/**
 * Bytes of a file, or of one MLLP frame, to its messages: FHS, BHS, BTS and FTS with or without each other (HL7 v2.8.2
 * §2.10.3), several MSH without a header, MLLP frames in a file. Works on bytes: each message may have a character set of
 * its own, and each slice is what was sent, to the byte. What is odd about the file is a note; it stops no message.
 */
import type { Issue } from '../core/outcome.ts';

export type Batch = {
  /** One message each, or something that is not one and must be seen: never dropped. */
  readonly messages: readonly Uint8Array[];
  readonly notes: readonly Issue[];
};

const startBlock = 0x0b;
const endBlock = 0x1c;
const marks = ['MSH', 'FHS', 'BHS', 'BTS', 'FTS'] as const;
type Mark = (typeof marks)[number];

/** `unframed`: MLLP frames were taken off before; a vertical tab in it is text. */
export function splitBatch(bytes: Uint8Array, unframed = false): Batch {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // UTF-16 has other line ends; nobody batches in it.
  if (isWide(buffer)) return { messages: [bytes], notes: [] };
  if (unframed || !isFramed(buffer)) return splitText(bytes, buffer);
  const notes: Issue[] = [];
  const messages = framesOf(buffer, notes).flatMap(({ from, to }) => {
    const batch = splitText(bytes.subarray(from, to), buffer.subarray(from, to));
    notes.push(...batch.notes);
    return batch.messages;
  });
  return { messages, notes };
}

const isWide = (buffer: Buffer): boolean =>
  [0xfffe, 0xfeff, 0x4d00, 0x004d].includes(buffer.length < 2 ? 0 : buffer.readUInt16BE(0));

/** A start block in front of a header: a lone vertical tab in a text is none. */
const isFramed = (buffer: Buffer): boolean =>
  ['MSH', 'FHS', 'BHS'].some((mark) => buffer.includes(`\u000b${mark}`)) ||
  (buffer[0] === startBlock && buffer.includes(endBlock));

function framesOf(buffer: Buffer, notes: Issue[]): readonly { readonly from: number; readonly to: number }[] {
  const frames: { readonly from: number; readonly to: number }[] = [];
  let from = buffer.indexOf(startBlock);
  let end = buffer.indexOf(endBlock);
  while (from !== -1) {
    // Looked for once: without one, each start would search to the end of the file.
    if (end !== -1 && end <= from) end = buffer.indexOf(endBlock, from + 1);
    const next = buffer.indexOf(startBlock, from + 1);
    if (end === -1 || (next !== -1 && next < end)) {
      notes.push({ where: `byte ${String(from)}`, what: 'A frame without its end: it is not read.' });
    } else {
      frames.push({ from: from + 1, to: end });
    }
    from = next === -1 || end === -1 || next < end ? next : buffer.indexOf(startBlock, end + 1);
  }
  return frames;
}

type Boundary = { readonly mark: Mark; readonly at: number; readonly count: string };

function splitText(bytes: Uint8Array, buffer: Buffer): Batch {
  const boundaries = boundariesOf(buffer);
  const messages: Uint8Array[] = [];
  const notes: Issue[] = [];
  const stray = (from: number, to: number): void => {
    // Outside of header and trailer: a message with a broken MSH must be held, not lost.
    if (!isBlank(buffer, from, to)) messages.push(bytes.subarray(from, to));
  };
  stray(0, boundaries[0]?.at ?? buffer.length);
  const counted = { inBatch: 0, batches: 0, loose: 0 };
  for (const [index, { mark, at, count }] of boundaries.entries()) {
    const end = boundaries[index + 1]?.at ?? buffer.length;
    if (mark === 'MSH') {
      messages.push(bytes.subarray(at, end));
      counted.inBatch += 1;
    } else {
      stray(endOfLine(buffer, at), end);
    }
    if (mark === 'BHS') counted.inBatch = 0;
    if (mark === 'BTS') {
      note(notes, 'BTS-1', count, counted.inBatch, 'messages');
      counted.batches += 1;
      counted.inBatch = 0;
    }
    if (mark === 'FTS') note(notes, 'FTS-1', count, counted.batches + (counted.inBatch > 0 ? 1 : 0), 'batches');
  }
  const has = (mark: Mark): boolean => boundaries.some((boundary) => boundary.mark === mark);
  if (has('BHS') && !has('BTS')) notes.push({ where: 'BTS', what: 'BHS without BTS: the file may have been cut.' });
  if (has('FHS') && !has('FTS')) notes.push({ where: 'FTS', what: 'FHS without FTS: the file may have been cut.' });
  return { messages, notes };
}

function note(notes: Issue[], where: string, told: string, found: number, what: string): void {
  if (told !== '' && Number(told) !== found) {
    const says = /^\d{1,9}$/.test(told) ? told : 'something that is no number';
    notes.push({ where, what: `${where} says ${says}, and there are ${String(found)} ${what}.` });
  }
}

function boundariesOf(buffer: Buffer): readonly Boundary[] {
  const found: Boundary[] = [];
  for (let at = 0; at < buffer.length; at = endOfLine(buffer, at)) {
    const start = contentFrom(buffer, at);
    const head = buffer.toString('latin1', start, start + 40);
    const mark = marks.find((one) => head.startsWith(one));
    // The separator behind it: a line of text may begin with any three letters.
    if (mark === undefined || /[\p{L}\p{N} ]/u.test(head.charAt(3))) continue;
    const count = /^[^\r\n]{4}([^\r\n]*)/.exec(head)?.[1]?.split(head.charAt(3), 1)[0]?.trim() ?? '';
    found.push({ mark, at, count });
  }
  return found;
}

const isEnd = (byte: number | undefined): boolean => byte === 0x0d || byte === 0x0a;

/** Where the next line begins. */
function endOfLine(buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length && !isEnd(buffer[at])) at += 1;
  while (at < buffer.length && isEnd(buffer[at])) at += 1;
  return at;
}

/** Past blanks and a byte order mark. */
function contentFrom(buffer: Buffer, from: number): number {
  let at = from;
  if (buffer[at] === 0xef && buffer[at + 1] === 0xbb && buffer[at + 2] === 0xbf) at += 3;
  while (buffer[at] === 0x20 || buffer[at] === 0x09) at += 1;
  return at;
}

function isBlank(buffer: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = buffer[at] ?? 0;
    // Also what closes a file on old systems (Ctrl-Z), and blocks of a frame that were left in.
    if (byte > 0x20 && ![0xef, 0xbb, 0xbf].includes(byte)) return false;
  }
  return true;
}
