/** How far it has come: a moving bar on a terminal, else a line now and then. */
import cliProgress from 'cli-progress';
import type { Terminal } from './parts.ts';

export type ProgressBar = { readonly to: (done: number, note?: string) => void; readonly end: () => void };

const { SingleBar, Presets } = cliProgress;

/** @param total how many there will be; 0 when that is not known */
export const startProgress = (terminal: Terminal, what: string, total: number): ProgressBar => {
  if (terminal.interactive) {
    const scale = total > 0 ? '{bar} {value}/{total} {eta_formatted}' : '{value}';
    const bar = new SingleBar(
      { format: `${what} ${scale} {note}`, stream: process.stderr, hideCursor: true, clearOnComplete: false },
      Presets.shades_classic,
    );
    bar.start(total, 0, { note: '' });
    return { to: (done, note = '') => bar.update(done, { note }), end: () => bar.stop() };
  }
  let told = 0;
  const step = Math.max(1_000, Math.floor(total / 10));
  return {
    to: (done, note = '') => {
      if (done - told < step) return;
      told = done;
      terminal.err(`${what} ${done}${total > 0 ? ` of ${total}` : ''}${note === '' ? '' : ` (${note})`}`);
    },
    end: () => undefined,
  };
};
