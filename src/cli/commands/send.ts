import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { batches, readItems } from '../activities-file.ts';
import { isSheetFile, sendSheets } from '../sheet-file.ts';
import type { SheetOptions } from '../sheet-file.ts';
import type { Item } from '../activities-file.ts';
import { hostAndPort, type Hl7Options, sendHl7Files } from '../hl7/command.ts';
import { isHl7File } from '../hl7/file.ts';
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

type SendOptions = SheetOptions & Hl7Options & { url?: string; key?: string; batch: number; retries: number };

/** HL7 v2 goes over MLLP, all else to the HTTP door. */
async function apart(files: readonly string[]): Promise<{ readonly hl7: readonly string[]; readonly rest: string[] }> {
  const is = await Promise.all(files.map(isHl7File));
  return { hl7: files.filter((_, index) => is[index]), rest: files.filter((_, index) => !is[index]) };
}

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
      'send activities (JSON, NDJSON), a roster or an attendance sheet (CSV, XLSX) to a running Tejido, or HL7 v2 over MLLP; again doubles nothing',
    )
    .argument('<file...>', 'files; - is standard input, with activities; what begins with MSH, FHS or BHS is HL7 v2')
    .option('--url <url>', 'where Tejido listens (default: host and port of the configuration)', httpUrl)
    .option('--key <key>', 'API key (default: TEJIDO_API_KEY)')
    .option('--batch <n>', 'activities per request', count(1, 1_000), 200)
    .option(
      '--retries <n>',
      'how often a request or message is repeated when the server is busy or away',
      count(0, 1_000),
      8,
    )
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
    .option(
      '--mllp <host:port>',
      'where HL7 v2 is sent (default: host and port of the HL7 v2 door of the configuration)',
      hostAndPort,
    )
    .option(
      '--connections <n>',
      'MLLP connections; the messages of one patient go over one of them, in order',
      count(1, 64),
      1,
    )
    .option('--ack-timeout <seconds>', 'how long one acknowledgement may take', count(1, 600), 30)
    .option('--tls', 'MLLP over TLS')
    .option('--tls-ca <file>', 'who signs its certificate, PEM')
    .option('--tls-cert <file>', 'our certificate, PEM, for mutual TLS')
    .option('--tls-key <file>', 'its private key, PEM')
    .option('--tls-name <name>', 'the name that its certificate bears, when that is not the host')
    .option('--json', 'print what was answered as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tejido send week.ndjson\n  $ tejido send roster.xlsx --snapshot --yes\n  $ tejido send attendance.csv\n  $ tejido send results.hl7 --mllp 127.0.0.1:2575\n  $ cat visit.json | tejido send - --url https://tejido.clinic.example',
    )
    .action(async (given: readonly string[], options: SendOptions, command: Command) => {
      const { out, err } = parts.terminal;
      const { hl7, rest: files } = await apart(given);
      if (hl7.length > 0 && files.length > 0 && options.json)
        throw new CommandError('HL7 v2 and other files have answers of their own.', 'With --json, send them apart.');
      const taken = hl7.length === 0 || (await sendHl7Files(parts, hl7, options, command));
      if (files.length === 0) {
        if (!taken) throw new Unsuccessful();
        return;
      }
      const target = await targetOf(parts, options, command);
      if (files.some(isSheetFile)) {
        await sendSheets(parts, target, files, options);
        if (!taken) throw new Unsuccessful();
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
      if (refused.length > 0 || !taken) throw new Unsuccessful();
    });
}
