/** The messages of a block: one as a rule; a batch (FHS, BHS … BTS, FTS) or several MSH without any header too. */
import { firstSegment } from '../hl7v2/header.ts';

export type Envelope = {
  /** FHS and BHS as they stand, Latin-1. */
  readonly file?: string;
  readonly batch?: string;
  /** BTS-1: how many messages the sender says there are. */
  readonly claimed?: number;
};

export type Block = { readonly messages: readonly Buffer[]; readonly envelope?: Envelope };

const separators = /(?:^|[\r\n])(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\s])/g;

const holdsMore = (bytes: Buffer): boolean => bytes.includes('\rMSH', 3) || bytes.includes('\nMSH', 3);

/** Bytes, not text: each message may have a character set of its own (HL7 v2.5.1 §2.10.3). */
export function messagesOf(bytes: Buffer): Block {
  const first = firstSegment(bytes).slice(0, 3);
  if (first !== 'FHS' && first !== 'BHS' && !holdsMore(bytes)) return { messages: [bytes] };
  const text = bytes.toString('latin1').replace(/^(?:\u00ef\u00bb\u00bf|\s)+/, (blank) => '\r'.repeat(blank.length));
  const marks = Array.from(text.matchAll(separators), (found) => ({
    name: found[1] ?? '',
    at: found.index + found[0].length - 3,
  }));
  const messages: Buffer[] = [];
  let envelope: Envelope | undefined;
  for (const [n, { name, at }] of marks.entries()) {
    const ends = marks[n + 1]?.at ?? bytes.length;
    const line = text.slice(at, ends).split(/[\r\n]/, 1)[0] ?? '';
    if (name === 'MSH') messages.push(bytes.subarray(at, ends));
    else if (name === 'FHS') envelope = { ...envelope, file: line };
    else if (name === 'BHS') envelope = { ...envelope, batch: envelope?.batch ?? line };
    else if (name === 'BTS') {
      const count = /^\d+/.exec(line.slice(4))?.[0];
      if (count !== undefined) envelope = { ...envelope, claimed: (envelope?.claimed ?? 0) + Number(count) };
    }
  }
  // What does not begin as a message does: it is judged as one, and rejected.
  if (messages.length === 0 && envelope === undefined) return { messages: [bytes] };
  return { messages, ...(envelope === undefined ? {} : { envelope }) };
}
