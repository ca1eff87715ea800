/**
 * Group commit: what arrives while one flush is on its way goes together in the next. Under load the cost of a commit
 * is shared; alone, nobody waits.
 */
import { setTimeout as pause } from 'node:timers/promises';

export type Gather<T, R> = {
  readonly add: (items: readonly T[]) => Promise<readonly R[]>;
  readonly idle: () => Promise<void>;
};

type Waiting<T, R> = {
  readonly items: readonly T[];
  readonly resolve: (results: readonly R[]) => void;
  readonly reject: (error: unknown) => void;
};

export type GatherOptions = {
  /** Items that a flush gets at most, about. */
  readonly most: number;
  /** Whether one of them is to blame for the error of all: each `add` is then flushed on its own. */
  readonly apart?: (error: unknown) => boolean;
  /** How long more is waited for, when the flush before had several: fewer and larger statements cost less. */
  readonly lingerMs?: number;
};

/** `flush` answers for each item, in order. If it rejects, all of them are rejected, or one by one. */
export function gather<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[]>,
  { most, apart = () => false, lingerMs = 0 }: GatherOptions,
): Gather<T, R> {
  let together = 1;
  let waiting: Waiting<T, R>[] = [];
  let running: Promise<void> | undefined;

  async function alone(entry: Waiting<T, R>): Promise<void> {
    try {
      entry.resolve(await flush(entry.items));
    } catch (error) {
      entry.reject(error);
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (lingerMs > 0 && together > 1) await pause(lingerMs);
      const batch: Waiting<T, R>[] = [];
      let count = 0;
      while (waiting.length > 0 && (count === 0 || count + (waiting[0]?.items.length ?? 0) <= most)) {
        const next = waiting.shift();
        if (next === undefined) break;
        batch.push(next);
        count += next.items.length;
      }
      together = count;
      try {
        const results = await flush(batch.flatMap((entry) => entry.items));
        let from = 0;
        for (const entry of batch) {
          entry.resolve(results.slice(from, from + entry.items.length));
          from += entry.items.length;
        }
      } catch (error) {
        if (batch.length > 1 && apart(error)) for (const entry of batch) await alone(entry);
        else for (const entry of batch) entry.reject(error);
      }
    }
    running = undefined;
  }

  return {
    add: (items) =>
      new Promise((resolve, reject) => {
        waiting.push({ items, resolve, reject });
        running ??= run();
      }),
    idle: async () => {
      await running;
    },
  };
}
