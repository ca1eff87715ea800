import type { Command } from 'commander';
import type { Parts } from '../parts.ts';
import { configOf } from '../run.ts';

/** Runs until a signal; a second signal does not wait for running work. */
const serve = async (parts: Parts, command: Command, role: 'all' | 'worker'): Promise<void> => {
  const config = await configOf(parts, command);
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
  try {
    await running.ended;
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
};

export function register(program: Command, parts: Parts): void {
  program
    .command('start')
    .description('run everything in one process: doors, lanes, schedules')
    .addHelpText('after', '\nExample:\n  $ tejido start\n  $ PORT=9000 tejido start --config site/tejido.yaml')
    .action((_: unknown, command: Command) => serve(parts, command, 'all'));
  program
    .command('worker')
    .description('run lanes and schedules only; any number of them share the work of one ledger')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… REDIS_URL=redis://… tejido worker')
    .action((_: unknown, command: Command) => serve(parts, command, 'worker'));
}
