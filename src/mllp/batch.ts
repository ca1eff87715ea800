/** The messages of a block: one as a rule; a batch (FHS, BHS … BTS, FTS) or several MSH without any header too. */
import type { Issue } from '../core/outcome.ts';
import { splitBatch } from '../hl7v2/batch.ts';
import { firstSegment } from '../hl7v2/header.ts';

/** FHS and BHS as they stand, Latin-1. */
export type Envelope = { readonly file?: string; readonly batch?: string };

export type Block = {
  readonly messages: readonly Uint8Array[];
  /** It came as a batch, and is answered as one. */
  readonly envelope?: Envelope;
  readonly notes: readonly Issue[];
};

const begins = (bytes: Buffer, name: string): boolean => ['\r', '\n'].some((end) => bytes.includes(`${end}${name}`));

export function messagesOf(bytes: Buffer): Block {
  const first = firstSegment(bytes);
  const isBatch = first.startsWith('FHS') || first.startsWith('BHS');
  // Nearly all: nothing is looked at byte by byte.
  if (!isBatch && !begins(bytes, 'MSH')) return { messages: [bytes], notes: [] };
  const { messages, notes } = splitBatch(bytes, true);
  return { messages, notes, ...(isBatch ? { envelope: envelopeOf(bytes, first) } : {}) };
}

function envelopeOf(bytes: Buffer, first: string): Envelope {
  if (first.startsWith('BHS')) return { batch: first };
  const at = Math.max(bytes.indexOf('\rBHS'), bytes.indexOf('\nBHS'));
  return { file: first, ...(at < 0 ? {} : { batch: firstSegment(bytes.subarray(at)) }) };
}
