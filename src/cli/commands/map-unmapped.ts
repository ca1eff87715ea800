import type { Command } from 'commander';
import type { UnmappedEntry } from '../../core/story.ts';
import { plural, table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { json, withLedger } from '../run.ts';

const unmappedText = (entries: readonly UnmappedEntry[]): string => {
  if (entries.length === 0) return 'Every code has an entry.';
  const byMap = Map.groupBy(entries, ({ conceptMap }) => conceptMap);
  return [...byMap]
    .map(([conceptMap, codes]) => {
      const rows = codes.map(({ system, code, display, policy, messages, waiting, lastSeenAt, messageIds }) => [
        system === undefined ? code : `${system}|${code}`,
        policy,
        messages,
        waiting,
        when(lastSeenAt),
        messageIds.slice(0, 5).join(' '),
        display ?? '',
      ]);
      const head = ['CODE', 'POLICY', 'MESSAGES', 'WAITING', 'LAST SEEN', 'NEWEST', 'DISPLAY'];
      return `${conceptMap}\n${table(head, rows)}`;
    })
    .join('\n\n');
};

export function registerUnmapped(map: Command, parts: Parts): void {
  map
    .command('unmapped')
    .description('codes that no ConceptMap lists, and how many messages wait for each (codes may be of patients)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nAdd a code to its ConceptMap and load the maps anew (restart, or SIGHUP): what waits goes on by itself.' +
        '\n\nExample:\n  $ tejido map unmapped',
    )
    .action(async (options: { json?: true }, command: Command) => {
      const entries = await withLedger(parts, command, (ledger) => ledger.unmapped());
      if (options.json) return parts.terminal.out(json(entries));
      parts.terminal.out(unmappedText(entries));
      const waiting = entries.reduce((sum, one) => sum + one.waiting, 0);
      if (waiting > 0)
        parts.terminal.err(
          `${plural(waiting, 'message waits', 'messages wait')} until their ConceptMap has an answer.`,
        );
    });
}
