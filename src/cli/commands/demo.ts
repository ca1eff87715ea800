import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { planProgramme } from '../../demo/plan.ts';
import { appSystem } from '../../demo/programme.ts';
import { syntheticPatients } from '../../sandbox/patients.ts';
import { runDemo } from '../demo/run.ts';
import { type DemoSite, openSite } from '../demo/site.ts';
import { summaryText, tookText } from '../demo/text.ts';
import { plural } from '../format.ts';
import type { Parts } from '../parts.ts';
import { json, Unsuccessful } from '../run.ts';
import { reconciliationText } from './reconcile.ts';
import { reportText } from './report.ts';

type Options = {
  once?: true;
  full?: true;
  seed: number;
  patients: number;
  activities?: number;
  months?: number;
  json?: true;
};

const integer = (least: number, most: number) => (given: string) => {
  const read = Number(given);
  if (!Number.isInteger(read) || read < least || read > most)
    throw new InvalidArgumentError(`A whole number from ${String(least)} to ${String(most)}.`);
  return read;
};

const usual = { activities: 1_000, months: 1 };
const whole = { activities: 40_000, months: 36 };
/** Of a short demo four weeks: a series of classes fits in. */
const daysOf = (months: number): number => (months === 1 ? 28 : Math.round((months * 365.25) / 12));

export function register(program: Command, parts: Parts): void {
  program
    .command('demo')
    .description('an invented programme with its roster, sent and filed in a sandbox EHR, on data of its own')
    .option('--once', 'exit when all is filed: 0 only if the reconciliation is clean')
    .option('--full', `the long form: ${String(whole.activities)} activities over ${String(whole.months)} months`)
    .option('--seed <n>', 'decides what happens', integer(0, 2 ** 31), 1)
    .option('--patients <n>', 'on the roster and in the EHR', integer(20, 20_000), 4_000)
    .option(
      '--activities <n>',
      `beside the roster, at least (default ${String(usual.activities)})`,
      integer(50, 200_000),
    ) // prettier-ignore
    .option('--months <n>', `over so many months up to now (default ${String(usual.months)})`, integer(1, 60))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido demo\n  $ tejido demo --once --seed 7\n  $ tejido demo --once --full')
    .action(async (options: Options) => {
      const site = await openSite(parts, options.patients, options.once === true);
      try {
        parts.terminal.err(
          `Demo in ${site.folder}: its own ledger, nothing of yours is touched. Invented patients only.`,
        );
        await inSite(parts, site, options);
      } finally {
        await site.end();
      }
    });
}

async function inSite(parts: Parts, site: DemoSite, options: Options): Promise<void> {
  const running = await parts.start(site.config, 'all');
  let stopping: Promise<void> | undefined;
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stopping !== undefined) process.exit(130);
    stop.abort();
    stopping = running.stop();
    stopping.catch(() => process.exit(1));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const url = running.url ?? '';
    const ok = await sendAndTell(parts, site, { url, stop: stop.signal }, options);
    if (!options.once && stopping === undefined) {
      for (const line of lookAround(site, url)) parts.terminal.err(line);
      await running.ended;
    }
    if (!ok) throw new Unsuccessful();
  } finally {
    await (stopping ?? running.stop());
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** Resolves with whether all is as it should be. */
async function sendAndTell(
  parts: Parts,
  { config, ehr, key }: DemoSite,
  { url, stop }: { readonly url: string; readonly stop: AbortSignal },
  options: Options,
): Promise<boolean> {
  const { out } = parts.terminal;
  const defaults = options.full ? whole : usual;
  const plan = planProgramme({
    people: syntheticPatients(options.patients),
    seed: options.seed,
    activities: options.activities ?? defaults.activities,
    days: daysOf(options.months ?? defaults.months),
    until: parts.clock(),
  });
  const ledger = await parts.openLedger({ ...config, http: { ...config.http, port: Number(new URL(url).port) } });
  try {
    const { summary, reconciliation, report, redFlags, took } = await runDemo(parts, ledger, { door: { url, key }, ehr, plan, stop }); // prettier-ignore
    const ok = reconciliation.clean && summary.surprises.length === 0;
    if (options.json) out(json({ ok, ...summary, reconciliation, figures: report.figures, redFlags, took }));
    else {
      out(summaryText(summary));
      out(`\nThe programme (docs/reports.md says what each figure counts):\n${reportText(report)}`);
      out(`\n${plural(redFlags, 'red flag waits', 'red flags wait')} for the care team (tejido escalations).`);
      out(`\n${reconciliationText(reconciliation)}`);
      out(tookText(took));
      for (const surprise of summary.surprises) out(`NOT as it should be: ${surprise}`);
    }
    return ok;
  } finally {
    await ledger.close();
  }
}

const lookAround = ({ ehr, key }: DemoSite, url: string): readonly string[] => [
  '',
  'It stays up until you stop it (Ctrl-C). Look around:',
  `  ${ehr}   the charts, for example Patient/syn-10023/$chart`,
  `  ${url}/docs   the API`,
  `  curl -s '${url}/v1/messages?state=held' -H 'Authorization: Bearer ${key}'`,
  `  curl -s '${url}/v1/messages?source=${appSystem}&limit=5' -H 'Authorization: Bearer ${key}'`,
];
