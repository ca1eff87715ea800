/**
 * One block in, one answer out. What is answered with AA or CA is committed; nothing else is. No exception decides an
 * answer: what was not committed for whatever reason is an error, to be sent again.
 */
import type { IntakeAnswer, KeepIntake } from '../core/intake.ts';
import type { Clock, Log } from '../core/ports.ts';
import { type AckContext, ackCode, type AckProblem, buildAck, type Verdict } from '../hl7v2/ack.ts';
import { buildBatchAck } from '../hl7v2/batch-ack.ts';
import { peekHeader } from '../hl7v2/header.ts';
import type { Hl7Header } from '../hl7v2/message.ts';
import { messagesOf } from './batch.ts';
import type { Frame } from './frames.ts';
import { type Judged, judge, type Told, toldOf, tooLarge, tooMany } from './judge.ts';
import { type Peer, type Senders, senderOf } from './sender.ts';

/** What is counted at the door. */
export type ObserveDoor = {
  /** `code`: as it was answered, or `none` where the sender wants no answer. */
  readonly acknowledged: (source: string, code: string) => void;
  readonly dropped: (reason: 'broken' | 'noise' | 'acknowledgement' | 'slow', count: number) => void;
  readonly took: (ms: number) => void;
  readonly connections: (open: number) => void;
};

export type Door = {
  /** Everything that is to be committed is on its way when this returns: blocks keep their order. Never rejects. */
  readonly answer: (frame: Frame, peer: Peer) => Promise<Buffer | undefined>;
};

export type DoorParts = Senders & {
  readonly frameBytes: number;
  readonly keep: KeepIntake;
  readonly controlId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: ObserveDoor;
};

/** Of one block: a batch of a day has fewer, and all of them are one commit. */
const mostMessages = 20_000;

const framed = (text: string): Buffer => Buffer.from(`\v${text}\x1c\r`, 'latin1');

export function createDoor(parts: DoorParts): Door {
  const context = (): AckContext => ({ at: parts.clock(), controlId: parts.controlId() });

  /** The acknowledgement of one message; undefined where its sender wants none. */
  function ack(
    source: string,
    header: Hl7Header | undefined,
    verdict: Verdict,
    problem?: AckProblem,
  ): string | undefined {
    const code = ackCode(header, verdict);
    parts.observe.acknowledged(source, code ?? 'none');
    // A control id that is used twice is a fault of the sender that loses results: it has an alert of its own.
    if (problem?.code === '205') parts.log('warn', 'mllp.control-id-reused', { source });
    else if (problem !== undefined)
      parts.log('warn', `mllp.${verdict}`, { source, reason: `table-0357-${problem.code}` });
    return code === undefined ? undefined : buildAck(header, code, context(), problem);
  }

  /** Of a block of which nothing is kept. */
  function refuse(bytes: Buffer, peer: Peer, problem: AckProblem): Buffer | undefined {
    const read = peekHeader(bytes);
    const header = read.ok ? read.value : undefined;
    const { name } = senderOf(parts, header, peer);
    const text = ack(name, header, 'rejected', problem);
    return text === undefined ? undefined : framed(text);
  }

  async function message(bytes: Buffer, peer: Peer): Promise<Buffer | undefined> {
    const began = performance.now();
    const { messages, envelope, notes } = messagesOf(bytes);
    if (messages.length > mostMessages) return refuse(bytes, peer, tooMany(messages.length, mostMessages));
    const judged = messages.map((one) => judge(one, peer, parts));
    const items = judged.flatMap((one) => (one.do === 'keep' ? one.item : []));
    const answers = await committed(items, parts);
    let kept = 0;
    const acks = judged.flatMap((one): string | readonly [] => {
      if (one.do === 'ignore') {
        parts.observe.dropped('acknowledgement', 1);
        return [];
      }
      const { verdict, problem } = toldFor(one, () => answers?.[kept++] ?? 'failed');
      return ack(one.source, one.header, verdict, problem) ?? [];
    });
    // BTS-1 or FTS-1 disagree with what came, or an end is missing: something may have been lost before it was sent.
    if (notes.length > 0) parts.log('warn', 'mllp.batch-incomplete', { count: messages.length });
    parts.observe.took(performance.now() - began);
    if (envelope !== undefined && (acks.length > 0 || messages.length === 0))
      return framed(buildBatchAck(envelope, acks, context()));
    return acks.length === 0 ? undefined : framed(acks.join(''));
  }

  return {
    answer: async (frame, peer) => {
      try {
        if (frame.kind === 'message') return await message(frame.bytes, peer);
        return refuse(frame.bytes, peer, tooLarge(frame.size, parts.frameBytes));
      } catch (error) {
        parts.log('error', 'mllp.fault', { error });
        return framed(
          buildAck(undefined, 'AE', context(), { code: '207', text: 'Tejido met a fault of its own. Send it again.' }),
        );
      }
    },
  };
}

function toldFor(judged: Exclude<Judged, { do: 'ignore' }>, answer: () => IntakeAnswer | 'failed'): Told {
  return judged.do === 'reject' ? { verdict: 'rejected', problem: judged.problem } : toldOf(judged, answer());
}

/** Undefined: nothing was committed. */
async function committed(
  items: Parameters<KeepIntake>[0],
  { keep, log }: Pick<DoorParts, 'keep' | 'log'>,
): Promise<readonly IntakeAnswer[] | undefined> {
  if (items.length === 0) return [];
  try {
    const answers = await keep(items);
    return answers.length === items.length ? answers : undefined;
  } catch (error) {
    log('error', 'mllp.not-committed', { error, count: items.length });
    return undefined;
  }
}
