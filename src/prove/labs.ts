/**
 * The proof of the HL7 v2 door: a laboratory that resends what was not acknowledged, while Tejido, Postgres and the EHR
 * are killed; then each order stands once, as its last message said.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom, syntheticPatients } from '../sandbox/patients.ts';
import { canariesOf, searchFaults, searchSinks } from './canaries.ts';
import { artifactSystem, type Fleet, startFleet } from './fleet.ts';
import type { Finding } from './invariants.ts';
import { readLabChart } from './lab-chart.ts';
import { labFindings } from './lab-findings.ts';
import { sendLabs } from './lab-sender.ts';
import { planLabs } from './lab-work.ts';
import type { Proof, ProofOptions } from './prove.ts';
import {
  cleanReconciliation,
  drained,
  handedOn,
  ledgerOf,
  reconciliation,
  sinksOf,
  statesOf,
  sumOf,
} from './readings.ts';
import { schedule } from './schedule.ts';

export type LabProofOptions = Omit<ProofOptions, 'activities'> & {
  readonly messages: number;
  readonly connections: number;
};

/** Rejects when the proof itself could not be carried out. */
export async function proveLabs(options: LabProofOptions): Promise<Proof> {
  const { seed, signal } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-prove-'));
  // Run as root, the account of Postgres must be able to enter.
  await chmod(folder, 0o711);
  let ok = false;
  let fleet: Fleet | undefined;
  try {
    const random = seededRandom(seed);
    const people = syntheticPatients(options.patients, seed);
    const each = Math.ceil(options.messages / options.patients);
    const patients = people.map((person, index) => planLabs(person, index, each, random));
    const [workers, redis] = [options.workers > 0, options.redis];
    const strikes = schedule({ random, durationMs: options.durationMs, workers, redis });
    const dealt: Record<string, number> = {};
    fleet = await startFleet({ ...options, folder, random: seededRandom(seed + 1) });
    const running = fleet;
    await running.setMood(true);

    const began = performance.now();
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const struck = Promise.allSettled(
      strikes.map(async ({ atMs, blow }) => {
        await pause(Math.max(0, began + atMs - performance.now()), undefined, { signal: either });
        if (await running.strike(blow)) dealt[blow] = (dealt[blow] ?? 0) + 1;
      }),
    );
    const sent = await sendLabs({
      port: running.mllpPort,
      patients,
      connections: options.connections,
      durationMs: options.durationMs,
      signal,
      onSent: (done) => options.onProgress(done, 'acknowledged'),
    }).catch((error: unknown) => {
      over.abort();
      throw error;
    });
    for (const result of await struck) if (result.status === 'rejected') throw result.reason;
    await running.setMood(false);

    await handedOn(running, options.drainMs, signal);
    const drainedInMs = await drained(running, options.drainMs, signal);
    const messages = await ledgerOf(running);
    const reconciled = await reconciliation(running, folder);
    const sinks = await sinksOf(running, folder);
    await running.stop();
    fleet = undefined;

    const { acknowledged, resent } = sent;
    const chart = await readLabChart(running.journal, artifactSystem);
    const orders = patients.flatMap((plan) => plan.orders);
    const found: readonly Finding[] = [
      ...labFindings({ acknowledged, messages, orders, chart }),
      cleanReconciliation(reconciled),
      await searchSinks(sinks, canariesOf(people)),
      await searchFaults(sinks.flatMap((sink) => ('file' in sink ? [sink.file] : []))),
    ];
    ok = drainedInMs !== undefined && found.every(({ broken }) => broken.length === 0);
    return {
      ok,
      what: 'laboratory messages',
      seed,
      patients: patients.length,
      sent: each * patients.length,
      acknowledged: acknowledged.length,
      resent,
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
