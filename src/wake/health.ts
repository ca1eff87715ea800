/** Whether the wake-up backend answers; says so in the log when that changes, not at every retry. */
import type { Log } from '../core/ports.ts';

export type BackendHealth = {
  readonly healthy: () => boolean;
  readonly up: () => void;
  readonly down: (error: unknown) => void;
};

export const watchBackend = (kind: string, log: Log, onChange: (healthy: boolean) => void): BackendHealth => {
  let state: 'unknown' | 'up' | 'down' = 'unknown';
  return {
    healthy: () => state === 'up',
    up: () => {
      if (state === 'up') return;
      state = 'up';
      log('info', 'wake.up', { kind });
      onChange(true);
    },
    down: (error) => {
      if (state === 'down') return;
      state = 'down';
      log('warn', 'wake.down', { kind, error });
      onChange(false);
    },
  };
};
