import type { Command } from 'commander';
import { plural } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, CommandError, withLedger } from '../run.ts';

export function register(program: Command, parts: Parts): void {
  program
    .command('refile')
    .description('file again what stands in a lesser form: the EHR may take it as data by now')
    .requiredOption('--tier', 'messages of which a part stands in a note, as another type, or on the work list')
    .option('--destination <id>', 'only of this destination')
    .addHelpText('after', '\nExample:\n  $ tejido refile --tier --destination ehr')
    .action(async ({ destination }: { destination?: string }, command: Command) => {
      const count = await withLedger(parts, command, (ledger, config) => {
        if (destination !== undefined && !config.destinations.some(({ id }) => id === destination)) {
          const names = config.destinations.map(({ id }) => id).join(', ');
          throw new CommandError(`There is no destination ${destination}.`, `The configuration has: ${names}.`);
        }
        return ledger.refile(destination, actor());
      });
      parts.terminal.out(
        count === 0
          ? 'Nothing stands in a lesser form.'
          : `${plural(count, 'message')} will be filed again by the running workers.`,
      );
    });
}
