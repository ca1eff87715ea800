import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { proveLabs } from '../../prove/labs.ts';
import type { Proof } from '../../prove/carry-out.ts';
import { prove } from '../../prove/prove.ts';
import { redisInstalled } from '../../prove/redis.ts';
import { table } from '../format.ts';
import type { Parts } from '../parts.ts';
import { startProgress } from '../progress.ts';
import { CommandError, json, Unsuccessful } from '../run.ts';

const number = (least: number, most: number) => (given: string) => {
  const read = Number(given);
  if (!Number.isFinite(read) || read < least || read > most)
    throw new InvalidArgumentError(`A number from ${String(least)} to ${String(most)}.`);
  return read;
};

type Options = {
  seed?: number;
  minutes: number;
  activities?: number;
  patients: number;
  workers: number;
  redis?: true;
  labs?: true;
  json?: true;
};

export const proofText = (proof: Proof): string => {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, n]) => `${name} ${String(n)}`)
      .join(', ');
  return [
    table(
      ['', 'PROMISE', 'CHECKED', 'BROKEN'],
      proof.findings.map(({ promise, checked, broken }) => [
        broken.length === 0 ? 'ok' : 'NO',
        promise,
        checked,
        broken.length,
      ]),
    ),
    ...proof.findings.flatMap(({ broken }) => [
      ...broken.slice(0, 10).map((one) => `  ${one}`),
      ...(broken.length > 10 ? [`  and ${String(broken.length - 10)} more; see --json`] : []),
    ]),
    '',
    `Sent ${String(proof.sent)} ${proof.what} for ${String(proof.patients)} patients; ${String(proof.acknowledged)} acknowledged, ${String(proof.resent)} resent.`,
    `Ledger: ${counts(proof.states)}. In the chart: ${String(proof.reconciliation.standing)} of ${String(proof.reconciliation.expected)} resources.`,
    `Blows: ${counts(proof.blows)}.`,
    proof.drainedInMs === undefined
      ? 'It did not settle in time.'
      : `Settled ${(proof.drainedInMs / 1_000).toFixed(1)} s after the last blow.`,
    ...(proof.folder === undefined ? [] : [`Logs and data: ${proof.folder}`]),
    `${proof.ok ? 'Every promise held' : 'NOT every promise held'}. Seed ${String(proof.seed)}.`,
  ].join('\n');
};

export function register(program: Command, parts: Parts): void {
  program
    .command('prove')
    .description(
      'prove it: real processes under load, killed at random moments; then nothing is lost, doubled or out of order',
    )
    .option('--seed <n>', 'decides activities and blows (default: a new one, printed)', number(0, 2 ** 31))
    .option('--minutes <m>', 'how long it is sent and struck', number(0.1, 1_440), 1)
    .option(
      '--activities <n>',
      'how many activities, or messages, are sent (default: 2,100, or 1,500 a minute)',
      number(10, 10_000_000),
    )
    .option('--patients <n>', 'for how many patients', number(1, 100_000), 210)
    .option('--workers <n>', 'further worker processes', number(0, 4), 0)
    .option('--labs', 'laboratory results by HL7 v2 (8 connections) instead of activities')
    .option('--redis', 'with a redis-server of its own, which is killed and flushed too')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nUses its own data in a temporary folder. Example:\n  $ tejido prove --seed 7 --minutes 10 --workers 2 --redis\n  $ tejido prove --labs --activities 20000 --patients 500 --minutes 6',
    )
    .action(async (options: Options) => {
      const { err, out } = parts.terminal;
      if (options.redis && !redisInstalled())
        throw new CommandError('redis-server is not installed.', 'Install it, or prove without --redis.');
      const seed = options.seed ?? Math.floor(parts.random() * 2 ** 31);
      const activities = options.activities ?? Math.max(2_100, Math.round(options.minutes * 1_500));
      err(
        `Seed ${String(seed)}: ${String(activities)} ${options.labs ? 'ORU^R01' : 'activities'}, ${String(options.patients)} patients.`,
      );
      const stop = new AbortController();
      const onSignal = (): void => {
        stop.abort();
      };
      process.once('SIGINT', onSignal);
      process.once('SIGTERM', onSignal);
      const bar = startProgress(parts.terminal, 'sent', activities);
      let last = '';
      try {
        const how = {
          seed,
          durationMs: options.minutes * 60_000,
          patients: options.patients,
          workers: options.workers,
          redis: options.redis === true,
          drainMs: Math.max(120_000, options.minutes * 60_000),
          onProgress: (done: number) => {
            bar.to(done, last);
          },
          onBlow: (says: string) => {
            last = says;
            if (!parts.terminal.interactive) err(says);
          },
          signal: stop.signal,
        };
        const proof = options.labs
          ? await proveLabs({ ...how, messages: activities, connections: 8 })
          : await prove({ ...how, activities });
        bar.end();
        out(options.json ? json(proof) : proofText(proof));
        if (!proof.ok) throw new Unsuccessful();
      } catch (error) {
        if (stop.signal.aborted) throw new CommandError('Stopped before the end: nothing is proved.');
        if (error instanceof Unsuccessful) throw error;
        throw new CommandError(
          `The proof could not be carried out: ${error instanceof Error ? error.message : 'unknown'}`,
        );
      } finally {
        bar.end();
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
      }
    });
}
