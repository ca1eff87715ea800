import type { Command } from 'commander';
import { table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const destinations = program.command('destinations').description('destinations: list, pause, resume');
  destinations
    .command('list')
    .description('whether each takes work, and since when not')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido destinations list')
    .action(async (options: { json?: true }, command: Command) => {
      const pauses = await withLedger(parts, command, (ledger) => ledger.destinations.list());
      if (options.json) return out(json(pauses));
      out(
        table(
          ['DESTINATION', 'STATE', 'SINCE', 'WHY'],
          pauses.map(({ id, paused, since, reason }) => [
            id,
            paused ? 'paused' : 'takes work',
            since === undefined ? '' : when(since),
            reason ?? '',
          ]),
        ),
      );
    });
  destinations
    .command('pause')
    .description('send nothing there until it is resumed; messages are accepted and wait')
    .argument('<id>', 'the destination, as the configuration names it')
    .option('--reason <text>', 'why, for the audit; no patient data')
    .addHelpText('after', '\nExample:\n  $ tejido destinations pause ehr --reason "upgrade tonight"')
    .action(async (id: string, options: { reason?: string }, command: Command) => {
      await withLedger(parts, command, async (ledger, config) => {
        known(id, config.destinations);
        await ledger.destinations.setPaused(id, true, actor(), options.reason);
      });
      err(`${id} is paused. \`tejido destinations resume ${id}\` lets it go on.`);
    });
  destinations
    .command('resume')
    .description('let it take work again, also after its credentials were corrected')
    .argument('<id>', 'the destination, as the configuration names it')
    .addHelpText('after', '\nExample:\n  $ tejido destinations resume ehr')
    .action(async (id: string, _: unknown, command: Command) => {
      await withLedger(parts, command, async (ledger, config) => {
        known(id, config.destinations);
        await ledger.destinations.setPaused(id, false, actor());
      });
      err(`${id} takes work again; running processes notice within seconds.`);
    });
}

function known(id: string, destinations: readonly { readonly id: string }[]): void {
  if (destinations.some((one) => one.id === id)) return;
  const names = destinations.map((one) => one.id).join(', ');
  throw new CommandError(`There is no destination ${id}.`, `The configuration has: ${names}.`);
}
