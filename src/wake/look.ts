/** Looking for due work at one destination, from one process: never twice at once, never too few times. */
import type { DestinationId } from '../core/model.ts';
import type { Log } from '../core/ports.ts';

export type Look = {
  /** Resolves after a look that began after this call. Never rejects: a look that failed is repeated by itself. */
  readonly now: () => Promise<void>;
  /** Looks at that time, from this process, as far as nobody looks before. */
  readonly at: (delayMs: number) => void;
  readonly stop: () => void;
};

const retryAfterMs = (failures: number): number => Math.min(30_000, 250 * 2 ** Math.min(failures, 10));

/**
 * A call while a look runs asks for one more look after it (however many calls there are), because what the caller
 * knows about may have been committed after the running look had passed it.
 */
export const startLook = (destination: DestinationId, look: () => Promise<void>, log: Log): Look => {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let failures = 0;
  let stopped = false;
  let timer: { readonly due: number; readonly handle: NodeJS.Timeout } | undefined;

  const at = (delayMs: number): void => {
    const due = performance.now() + delayMs;
    if (stopped || (timer && timer.due <= due)) return;
    clearTimeout(timer?.handle);
    const handle = setTimeout(
      () => {
        timer = undefined;
        void now();
      },
      Math.min(Math.max(0, delayMs), 2_147_483_647),
    );
    handle.unref();
    timer = { due, handle };
  };

  const once = async (): Promise<void> => {
    try {
      await look();
      failures = 0;
    } catch (error) {
      failures += 1;
      log('error', 'wake.look-failed', { destination, attempt: failures, error });
      at(retryAfterMs(failures));
    } finally {
      running = undefined;
    }
  };

  const now = (): Promise<void> => {
    if (stopped) return running ?? Promise.resolve();
    if (!running) return (running = once());
    next ??= running.then(() => {
      next = undefined;
      return now();
    });
    return next;
  };

  return {
    now,
    at,
    stop: () => {
      stopped = true;
      clearTimeout(timer?.handle);
    },
  };
};
