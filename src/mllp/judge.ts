/** What becomes of one message at the door, before it is committed. Pure. */
import { hash } from 'node:crypto';
import type { IntakeAnswer, IntakeItem } from '../core/intake.ts';
import type { AckProblem, Verdict } from '../hl7v2/ack.ts';
import { peekHeader } from '../hl7v2/header.ts';
import type { Hl7Header } from '../hl7v2/message.ts';
import { isRead } from '../hl7v2/types.ts';
import { actorOf, type Peer, type Senders, senderOf } from './sender.ts';

export type Judged = { readonly header?: Hl7Header; readonly source: string } & (
  | { readonly do: 'keep'; readonly item: IntakeItem; readonly problem?: AckProblem }
  | { readonly do: 'reject'; readonly problem: AckProblem }
  /** An acknowledgement is never acknowledged: two systems would answer each other for ever. */
  | { readonly do: 'ignore' }
);

export type Told = { readonly verdict: Verdict; readonly problem?: AckProblem };

const sha256 = (data: string | Uint8Array): Buffer => hash('sha256', data, 'buffer');

export function judge(bytes: Uint8Array, peer: Peer, senders: Senders): Judged {
  const read = peekHeader(bytes);
  const header = read.ok ? read.value : undefined;
  const sender = senderOf(senders, header, peer);
  const source = sender.name;
  const known = { source, ...(header === undefined ? {} : { header }) };
  const content = sha256(bytes);
  const base = { source, actor: actorOf(peer), bytes, hash: content };
  const byContent = sha256(`content\n${source}\n${content.toString('hex')}`);
  if (!read.ok) {
    const { cause, detail } = read.failure;
    const problem = { code: '100', segment: 'MSH', text: `${detail} Send an HL7 v2 message.` } as const;
    return { ...known, do: 'keep', item: { ...base, key: byContent, hold: { cause, detail } }, problem };
  }
  const { type, trigger, controlId } = read.value;
  if (type === 'ACK' || type === 'MCF') return { ...known, do: 'ignore' };
  if (controlId === '') {
    const hold = { cause: 'source/unreadable', detail: 'MSH-10 is empty; it was answered with AR.' } as const;
    const text = 'MSH-10 (message control id) is empty. Give each message an id of its own and send it again.';
    const problem = { code: '101', segment: 'MSH', field: 10, text } as const;
    return { ...known, do: 'keep', item: { ...base, key: byContent, hold }, problem };
  }
  if (sender.unknownTypes === 'reject' && !isRead(type, trigger)) {
    const text = 'Messages of this type are not taken here. Route them elsewhere.';
    return { ...known, do: 'reject', problem: { code: '200', segment: 'MSH', field: 9, text } };
  }
  return { ...known, do: 'keep', item: { ...base, key: intakeKey(source, read.value, bytes) } };
}

/** What was kept, or could not be, told to the sender. */
export function toldOf(judged: Exclude<Judged, { do: 'ignore' }>, answer: IntakeAnswer | 'failed'): Told {
  if (answer === 'failed') {
    const text = 'The ledger cannot commit now; nothing was accepted. Send it again.';
    return { verdict: 'error', problem: { code: '207', text } };
  }
  if (judged.problem !== undefined) return { verdict: 'rejected', problem: judged.problem };
  if (answer !== 'different') return { verdict: 'accepted' };
  const text =
    'MSH-10 and MSH-7 were used before for this patient and order with other content. Give each message its own id.';
  return { verdict: 'rejected', problem: { code: '205', segment: 'MSH', field: 10, text } };
}

export const tooMany = (count: number, limit: number): AckProblem => ({
  code: '104',
  text: `The batch has ${String(count)} messages; at most ${String(limit)} are taken. Nothing of it was kept. Send fewer at a time.`,
});

export const tooLarge = (size: number, limit: number): AckProblem => ({
  code: '104',
  text: `The message has ${String(size)} bytes; at most ${String(limit)} are taken. Send less at a time, or raise mllp.limits.frameBytes.`,
});

/**
 * By what a repetition is known. Senders restart their counters, so MSH-10 is no identity by itself: with it go the
 * sender, MSH-7, and whom and what the message is about (the first PID-3, ORC-2, ORC-3, OBR-2, OBR-3). The same key with
 * other bytes is one message told in two ways, and nobody could say which of them holds.
 */
export function intakeKey(source: string, header: Hl7Header, bytes: Uint8Array): Buffer {
  const { sendingApplication, sendingFacility, controlId, sentAt, delimiters } = header;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = (name: string, numbers: readonly number[]): readonly string[] => {
    const fields = segment(view, name, delimiters.field);
    return numbers.map((n) => fields[n] ?? '');
  };
  return sha256(
    JSON.stringify([
      source,
      sendingApplication,
      sendingFacility,
      controlId,
      sentAt,
      ...first('PID', [3]),
      ...first('ORC', [2, 3]),
      ...first('OBR', [2, 3]),
    ]),
  );
}

/** Fields of the first segment of this name; nothing when there is none. */
function segment(bytes: Buffer, name: string, field: string): readonly string[] {
  const found = ['\r', '\n'].map((end) => bytes.indexOf(`${end}${name}${field}`, 0, 'latin1')).filter((at) => at >= 0);
  if (found.length === 0) return [];
  const from = Math.min(...found) + 1;
  const text = bytes.toString('latin1', from, Math.min(bytes.length, from + 2_000));
  return (text.split(/[\r\n]/, 1)[0] ?? '').split(field);
}
