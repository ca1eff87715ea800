import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Healing, Reconciliation } from '../../core/story.ts';
import { plural, table } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, json, Unsuccessful, withLedger } from '../run.ts';

export const day = (given: string): Date => {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(given) ? `${given}T00:00:00Z` : given);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('A day (2026-03-31, UTC) or an ISO 8601 time.');
  return date;
};

export const reconciliationText = (result: Reconciliation): string => {
  const rows = result.rows.map((row) => [
    row.source,
    row.day,
    row.accepted,
    row.filed,
    row.held,
    row.failed,
    row.superseded,
    row.voided,
    row.received,
    row.standing,
    row.missing,
    row.duplicated,
  ]);
  const head = [
    'SOURCE',
    'DAY',
    'ACCEPTED',
    'FILED',
    'HELD',
    'FAILED',
    'SUPERSEDED',
    'VOIDED',
    'ON ITS WAY',
    'STANDING',
    'MISSING',
    'DOUBLE',
  ];
  const lines = [table(head, rows)];
  for (const { artifact, messageId, reference } of result.missing.slice(0, 20)) {
    lines.push(`missing: ${reference} of message ${messageId} (${artifact})`);
  }
  for (const { artifact, messageId, count } of result.duplicated.slice(0, 20)) {
    lines.push(`${count} times: ${artifact} of message ${messageId}`);
  }
  for (const { reference, messageId, artifact } of result.revived.slice(0, 20)) {
    lines.push(`taken back, and standing again: ${reference} of message ${messageId} (${artifact})`);
  }
  const untold =
    Math.max(0, result.missing.length - 20) +
    Math.max(0, result.duplicated.length - 20) +
    Math.max(0, result.revived.length - 20);
  if (untold > 0) lines.push(`and ${plural(untold, 'more', 'more')}; see --json`);
  if (result.problem !== undefined) lines.push(`The EHR could not be asked: ${result.problem}`);
  const onItsWay = result.rows.reduce((sum, row) => sum + row.received, 0);
  const still = onItsWay === 0 ? '' : ` ${plural(onItsWay, 'message is', 'messages are')} still on the way.`;
  lines.push(result.clean ? `Clean: all that was filed stands in the chart, once.${still}` : 'NOT clean.');
  return lines.join('\n');
};

/** The messages of which something does not stand as it should, each once. */
const differing = ({ missing, duplicated, revived }: Reconciliation) => [
  ...new Set([...missing, ...duplicated, ...revived].map(({ messageId }) => messageId)),
];

const healingText = ({ healing, agedOut }: Healing): string => {
  const lines = [
    `${plural(healing.length, 'message is', 'messages are')} filed again by the running Tejido; reconcile again when it is done.`,
  ];
  if (agedOut.length > 0)
    lines.push(`A person must mend the chart, for the payload has aged out: ${agedOut.join(', ')}.`);
  return lines.join('\n');
};

export function register(program: Command, parts: Parts): void {
  program
    .command('reconcile')
    .description(
      'prove it: accepted = filed + held + failed + superseded + voided + on its way, by source and day, and the EHR agrees',
    )
    .option('--from <day>', 'received from this day on (UTC)', day)
    .option('--to <day>', 'received before this day (UTC)', day)
    .option('--heal', 'file again what is missing or double; a running Tejido does it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido reconcile --from 2026-03-01 --to 2026-04-01')
    .action(async (options: { from?: Date; to?: Date; heal?: true; json?: true }, command: Command) => {
      const { from, to } = options;
      if (!options.json) parts.terminal.err('Asking the ledger and the EHR …');
      const { result, healing } = await withLedger(parts, command, async (ledger) => {
        const found = await ledger.reconcile({
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        });
        const ids = differing(found);
        return {
          result: found,
          ...(options.heal && ids.length > 0 ? { healing: await ledger.heal(ids, actor()) } : {}),
        };
      });
      parts.terminal.out(
        options.json
          ? json({ ...result, ...(healing === undefined ? {} : { healing }) })
          : [reconciliationText(result), ...(healing === undefined ? [] : [healingText(healing)])].join('\n'),
      );
      if (!result.clean) throw new Unsuccessful();
    });
}
