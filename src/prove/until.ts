/** Waiting for a condition, never for a time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Polls until `condition` gives something; undefined when it did not within `limitMs`. A look that fails is a no. */
export async function until<T>(
  condition: () => Promise<T | undefined> | T | undefined,
  limitMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const end = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await Promise.resolve()
      .then(condition)
      .catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > end) return undefined;
    await pause(50, undefined, signal ? { signal } : {});
  }
}
