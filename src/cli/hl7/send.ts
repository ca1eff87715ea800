/**
 * Sends messages over MLLP and holds each answer against its message. What was not acknowledged goes again, the same
 * bytes under the same MSH-10: a receiver that is Tejido, or as careful, takes it once.
 */
import { createHash } from 'node:crypto';
import { type MllpClient, mllpClient, type MllpClientOptions, type SendOutcome } from '../../mllp/client.ts';
import { placeOf } from '../../hl7v2/read-ack.ts';
import type { Parts } from '../parts.ts';
import { waitBefore } from '../post.ts';
import type { Hl7Item } from './file.ts';

export type Hl7Result = {
  readonly at: string;
  readonly controlId: string;
  /**
   * `accepted`: AA, CA. `rejected`: AR, CR. `error`: AE, CE to the end. `unanswered`: it may have been taken.
   * `not sent`: nothing of it left.
   */
  readonly result: 'accepted' | 'rejected' | 'error' | 'unanswered' | 'not sent';
  /** MSA-1. */
  readonly code?: string;
  /** What the receiver says (ERR-8, ERR-3, MSA-3), or why there is no answer. */
  readonly says?: string;
  readonly tries: number;
};

export type Sending = {
  readonly target: Omit<MllpClientOptions, 'onLate'>;
  readonly connections: number;
  readonly retries: number;
  readonly onDone: (done: number, note?: string) => void;
};

/** Results in the order of the items. Once the receiver is away for good, what follows is not sent. */
export async function sendHl7(
  parts: Pick<Parts, 'pause' | 'random' | 'clock'>,
  items: readonly Hl7Item[],
  { target, connections, retries, onDone }: Sending,
): Promise<readonly Hl7Result[]> {
  const results = new Map<Hl7Item, Hl7Result>();
  let away = false;
  const tell = (item: Hl7Item, result: Hl7Result): void => {
    results.set(item, result);
    onDone(results.size);
  };
  const one = async (client: MllpClient, item: Hl7Item): Promise<Hl7Result> => {
    const { at, controlId, unfit } = item;
    if (unfit !== undefined) return { at, controlId, result: 'not sent', says: unfit, tries: 0 };
    let doubt = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await client.send(item.bytes, controlId);
      doubt ||= outcome.kind === 'ambiguous' || outcome.kind === 'unreadable';
      const told = { at, controlId, ...toldBy(outcome), tries };
      if (outcome.kind === 'accepted') return { ...told, result: 'accepted' };
      if (outcome.kind === 'rejected') return { ...told, result: 'rejected' };
      if (tries > retries || away) {
        if (outcome.kind === 'retryable') return { ...told, result: 'error' };
        away = true;
        return { ...told, result: doubt ? 'unanswered' : 'not sent' };
      }
      onDone(results.size, `${told.code ?? told.says ?? outcome.kind}, waiting`);
      await parts.pause(waitBefore(tries, null, parts.clock(), parts.random()));
    }
  };
  const lane = async (mine: readonly Hl7Item[]): Promise<void> => {
    const client = mllpClient(target);
    try {
      for (const item of mine) {
        const { at, controlId } = item;
        tell(
          item,
          away
            ? { at, controlId, result: 'not sent', says: 'the receiver was away', tries: 0 }
            : await one(client, item),
        );
      }
    } finally {
      await client.close();
    }
  };
  const lanes = Map.groupBy(items, (item) => laneOf(item, connections));
  await Promise.all([...lanes.values()].map(lane));
  return items.flatMap((item) => results.get(item) ?? []);
}

/** One patient, one connection: a correction never overtakes what it corrects. */
const laneOf = ({ patient }: Hl7Item, connections: number): number =>
  connections === 1 ? 0 : createHash('sha256').update(patient).digest().readUInt32BE() % connections;

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function toldBy(outcome: SendOutcome): { readonly code?: string; readonly says?: string } {
  switch (outcome.kind) {
    case 'accepted':
    case 'retryable':
    case 'rejected': {
      const { code, text, errors } = outcome.ack;
      const [error] = errors;
      const place = nonEmpty(placeOf(error?.location ?? ''));
      const what = nonEmpty(error?.text) ?? nonEmpty(text) ?? (error === undefined ? undefined : `error ${error.code}`);
      const says = [place, what].filter((part) => part !== undefined).join(': ');
      return says === '' ? { code } : { code, says };
    }
    case 'ambiguous':
      return { says: outcome.why === 'timeout' ? 'no answer in time' : 'the connection broke before the answer' };
    case 'unreadable':
      return { says: outcome.why };
    case 'unreachable':
  }
  return { says: `not reachable (${outcome.why})` };
}
