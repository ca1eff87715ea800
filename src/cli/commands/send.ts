import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { batches, readItems } from '../activities-file.ts';
import { isSheetFile, sendSheets } from '../sheet-file.ts';
import type { SheetOptions } from '../sheet-file.ts';
import type { Item } from '../activities-file.ts';
import { plural, table } from '../format.ts';
import type { Parts } from '../parts.ts';
import { postBatch } from '../post.ts';
import type { ItemResult, Target } from '../post.ts';
import { startProgress } from '../progress.ts';
import { CommandError, configOf, json, Unsuccessful } from '../run.ts';

const count = (least: number, most: number) => (given: string) => {
  const number = Number(given);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new InvalidArgumentError(`A number from ${least} to ${most}.`);
  }
  return number;
};

const httpUrl = (given: string): string => {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new InvalidArgumentError('An http(s) URL.');
  return given;
};

async function* itemsOf(files: readonly string[]): AsyncGenerator<Item> {
  for (const file of files) yield* readItems(file);
}

type SendOptions = SheetOptions & { url?: string; key?: string; batch: number; retries: number };

const targetOf = async (parts: Parts, options: SendOptions, command: Command): Promise<Target> => {
  const config = options.url === undefined ? await configOf(parts, command) : undefined;
  const host = config?.http.host === '0.0.0.0' || config?.http.host === '::' ? '127.0.0.1' : (config?.http.host ?? '');
  const url = options.url ?? `http://${host.includes(':') ? `[${host}]` : host}:${config?.http.port ?? 0}`;
  return { url, key: options.key ?? parts.env['TEJIDO_API_KEY'], retries: options.retries };
};

const summary = (results: readonly ItemResult[]): string => {
  const tally = new Map<string, number>();
  for (const result of results) {
    const what =
      'refused' in result
        ? 'refused'
        : result.duplicateOf === undefined
          ? `accepted, ${result.state}`
          : 'known already';
    tally.set(what, (tally.get(what) ?? 0) + 1);
  }
  return table(['RESULT', 'ACTIVITIES'], [...tally]);
};

export function register(program: Command, parts: Parts): void {
  program
    .command('send')
    .description(
      'send activities (JSON, NDJSON), a roster or an attendance sheet (CSV, XLSX) to a running Tejido; again doubles nothing',
    )
    .argument('<file...>', 'files; - is standard input, with activities')
    .option('--url <url>', 'where Tejido listens (default: host and port of the configuration)', httpUrl)
    .option('--key <key>', 'API key (default: TEJIDO_API_KEY)')
    .option('--batch <n>', 'activities per request', count(1, 1_000), 200)
    .option('--retries <n>', 'how often a request is repeated when the server is busy or away', count(0, 1_000), 8)
    .option('--snapshot', 'a roster of everybody: who is missing is marked absent')
    .option('--delta', 'a roster of only those who are new or changed')
    .option('--yes', 'commit the roster after showing what changes; without it nothing is stored')
    .option('--dry-run', 'show what would be done with a roster or an attendance sheet; nothing is stored')
    .option('--source <name>', 'whose patient ids a roster or an attendance sheet has', 'roster')
    .option('--date-order <order>', 'dmy or mdy: dates such as 03/04/1961; else the column as a whole must tell')
    .option('--removed-status <status>', 'paused or lost: what a snapshot makes of those who are missing')
    .option(
      '--confirm-removals <n>',
      'how many removals are expected, when they are more than a fifth',
      count(1, 1_000_000),
    )
    .option('--values', 'show from what to what a field changes')
    .option('--json', 'print what was answered as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tejido send week.ndjson\n  $ tejido send roster.xlsx --snapshot --yes\n  $ tejido send attendance.csv\n  $ cat visit.json | tejido send - --url https://tejido.clinic.example',
    )
    .action(async (files: readonly string[], options: SendOptions, command: Command) => {
      const { out, err } = parts.terminal;
      const target = await targetOf(parts, options, command);
      if (files.some(isSheetFile)) {
        await sendSheets(parts, target, files, options);
        return;
      }
      const results: ItemResult[] = [];
      const progress = startProgress(parts.terminal, 'sent', 0);
      try {
        for await (const batch of batches(itemsOf(files), { items: options.batch, bytes: 1_000_000 })) {
          results.push(
            ...(await postBatch(parts, target, batch, (why) => progress.to(results.length, `${why}, waiting`))),
          );
          progress.to(results.length);
        }
      } catch (error) {
        progress.end();
        if (results.length > 0) err(`${plural(results.length, 'activity', 'activities')} had their answer before.`);
        throw error;
      }
      progress.end();
      if (results.length === 0) throw new CommandError('There is no activity in what was given.');
      const refused = results.flatMap((result) => ('refused' in result ? [result] : []));
      if (options.json) out(json(results));
      else {
        for (const { at, refused: why } of refused.slice(0, 20)) err(`${at}: ${why}`);
        if (refused.length > 20) err(`and ${refused.length - 20} more refused; see --json`);
        out(summary(results));
      }
      if (refused.length > 0) throw new Unsuccessful();
    });
}
