/** The programme's figures for a period, as the ledger knew them at a moment. */
import { InvalidArgumentError, type Command } from 'commander';
import type { ProgrammeReport } from '../../core/story.ts';
import { table } from '../format.ts';
import type { Parts } from '../parts.ts';
import { json, withLedger } from '../run.ts';
import { day } from './reconcile.ts';

const month = (given: string): { readonly from: Date; readonly to: Date } => {
  const [, year, ordinal] = /^(\d{4})-(0[1-9]|1[0-2])$/u.exec(given) ?? [];
  if (year === undefined || ordinal === undefined) throw new InvalidArgumentError('A month: 2026-05.');
  return { from: new Date(Date.UTC(+year, +ordinal - 1)), to: new Date(Date.UTC(+year, +ordinal)) };
};

type Options = {
  readonly month?: { readonly from: Date; readonly to: Date };
  readonly from?: Date;
  readonly to?: Date;
  readonly asOf?: Date;
  readonly json?: true;
};

export function reportText({ from, to, asOf, figures, changed }: ProgrammeReport): string {
  const rows = figures.map(({ id, says, count, of }) => [
    id,
    says,
    count,
    of === undefined ? '' : `of ${String(of)}`,
    of === undefined || of === 0 ? '' : `${((100 * count) / of).toFixed(1)} %`,
  ]);
  const since =
    changed.length === 0
      ? ['Nothing of it was changed since.']
      : [
          `Changed since: ${String(changed.length)}`,
          ...changed.map(
            ({ what, source, recordId, messageId, at }) =>
              `  ${what} ${at.toISOString()}: record ${recordId} of ${source}, message ${messageId}`,
          ),
        ];
  return [
    `From ${from.toISOString()} to ${to.toISOString()}, as of ${asOf.toISOString()}`,
    table(['MEASURE', 'WHAT', 'COUNT', '', ''], rows),
    ...since,
  ].join('\n');
}

export function register(program: Command, parts: Parts): void {
  program
    .command('report')
    .description('the programme in figures, for a month or a period; made again later it gives the same')
    .option('--month <month>', 'a calendar month (UTC): 2026-05', month)
    .option('--from <day>', 'instead of a month: from this day on', day)
    .option('--to <day>', 'before this day', day)
    .option('--as-of <time>', 'as the ledger knew it then; absent: now', day)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido report --month 2026-05 --as-of 2026-06-01')
    .action(async (options: Options, command: Command) => {
      const from = options.month?.from ?? options.from ?? new Date(0);
      const to = options.month?.to ?? options.to ?? parts.clock();
      const asOf = options.asOf ?? parts.clock();
      const report = await withLedger(parts, command, (ledger) => ledger.report({ from, to, asOf }));
      parts.terminal.out(options.json ? json(report) : reportText(report));
    });
}
