/** A laboratory's interface that does what it must: each message again and again until it is accepted, then the next. */
import { setTimeout as pause } from 'node:timers/promises';
import { mllpClient } from '../mllp/client.ts';
import type { LabPatientPlan } from './lab-work.ts';

export type LabSendOptions = {
  readonly port: number;
  readonly patients: readonly LabPatientPlan[];
  readonly connections: number;
  /** Spread over this time. */
  readonly durationMs: number;
  readonly signal: AbortSignal;
  readonly onSent: (count: number) => void;
};

export type LabSent = { readonly acknowledged: readonly string[]; readonly resent: number };

/** Each patient's messages over one connection. Rejects when one was refused for good: they are all valid. */
export async function sendLabs(options: LabSendOptions): Promise<LabSent> {
  const { patients, connections, signal } = options;
  const total = patients.reduce((sum, { row }) => sum + row.length, 0);
  const began = performance.now();
  const acknowledged: string[] = [];
  let resent = 0;

  const sender = async (mine: number): Promise<void> => {
    const client = mllpClient({ host: '127.0.0.1', port: options.port, connectMs: 5_000, answerMs: 10_000 });
    const rows = patients.filter((_, index) => index % connections === mine).map(({ row }) => row);
    const longest = Math.max(0, ...rows.map((row) => row.length));
    for (let n = 0; n < longest; n += 1) {
      for (const { controlId, text } of rows.flatMap((row) => row[n] ?? [])) {
        const aheadMs = began + (acknowledged.length / total) * options.durationMs - performance.now();
        if (aheadMs > 0) await pause(aheadMs, undefined, { signal });
        for (;;) {
          const { kind } = await client.send(Buffer.from(text), controlId, signal);
          signal.throwIfAborted();
          if (kind === 'accepted') break;
          if (kind === 'rejected') throw new Error(`The message ${controlId} of the proof was rejected.`);
          resent += 1;
          await pause(100, undefined, { signal });
        }
        acknowledged.push(controlId);
        options.onSent(acknowledged.length);
      }
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, (_, mine) => sender(mine)));
  return { acknowledged, resent };
}
