/**
 * The proof of reliability: real processes under load, killed and paused at moments that a seed decides, an EHR in a
 * bad mood; then everything must be as if nothing had happened.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { recordKey } from '../core/artifact.ts';
import { seededRandom, syntheticPatients } from '../sandbox/patients.ts';
import { canariesOf, searchFaults, searchSinks } from './canaries.ts';
import { artifactsIn, readChart } from './chart.ts';
import { artifactSystem, type Fleet, startFleet } from './fleet.ts';
import { type Finding, findings } from './invariants.ts';
import { asked, cleanReconciliation, drained, ledgerOf, reconciliation, sinksOf, statesOf, sumOf } from './readings.ts';
import { schedule } from './schedule.ts';
import { sendAll } from './sender.ts';
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
  readonly what: 'activities' | 'laboratory messages';
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
      cleanReconciliation(reconciled),
      await searchSinks(sinks, canariesOf(people)),
      await searchFaults(sinks.flatMap((sink) => ('file' in sink ? [sink.file] : []))),
    ];
    ok = drainedInMs !== undefined && found.every(({ broken }) => broken.length === 0);
    return {
      ok,
      what: 'activities',
      seed,
      patients: plans.length,
      sent: plans.reduce((sum, plan) => sum + plan.row.length, 0),
      acknowledged: [...sent.receipts.values()].reduce((sum, given) => sum + given.length, 0),
      resent: sent.resent,
      states: statesOf(messages),
      blows: dealt,
      drainedInMs,
      findings: found,
      reconciliation: sumOf(reconciled),
      folder: ok ? undefined : folder,
    };
  } finally {
    await fleet?.stop();
    if (ok) await rm(folder, { recursive: true, force: true });
  }
}

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
