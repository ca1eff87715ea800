/**
 * What every proof does: a fleet of real processes, work that is sent while blows fall at moments that a seed decides, an
 * EHR in a bad mood; then everything is settled, read, and judged.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom, syntheticPatients } from '../sandbox/patients.ts';
import { canariesOf, searchFaults, searchSinks } from './canaries.ts';
import { type Fleet, startFleet } from './fleet.ts';
import type { Finding, LedgerMessage } from './invariants.ts';
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

export type ProofOptions = {
  readonly seed: number;
  /** How long it is sent and struck. */
  readonly durationMs: number;
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

/** What is sent in a proof, and how it is judged. */
export type Load = {
  readonly what: Proof['what'];
  readonly count: number;
  /** Before the first blow. */
  readonly begin?: (fleet: Fleet) => Promise<void>;
  /** Until everything is acknowledged. */
  readonly send: (fleet: Fleet) => Promise<{ readonly acknowledged: number; readonly resent: number }>;
  /** Of the ledger and of the EHR's journal, when everything is settled. */
  readonly judge: (messages: readonly LedgerMessage[], journal: string) => Promise<readonly Finding[]>;
};

type People = ReturnType<typeof syntheticPatients>;

/** Rejects when the proof itself could not be carried out. */
export async function carryOut(
  options: ProofOptions,
  loadOf: (people: People, random: () => number) => Load,
): Promise<Proof> {
  const { seed, signal, durationMs, workers, redis } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-prove-'));
  // Run as root, the account of Postgres must be able to enter.
  await chmod(folder, 0o711);
  let ok = false;
  let fleet: Fleet | undefined;
  try {
    const random = seededRandom(seed);
    const people = syntheticPatients(options.patients, seed);
    const load = loadOf(people, random);
    const strikes = schedule({ random, durationMs, workers: workers > 0, redis });
    fleet = await startFleet({ ...options, folder, random: seededRandom(seed + 1) });
    const running = fleet;
    await load.begin?.(running);
    await running.setMood(true);
    const { sent, blows } = await underBlows(running, strikes, () => load.send(running), signal);
    await running.setMood(false);

    await handedOn(running, options.drainMs, signal);
    const drainedInMs = await drained(running, options.drainMs, signal);
    const messages = await ledgerOf(running);
    const reconciled = await reconciliation(running, folder);
    const sinks = await sinksOf(running, folder);
    await running.stop();
    fleet = undefined;

    const findings: readonly Finding[] = [
      ...(await load.judge(messages, running.journal)),
      cleanReconciliation(reconciled),
      await searchSinks(sinks, canariesOf(people)),
      await searchFaults(sinks.flatMap((sink) => ('file' in sink ? [sink.file] : []))),
    ];
    ok = drainedInMs !== undefined && findings.every(({ broken }) => broken.length === 0);
    return {
      ok,
      what: load.what,
      seed,
      patients: people.length,
      sent: load.count,
      ...sent,
      states: statesOf(messages),
      blows,
      drainedInMs,
      findings,
      reconciliation: sumOf(reconciled),
      folder: ok ? undefined : folder,
    };
  } finally {
    await fleet?.stop();
    if (ok) await rm(folder, { recursive: true, force: true });
  }
}

/** Sends while the blows fall. When sending fails, no more of them do. */
async function underBlows<Sent>(
  fleet: Fleet,
  strikes: ReturnType<typeof schedule>,
  send: () => Promise<Sent>,
  signal: AbortSignal,
): Promise<{ readonly sent: Sent; readonly blows: Readonly<Record<string, number>> }> {
  const blows: Record<string, number> = {};
  const began = performance.now();
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const struck = Promise.allSettled(
    strikes.map(async ({ atMs, blow }) => {
      await pause(Math.max(0, began + atMs - performance.now()), undefined, { signal: either });
      if (await fleet.strike(blow)) blows[blow] = (blows[blow] ?? 0) + 1;
    }),
  );
  const sent = await send().catch((error: unknown) => {
    over.abort();
    throw error;
  });
  for (const result of await struck) if (result.status === 'rejected') throw result.reason;
  return { sent, blows };
}
