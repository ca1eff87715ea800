import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { type Config, problemLine } from '../../config/config.ts';
import { causeOf } from '../../core/causes.ts';
import type { MessageSummary, Reconciliation } from '../../core/story.ts';
import { appSystem, commcareSource, configuration } from '../../demo/programme.ts';
import { atRest, type Summary, summarise } from '../../demo/summary.ts';
import { type Delivery, planWeek } from '../../demo/week.ts';
import { isFree } from '../../postgres/port.ts';
import { syntheticPatients } from '../../sandbox/patients.ts';
import { table } from '../format.ts';
import type { CliLedger, Parts } from '../parts.ts';
import { postBatch } from '../post.ts';
import { startProgress } from '../progress.ts';
import { CommandError, json, Unsuccessful } from '../run.ts';
import { reconciliationText } from './reconcile.ts';

type Options = { once?: true; seed: number; patients: number; json?: true };

const integer = (least: number, most: number) => (given: string) => {
  const read = Number(given);
  if (!Number.isInteger(read) || read < least || read > most)
    throw new InvalidArgumentError(`A whole number from ${String(least)} to ${String(most)}.`);
  return read;
};

/** From the last delivery until everything must be at rest. */
const settleMs = 90_000;
/** The EHR's bad days, in the terms of the sandbox's fault table: Wednesday and Thursday of a week that begins on Monday. */
const badDays: ReadonlySet<number> = new Set([2, 3]);
const faults = [
  { fault: 'status', value: 503, p: 0.04 },
  { fault: 'latency', value: 60, p: 0.1 },
  { fault: 'drop-after-commit', p: 0.03, on: 'write' },
  { fault: 'drop-before-commit', p: 0.02 },
  { fault: 'half-response', p: 0.02 },
];
const batchSize = 20;

/** Never the user's ledger, queue, or keys: only what the demo's own file says, and the port asked for if it is free. */
async function demoConfig(parts: Parts, folder: string, once: boolean): Promise<Config> {
  const file = path.join(folder, 'tejido.yaml');
  await writeFile(file, configuration());
  const loaded = await parts.loadConfig(file);
  if (!loaded.ok) {
    for (const problem of loaded.problems) parts.terminal.err(problemLine(problem));
    throw new Unsuccessful();
  }
  const { redisUrl: _, ...config } = loaded.value;
  const port = !once && (await isFree(config.http.port)) ? config.http.port : 0;
  return {
    ...config,
    http: { ...config.http, host: '127.0.0.1', port },
    database: { kind: 'embedded' },
    dataDir: path.join(folder, 'data'),
    logLevel: config.logLevel === 'debug' ? 'debug' : 'error',
    apiKey: `demo-${randomBytes(16).toString('hex')}`,
  };
}

async function everything(ledger: CliLedger): Promise<readonly MessageSummary[]> {
  const all: MessageSummary[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const page = await ledger.list({ limit: 500, ...(before === undefined ? {} : { before }) });
    all.push(...page.messages);
    if (page.next === undefined) return all;
  }
}

async function setFaults(url: string, on: boolean): Promise<void> {
  const answer = await fetch(`${url}/sandbox/fhir/$sandbox/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(on ? faults : []),
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new CommandError(`The sandbox EHR does not take faults (${String(answer.status)}).`);
}

async function forward(url: string, key: string, { body }: Delivery): Promise<void> {
  const answer = await fetch(`${url}/v1/sources/${commcareSource}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  if (answer.status !== 202) throw new CommandError(`The door for CommCare answered ${String(answer.status)}.`);
}

/** In order: what belongs together stays so, the two doors take turns. */
async function send(parts: Parts, url: string, key: string, deliveries: readonly Delivery[]): Promise<void> {
  let batch: Delivery[] = [];
  const post = async (): Promise<void> => {
    if (batch.length === 0) return;
    const items = batch.map(({ body }, index) => ({ text: JSON.stringify(body), at: String(index) }));
    batch = [];
    const results = await postBatch(parts, { url, key, retries: 8 }, items, () => undefined);
    const refused = results.find((result) => 'refused' in result);
    if (refused !== undefined && 'refused' in refused)
      throw new CommandError(`An activity of the demo was refused: ${refused.refused}`);
  };
  for (const delivery of deliveries) {
    if (delivery.door === 'activities') batch.push(delivery);
    if (batch.length >= batchSize || delivery.door === 'commcare') await post();
    if (delivery.door === 'commcare') await forward(url, key, delivery);
  }
  await post();
}

export const summaryText = ({ kinds, total, held }: Summary): string => {
  const row = (name: string, { accepted, filed, held: stopped, failed, superseded, voided }: Summary['total']) => [
    name, accepted, filed, stopped, failed, superseded, voided,
  ]; // prettier-ignore
  return [
    table(
      ['KIND', 'RECEIVED', 'FILED', 'HELD', 'FAILED', 'SUPERSEDED', 'VOIDED'],
      [...kinds.map(({ kind, tally }) => row(kind, tally)), row('total', total)],
    ),
    ...(held.length === 0 ? [] : ['', 'Held, as it should be; a person or an event must act first:']),
    ...held.flatMap(({ cause, count }) => [
      `  ${String(count)} × ${causeOf(cause).says} [${cause}]`,
      `      ${causeOf(cause).next}`,
    ]),
  ].join('\n');
};

type Outcome = { readonly summary: Summary; readonly reconciliation: Reconciliation };

async function runWeek(parts: Parts, config: Config, url: string, options: Options): Promise<Outcome> {
  const { terminal } = parts;
  const people = syntheticPatients(options.patients);
  const { deliveries } = planWeek({ people, seed: options.seed, until: parts.clock() });
  const ledger = await parts.openLedger({ ...config, http: { ...config.http, port: Number(new URL(url).port) } });
  const bar = startProgress(terminal, 'filed', deliveries.length);
  try {
    for (let day = 0; day < 7; day += 1) {
      await setFaults(url, badDays.has(day));
      await send(
        parts,
        url,
        config.apiKey ?? '',
        deliveries.filter((delivery) => delivery.day === day),
      );
      const note = badDays.has(day)
        ? `day ${String(day + 1)} of 7, the EHR in a bad mood`
        : `day ${String(day + 1)} of 7`;
      bar.to(atRest(await everything(ledger)), note);
    }
    await setFaults(url, false);
    const until = performance.now() + settleMs;
    for (;;) {
      const messages = await everything(ledger);
      const done = atRest(messages);
      bar.to(done, 'the week is sent');
      if (done === messages.length || performance.now() > until) {
        bar.end();
        return { summary: summarise(messages, deliveries), reconciliation: await ledger.reconcile({}) };
      }
      await parts.pause(250);
    }
  } finally {
    bar.end();
    await ledger.close();
  }
}

export function register(program: Command, parts: Parts): void {
  program
    .command('demo')
    .description('a week of an invented programme, sent and filed in the sandbox EHR, on data of its own')
    .option('--once', 'exit when the week is filed: 0 only if the reconciliation is clean')
    .option('--seed <n>', 'decides what happens in the week', integer(0, 2 ** 31), 1)
    .option('--patients <n>', 'of the sandbox EHR', integer(3, 250), 80)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido demo\n  $ tejido demo --once --seed 7')
    .action(async (options: Options) => {
      const { err, out } = parts.terminal;
      const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-demo-'));
      // Run as root, the account of Postgres must be able to enter.
      await chmod(folder, 0o711);
      try {
        const config = await demoConfig(parts, folder, options.once === true);
        err(`Demo in ${folder}: its own ledger, nothing of yours is touched. Invented patients only.`);
        const running = await parts.start(config, 'all');
        let stopping: Promise<void> | undefined;
        const onSignal = (): void => {
          if (stopping !== undefined) process.exit(130);
          stopping = running.stop();
          stopping.catch(() => process.exit(1));
        };
        process.on('SIGINT', onSignal);
        process.on('SIGTERM', onSignal);
        try {
          const url = running.url ?? '';
          const { summary, reconciliation } = await runWeek(parts, config, url, options);
          const ok = reconciliation.clean && summary.surprises.length === 0;
          if (options.json) out(json({ ok, ...summary, reconciliation }));
          else {
            out(summaryText(summary));
            out(`\n${reconciliationText(reconciliation)}`);
            for (const surprise of summary.surprises) out(`NOT as it should be: ${surprise}`);
          }
          if (!options.once && stopping === undefined) {
            err('');
            err('It stays up until you stop it (Ctrl-C). Look around:');
            err(`  ${url}/sandbox/fhir   the charts, for example Patient/syn-10023/$chart`);
            err(`  ${url}/docs   the API`);
            err(`  curl -s '${url}/v1/messages?state=held' -H 'Authorization: Bearer ${config.apiKey ?? ''}'`);
            err(
              `  curl -s '${url}/v1/messages?source=${appSystem}&limit=5' -H 'Authorization: Bearer ${config.apiKey ?? ''}'`,
            );
            await running.ended;
          }
          if (!ok) throw new Unsuccessful();
        } finally {
          await (stopping ?? running.stop());
          process.off('SIGINT', onSignal);
          process.off('SIGTERM', onSignal);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}
