import type { Command } from 'commander';
import { plural } from '../format.ts';
import type { Parts } from '../parts.ts';
import { configOf, json } from '../run.ts';

export function register(program: Command, parts: Parts): void {
  program
    .command('migrate')
    .description('bring the ledger to the schema of this version; safe to run twice and at once')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… tejido migrate')
    .action(async (options: { json?: true }, command: Command) => {
      const applied = await parts.migrate(await configOf(parts, command));
      if (options.json) parts.terminal.out(json({ applied }));
      else if (applied.length === 0) parts.terminal.out('The ledger is up to date.');
      else parts.terminal.out(`Applied ${plural(applied.length, 'migration')}: ${applied.join(', ')}`);
    });
}
