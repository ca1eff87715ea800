import type { Command } from 'commander';
import type { Parts } from '../parts.ts';
import { configOf } from '../run.ts';

/** Runs until a signal; a second signal does not wait for running work. */
const serve = async (
  parts: Parts,
  command: Command,
  role: 'all' | 'worker',
  options: { watchMaps?: true },
): Promise<void> => {
  const read = await configOf(parts, command);
  const config = options.watchMaps ? { ...read, mappings: { ...read.mappings, watch: true } } : read;
  const running = await parts.start(config, role);
  for (const notice of running.notices) parts.terminal.err(notice);
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(130);
    asked = true;
    parts.terminal.err('Stopping: running work is let finish. Once more to stop at once; nothing is lost.');
    running.stop().catch(() => process.exit(1));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onReload = (): void => {
    // What is wrong stands in the log: a ledger that is away must not end the process.
    running.reload().catch(() => parts.terminal.err('The maps could not be loaded anew; the old ones stay.'));
  };
  // At a terminal the signal says that the terminal has gone.
  if (!parts.terminal.interactive) process.on('SIGHUP', onReload);
  try {
    await running.ended;
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    process.off('SIGHUP', onReload);
  }
};

export function register(program: Command, parts: Parts): void {
  program
    .command('start')
    .description('run everything in one process: doors, lanes, schedules')
    .option('--watch-maps', 'load maps anew whenever one of their files changes: for development')
    .addHelpText(
      'after',
      '\nSIGHUP loads the maps anew.\n\nExample:\n  $ tejido start\n  $ PORT=9000 tejido start --config site/tejido.yaml',
    )
    .action((options: { watchMaps?: true }, command: Command) => serve(parts, command, 'all', options));
  program
    .command('worker')
    .description('run lanes and schedules only; any number of them share the work of one ledger')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… REDIS_URL=redis://… tejido worker')
    .action((_: unknown, command: Command) => serve(parts, command, 'worker', {}));
}
