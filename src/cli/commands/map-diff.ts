import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { MappingDiff } from '../../core/story.ts';
import { plural, table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { startProgress } from '../progress.ts';
import { configOf, json, Unsuccessful } from '../run.ts';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** `7d`, `12h`, `2w`, or a day or time. */
const since =
  (clock: () => Date) =>
  (given: string): Date => {
    const [, count, unit] = /^(\d{1,5})([mhdw])$/u.exec(given) ?? [];
    if (count !== undefined) return new Date(clock().getTime() - Number(count) * unitMs[unit as keyof typeof unitMs]);
    const date = new Date(/^\d{4}-\d{2}-\d{2}$/u.test(given) ? `${given}T00:00:00Z` : given);
    if (Number.isNaN(date.getTime()) || !/^\d{4}-/u.test(given))
      throw new InvalidArgumentError('A span (7d, 12h, 2w), a day (2026-03-31, UTC) or an ISO 8601 time.');
    return date;
  };

const limit = (given: string): number => {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1 || number > 1_000_000)
    throw new InvalidArgumentError('From 1 to 1000000.');
  return number;
};

export const diffText = (diff: MappingDiff): string => {
  const versions = Object.entries(diff.deployed).map(([hash, count]) => `${hash.slice(0, 12)} (${count})`);
  const lines = [
    `${plural(diff.compared, 'message')} since ${when(diff.since)}: deployed ${versions.join(', ') || 'none'}, working copy ${diff.working.slice(0, 12)}.`,
  ];
  for (const [why, count] of Object.entries(diff.notCompared))
    lines.push(`${plural(count, 'message')} not compared: ${why}.`);
  for (const [, group] of Map.groupBy(diff.changes, ({ kind, map }) => `${kind} ${map}`)) {
    const { kind, map } = group[0] as MappingDiff['changes'][number];
    const rows = group.map(({ what, at, messages, messageIds }) => [
      what,
      at,
      messages,
      `${messageIds.join(' ')}${messages > messageIds.length ? ' …' : ''}`,
    ]);
    lines.push('', `${kind} (${map})`, table(['CHANGE', 'WHERE', 'MESSAGES', 'NEWEST'], rows));
    for (const { at, examples = [] } of group)
      for (const { messageId, before, after } of examples) {
        lines.push(`  ${at} of ${messageId}:`);
        if (before !== undefined) lines.push(`  - ${JSON.stringify(before)}`);
        if (after !== undefined) lines.push(`  + ${JSON.stringify(after)}`);
      }
  }
  lines.push(
    '',
    diff.changed === 0
      ? 'Nothing changes.'
      : `${plural(diff.changed, 'message changes', 'messages change')}, ${diff.compared - diff.changed} stay as they are.`,
  );
  return lines.join('\n');
};

type Options = {
  since: Date;
  limit: number;
  type?: string;
  maps?: readonly string[];
  showValues?: true;
  json?: true;
};

export function registerDiff(map: Command, parts: Parts): void {
  map
    .command('diff')
    .description('what the working copy of the maps makes differently of the messages of the past; nothing is sent')
    .requiredOption('--since <when>', 'a span (7d, 12h, 2w), a day or a time', since(parts.clock))
    .option('--limit <n>', 'so many messages at most, the newest', limit, 1_000)
    .option('--type <activity-type>', 'only of this activity type')
    .option('--maps <folder...>', 'folders of the working copy, beside the built-in maps (default: as configured)')
    .option('--show-values', "with examples of what was and what is (patients' data)")
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nEach message is mapped with the version of the maps it was made with (the ledger keeps them) and with the files\n' +
        'of now. Ends with 1 when a message that could be mapped would fail.\n\n' +
        'Example:\n  $ tejido map diff --since 7d\n  $ tejido map diff --since 2026-05-01 --type contact.home --show-values',
    )
    .action(async (options: Options, command: Command) => {
      const config = await configOf(parts, command);
      const progress = startProgress(parts.terminal, 'compared', 0);
      const diff = await parts
        .diffMaps(
          config,
          {
            since: options.since,
            limit: options.limit,
            values: options.showValues ?? false,
            ...(options.type === undefined ? {} : { kind: options.type }),
            ...(options.maps === undefined ? {} : { folders: options.maps.map((folder) => resolve(folder)) }),
          },
          (done) => {
            progress.to(done);
          },
        )
        .finally(() => {
          progress.end();
        });
      parts.terminal.out(options.json ? json(diff) : diffText(diff));
      if (diff.changes.some(({ what }) => what === 'now fails')) throw new Unsuccessful();
    });
}
