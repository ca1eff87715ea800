import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { WorkItem } from '../../core/story.ts';
import { table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

const states: readonly WorkItem['state'][] = ['open', 'done', 'withdrawn'];
const does = { enter: 'enter in the chart', correct: 'correct in the chart', remove: 'remove from the chart' } as const;

const entryId = (given: string): string => {
  if (!/^\d{1,18}$/.test(given)) throw new InvalidArgumentError('An id as `tejido worklist list` shows it.');
  return given;
};

const whose = ({ mrn, patient }: WorkItem): string => (mrn === undefined ? (patient ?? '') : `MRN ${mrn}`);

const text = (item: WorkItem): string =>
  [
    `Entry ${item.id}: ${does[item.kind]} (${item.state})`,
    `  ${[item.destination, item.patient, item.mrn === undefined ? undefined : `MRN ${item.mrn}`].filter((part) => part !== undefined).join(', ')}`,
    `  since ${when(item.createdAt)}, of message ${item.messageId}`,
    ...(item.endedAt === undefined
      ? []
      : [`  ${item.state} ${when(item.endedAt)}${item.actor === undefined ? '' : ` by ${item.actor}`}`]),
    ...(item.reference === undefined ? [] : [`  stands as ${item.reference}`]),
    '',
    ...item.lines.map((line) => `  ${line}`),
  ].join('\n');

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const list = program
    .command('worklist')
    .description('what a person enters in the chart, because the EHR does not take it');

  list
    .command('list')
    .description('oldest first')
    .addOption(new Option('--state <state>', 'only in this state').choices(states).default('open'))
    .option('--after <id>', 'later than this entry', entryId)
    .option('--json', "print JSON (patients' data)")
    .addHelpText('after', '\nExample:\n  $ tejido worklist list')
    .action(async (options: { state: WorkItem['state']; after?: string; json?: true }, command: Command) => {
      const { state, after } = options;
      const items = await withLedger(parts, command, (ledger) =>
        ledger.workList({ state, limit: 500, ...(after === undefined ? {} : { after }) }),
      );
      if (options.json) return out(json(items));
      const rows = items.map((item) => [
        item.id,
        does[item.kind],
        item.destination,
        whose(item),
        String(item.lines.length),
        when(item.createdAt),
      ]);
      out(
        rows.length === 0 ? 'Nothing to do.' : table(['ID', 'TO DO', 'DESTINATION', 'PATIENT', 'LINES', 'SINCE'], rows),
      );
      if (rows.length === 500) err(`More: --after ${items.at(-1)?.id ?? ''}`);
    });

  list
    .command('show')
    .description("what to enter, in plain words (a patient's data)")
    .argument('<id>', 'id of the entry', entryId)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido worklist show 12')
    .action(async (id: string, options: { json?: true }, command: Command) => {
      const [item] = await withLedger(parts, command, (ledger) => ledger.workList({ id }));
      if (item === undefined) throw new CommandError(`There is no entry ${id}.`, 'See `tejido worklist list`.');
      out(options.json ? json(item) : text(item));
    });

  list
    .command('done')
    .description('say that it was done in the chart; recorded with your name')
    .argument('<id>', 'id of the entry', entryId)
    .option('--reference <Type/id>', 'where it stands in the chart now')
    .addHelpText('after', '\nExample:\n  $ tejido worklist done 12')
    .action(async (id: string, { reference }: { reference?: string }, command: Command) => {
      const done = await withLedger(parts, command, (ledger) => ledger.finishWork(id, actor(), reference));
      if (!done.ok) throw new CommandError(done.refused);
      out(`Entry ${id} is done.`);
    });
}
