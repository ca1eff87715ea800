/**
 * The proof of reliability: real processes under load, killed and paused at moments that a seed decides, an EHR in a
 * bad mood; then everything must be as if nothing had happened.
 */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { recordKey } from '../core/artifact.ts';
import type { Reconciliation } from '../core/story.ts';
import { recall } from '../postgres/remembered.ts';
import { roleName } from '../postgres/cluster.ts';
import { seededRandom, syntheticPatients } from '../sandbox/patients.ts';
import { queueContents } from '../wake/contents.ts';
import { canariesOf, searchFaults, searchSinks, type Sink } from './canaries.ts';
import { artifactsIn, readChart } from './chart.ts';
import { artifactSystem, type Fleet, startFleet } from './fleet.ts';
import { type Finding, findings, type LedgerMessage } from './invariants.ts';
import { contents } from './redis.ts';
import { schedule } from './schedule.ts';
import { sendAll } from './sender.ts';
import { until } from './until.ts';
import { type PatientPlan, planPatient, proofSystem, type Shape } from './work.ts';

export type ProofOptions = {
  readonly seed: number;
  /** How long it is sent and struck. */
  readonly durationMs: number;
  readonly activities: number;
  readonly patients: number;
  readonly workers: number;
  readonly redis: boolean;
  /** From the last acknowledgement until everything must be settled. */
  readonly drainMs: number;
  readonly onProgress: (done: number, note: string) => void;
  readonly onBlow: (says: string) => void;
  readonly signal: AbortSignal;
};

export type Proof = {
  readonly ok: boolean;
  readonly seed: number;
  readonly patients: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly resent: number;
  readonly states: Readonly<Record<string, number>>;
  readonly blows: Readonly<Record<string, number>>;
  readonly drainedInMs: number | undefined;
  readonly findings: readonly Finding[];
  readonly reconciliation: { readonly clean: boolean; readonly expected: number; readonly standing: number };
  /** Kept when something is broken. */
  readonly folder: string | undefined;
};

/** Rejects when the proof itself could not be carried out. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const { seed, signal } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-prove-'));
  // Run as root, the account of Postgres must be able to enter.
  await chmod(folder, 0o711);
  let ok = false;
  let fleet: Fleet | undefined;
  try {
    const random = seededRandom(seed);
    const people = syntheticPatients(options.patients, seed);
    const steps = Math.ceil(options.activities / options.patients);
    const plans = people.map((person, index) => planPatient(person, index, steps, new Date(), random));
    const strikes = schedule({
      random,
      durationMs: options.durationMs,
      workers: options.workers > 0,
      redis: options.redis,
    });
    const dealt: Record<string, number> = {};
    fleet = await startFleet({ ...options, folder, random: seededRandom(seed + 1) });
    const running = fleet;
    const slots = await learnSlots(running, plans);
    await running.setMood(true);

    const began = performance.now();
    const over = new AbortController();
    const blows = strikes.map(async ({ atMs, blow }) => {
      await pause(Math.max(0, began + atMs - performance.now()), undefined, {
        signal: AbortSignal.any([signal, over.signal]),
      });
      if (await running.strike(blow)) dealt[blow] = (dealt[blow] ?? 0) + 1;
    });
    const struck = Promise.allSettled(blows);
    const sent = await sendAll({
      url: running.url,
      key: running.key,
      patients: plans,
      durationMs: options.durationMs,
      senders: 12,
      random: seededRandom(seed + 2),
      signal,
      onSent: (done) => {
        options.onProgress(done, 'acknowledged');
      },
    }).catch((error: unknown) => {
      over.abort();
      throw error;
    });
    for (const result of await struck) if (result.status === 'rejected') throw result.reason;
    await running.setMood(false);

    const drainedInMs = await drained(running, options.drainMs, signal);
    const messages = await ledgerOf(running);
    const reconciled = await reconciliation(running, folder);
    const sinks = await sinksOf(running, folder);
    await running.stop();
    fleet = undefined;

    const chart = await readChart(running.journal, artifactSystem);
    const found: readonly Finding[] = [
      ...findings({ receipts: sent.receipts, messages, chart, slots }),
      {
        promise: 'the reconciliation against the EHR is clean',
        checked: reconciled.rows.reduce((sum, row) => sum + row.expected, 0),
        broken: reconciled.clean ? [] : [reconciled.problem ?? `${String(reconciled.missing.length)} missing, ${String(reconciled.duplicated.length)} doubled`], // prettier-ignore
      },
      await searchSinks(sinks, canariesOf(people)),
      await searchFaults(sinks.flatMap((sink) => ('file' in sink ? [sink.file] : []))),
    ];
    ok = drainedInMs !== undefined && found.every(({ broken }) => broken.length === 0);
    const states: Record<string, number> = {};
    for (const { state } of messages) states[state] = (states[state] ?? 0) + 1;
    return {
      ok,
      seed,
      patients: plans.length,
      sent: plans.reduce((sum, plan) => sum + plan.row.length, 0),
      acknowledged: [...sent.receipts.values()].reduce((sum, given) => sum + given.length, 0),
      resent: sent.resent,
      states,
      blows: dealt,
      drainedInMs,
      findings: found,
      reconciliation: {
        clean: reconciled.clean,
        expected: reconciled.rows.reduce((sum, row) => sum + row.expected, 0),
        standing: reconciled.rows.reduce((sum, row) => sum + row.standing, 0),
      },
      folder: ok ? undefined : folder,
    };
  } finally {
    await fleet?.stop();
    if (ok) await rm(folder, { recursive: true, force: true });
  }
}

const asked = async (fleet: Fleet, at: string, init: RequestInit = {}): Promise<unknown> => {
  const answer = await fetch(`${fleet.url}${at}`, {
    ...init,
    headers: { authorization: `Bearer ${fleet.key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${at.replace(/\?.*/, '')} answered ${String(answer.status)}.`);
  return answer.json();
};

type DryRun = {
  readonly results: readonly {
    readonly bundle?: { readonly entry: readonly { readonly resource: Record<string, unknown> }[] };
  }[];
};

/** One example of each shape, asked of Tejido itself: the maps decide what a record files. */
async function learnSlots(fleet: Fleet, plans: readonly PatientPlan[]): Promise<ReadonlyMap<Shape, readonly string[]>> {
  const examples = new Map<Shape, { readonly recordId: string; readonly activity: unknown }>();
  for (const { records, row } of plans)
    for (const { shape, recordId, at } of records)
      if (!examples.has(shape)) examples.set(shape, { recordId, activity: row[at] });
  const body = JSON.stringify([...examples.values()].map(({ activity }) => activity));
  const { results } = (await asked(fleet, '/v1/activities?dryRun=true', { method: 'POST', body })) as DryRun;
  return new Map(
    [...examples].map(([shape, { recordId }], index): [Shape, readonly string[]] => {
      const bundle = results[index]?.bundle;
      if (bundle === undefined)
        throw new Error(`The maps do not take the proof's ${shape}: ${JSON.stringify(results[index])}`);
      const prefix = recordKey(proofSystem, recordId, 1);
      const artifacts = bundle.entry.flatMap(({ resource }) => artifactsIn(resource, artifactSystem));
      return [shape, artifacts.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length))];
    }),
  );
}

type Page = { readonly messages: readonly LedgerMessage[]; readonly next?: string };

/** How long it took until nothing was on its way; undefined when it did not get there. */
async function drained(fleet: Fleet, limitMs: number, signal: AbortSignal): Promise<number | undefined> {
  const began = performance.now();
  const none = async (state: string): Promise<boolean> =>
    ((await asked(fleet, `/v1/messages?state=${state}&limit=1`)) as Page).messages.length === 0;
  return until(
    async () =>
      (await none('received')) && (await none('filing')) && (await none('held'))
        ? performance.now() - began
        : undefined,
    limitMs,
    signal,
  );
}

async function ledgerOf(fleet: Fleet): Promise<readonly LedgerMessage[]> {
  const all: LedgerMessage[] = [];
  let before = '';
  for (;;) {
    const page = (await asked(fleet, `/v1/messages?limit=500${before}`)) as Page;
    all.push(...page.messages);
    if (page.next === undefined) return all;
    before = `&before=${page.next}`;
  }
}

/** By the command, as an operator would. */
async function reconciliation(fleet: Fleet, folder: string): Promise<Reconciliation> {
  const log = path.join(folder, 'reconcile.json');
  await fleet.command(['reconcile', '--json'], log);
  const text = await readFile(log, 'utf8');
  return JSON.parse(text.slice(text.indexOf('{'))) as Reconciliation;
}

async function sinksOf(fleet: Fleet, folder: string): Promise<readonly Sink[]> {
  const metrics = await fetch(`${fleet.url}/metrics`, { headers: { authorization: `Bearer ${fleet.key}` } });
  const { password, port } = await recall(fleet.dataDir);
  const database = `postgres://${roleName}:${password}@127.0.0.1:${String(port)}/${roleName}`;
  const inData = (await readdir(fleet.dataDir)).filter((name) => name.endsWith('.log'));
  return [
    ...fleet.logs().map((file) => ({ name: path.relative(folder, file), file })),
    ...inData.map((name) => ({ name, file: path.join(fleet.dataDir, name) })),
    { name: '/metrics', text: await metrics.text() },
    { name: 'BullMQ on Postgres', text: await queueContents(database) },
    ...(fleet.redisUrl === undefined ? [] : [{ name: 'Redis', text: await contents(fleet.redisUrl) }]),
  ];
}
