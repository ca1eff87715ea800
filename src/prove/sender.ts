/** A field app that does what it must: one activity after another for each patient, each resent until it is answered. */
import { setTimeout as pause } from 'node:timers/promises';
import type { PatientPlan } from './work.ts';

export type Receipt = { readonly id: string; readonly state: string };

export type Sent = {
  /** Of each patient's row, in order. */
  readonly receipts: ReadonlyMap<PatientPlan, readonly Receipt[]>;
  /** Requests that had no answer, or one that asks to come again. */
  readonly resent: number;
};

export type SendOptions = {
  readonly url: string;
  readonly key: string;
  readonly patients: readonly PatientPlan[];
  /** Spread over this time. */
  readonly durationMs: number;
  readonly senders: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onSent: (count: number) => void;
};

/** Rejects when something was refused for good: the proof's own activities are all valid. */
export async function sendAll(options: SendOptions): Promise<Sent> {
  const { patients, random, signal } = options;
  const receipts = new Map<PatientPlan, Receipt[]>(patients.map((one) => [one, []]));
  const total = patients.reduce((sum, one) => sum + one.row.length, 0);
  const started = performance.now();
  const ready = [...patients];
  let sent = 0;
  let resent = 0;

  const sender = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      if (sent >= total) return;
      const aheadMs = started + (sent / total) * options.durationMs - performance.now();
      if (aheadMs > 0 || ready.length === 0) {
        await pause(Math.max(10, Math.min(200, aheadMs)), undefined, { signal });
        continue;
      }
      const batch = Array.from({ length: Math.min(ready.length, 1 + Math.floor(random() * 6)) }, () =>
        ready.splice(Math.floor(random() * ready.length), 1),
      ).flat();
      const body = JSON.stringify(batch.map((one) => one.row[receipts.get(one)?.length ?? 0]));
      for (let tries = 0; ; tries += 1) {
        signal.throwIfAborted();
        const answer = await post(options, body);
        if (answer !== undefined && answer.length === batch.length) {
          for (const [index, one] of batch.entries()) receipts.get(one)?.push(answer[index] as Receipt);
          break;
        }
        resent += 1;
        await pause(Math.min(1_000, 50 * 2 ** tries) * (0.5 + random() / 2), undefined, { signal });
      }
      sent += batch.length;
      options.onSent(sent);
      ready.push(...batch.filter((one) => (receipts.get(one)?.length ?? 0) < one.row.length));
    }
  };
  await Promise.all(Array.from({ length: options.senders }, sender));
  return { receipts, resent };
}

/** Undefined: to be sent again. */
async function post({ url, key, signal }: SendOptions, body: string): Promise<readonly Receipt[] | undefined> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(`${url}/v1/activities`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
    });
    status = answer.status;
    text = await answer.text();
  } catch {
    return undefined;
  }
  if (status === 429 || status >= 500) return undefined;
  if (status !== 202)
    throw new Error(`An activity of the proof was refused (${String(status)}): ${text.slice(0, 500)}`);
  const { receipts } = JSON.parse(text) as { readonly receipts: readonly (Receipt | { readonly error: unknown })[] };
  return receipts.map((receipt) => {
    if ('id' in receipt) return receipt;
    throw new Error(`An activity of the proof was refused: ${JSON.stringify(receipt.error).slice(0, 500)}`);
  });
}
