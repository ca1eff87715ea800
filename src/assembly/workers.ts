/** The lanes at work: runners, wake-ups, schedules and the watchdog of one process. */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { causeOf } from '../core/causes.ts';
import type { Completed } from '../core/lane.ts';
import type { DestinationId } from '../core/model.ts';
import type { Clock, Log } from '../core/ports.ts';
import { runAlone } from '../ledger/alone.ts';
import { intakeWaiting } from '../ledger/intake.ts';
import { createLaneLedger } from '../ledger/lane-ledger.ts';
import { oldestDueMs, settleMessages, sweepLanes } from '../ledger/lanes.ts';
import { rehome } from '../ledger/merge.ts';
import { releaseAllWaiting } from '../ledger/release.ts';
import { freeDeadLeases, workerName } from '../ledger/leases.ts';
import { applyRetention } from '../ledger/retention.ts';
import type { Seal } from '../ledger/seal.ts';
import { untangleLabs } from '../ledger/labs-untangle.ts';
import { moveLateArrivals } from '../ledger/unlink.ts';
import { settleUnmapped } from '../ledger/unmapped.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createLaneRunner, type LaneRunner } from '../pipeline/lanes.ts';
import type { Schedule } from '../wake/schedule.ts';
import { startWake, type Wake } from '../wake/wake.ts';
import { startWatchdog } from '../wake/watchdog.ts';
import { type Connected, pauseAgreement } from './destinations.ts';
import type { Knowledge } from './knowledge.ts';
import { labSchedules } from './lab-release.ts';
import { labsOf } from './labs.ts';
import type { Store } from './store.ts';
import { syncSchedules } from './sync.ts';

/** Messages taken from one lane at a time: the next patient is not kept waiting by a long backlog of one. */
const perLane = 8;
const hourMs = 3_600_000;
const lookAgainMs = 250;

export type Workers = {
  readonly wake: Wake;
  /** Of what is due in the lanes, and of what waits in the intake. */
  readonly oldestDueMs: () => Promise<number | undefined>;
  readonly busy: () => number;
  /** Takes nothing new; gives what is in flight until the limit to end. */
  readonly stop: (limitMs: number) => Promise<void>;
};

export type WorkerParts = {
  readonly config: Config;
  readonly store: Store;
  readonly knowledge: Knowledge;
  readonly seal: Seal;
  readonly connected: readonly Connected[];
  readonly metrics: Metrics;
  readonly expireKept: () => Promise<number>;
  /** Messages that the HL7 v2 door has acknowledged, and nobody handed on. */
  readonly moveIntake: () => void;
  /** Imports that were stored, and not carried out to their end. */
  readonly carryOut: () => Promise<void>;
  readonly schedules: readonly Schedule[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

export async function startWorkers(parts: WorkerParts): Promise<Workers> {
  const { config, store, knowledge, connected, log, clock, metrics } = parts;
  let moved = 0;
  const worker = workerName(process.pid, randomUUID());
  await freeDeadLeases(store.pool, worker);
  const runners = new Map(connected.map((one) => [one.config.id, runnerFor(one, parts, worker, () => (moved += 1))]));
  const ids = [...runners.keys()];

  const agreeOnPauses = pauseAgreement(store.pool, connected, log);
  let wake: Wake | undefined;
  const look = async (id: DestinationId): Promise<void> => {
    metrics.woke(id);
    const runner = runners.get(id);
    await agreeOnPauses();
    await runner?.runner.drain();
    await agreeOnPauses();
    const dueInMs = await runner?.nextDueMs();
    // Due, and not taken by us: another worker has it, or gave it back this moment.
    if (dueInMs !== undefined) wake?.pokeAt(id, new Date(clock().getTime() + Math.max(dueInMs, lookAgainMs)));
  };
  const started = await startWake({
    backend:
      config.redisUrl === undefined ? { kind: 'postgres', url: store.url } : { kind: 'redis', url: config.redisUrl },
    destinations: ids,
    alone: async (name, run) => {
      await runAlone(store.pool, `schedule.${name}`, run);
    },
    onWake: look,
    log,
    clock,
    schedules: [
      ...syncSchedules(parts),
      ...labSchedules(parts),
      ...parts.schedules,
      {
        name: 'sweep',
        everyMs: config.progress.sweepMs,
        run: async () => {
          await rehome(store.pool);
          await moveLateArrivals(store.pool);
          await untangleLabs(store.pool, hourMs);
          await sweepLanes(store.pool);
          await parts.carryOut();
          parts.moveIntake();
          for (const id of ids) wake?.poke(id);
        },
      },
      {
        name: 'retention',
        cron: '17 3 * * *',
        run: async () => {
          await applyRetention(store.db, config.retention, clock);
          await parts.expireKept();
        },
      },
      {
        // A patient may have been registered, or a goal filed, without a message that would tell.
        name: 'held',
        everyMs: hourMs,
        run: async () => {
          await settleMessages(store.pool);
          await settleUnmapped(store.pool, (code) => knowledge.maps.now().answers(code));
          await releaseAllWaiting(store.pool);
          for (const id of ids) wake?.poke(id);
        },
      },
    ],
  });
  wake = started;
  const oldest = () => oldestDueMs(store.pool, ids);
  // A backlog that is being worked off ages too; what nobody moves is what must be healed.
  let movedBefore = 0;
  const oldestWhileStill = async (): Promise<number | undefined> => {
    const still = moved === movedBefore;
    movedBefore = moved;
    return still ? oldest() : undefined;
  };
  const watchdog = startWatchdog({
    oldestDueMs: oldestWhileStill,
    limitMs: config.progress.lateMs,
    everyMs: Math.max(1_000, config.progress.lateMs / 3),
    heal: async (reason) => {
      metrics.healed();
      // The sweep is a schedule, and stands still while the wake-ups do.
      await sweepLanes(store.pool);
      await started.rebuild(reason);
    },
    log,
  });
  for (const id of ids) started.poke(id);

  return {
    wake: started,
    oldestDueMs: async () => {
      const [lanes, { oldestMs }] = await Promise.all([oldest(), intakeWaiting(store.pool)]);
      return lanes === undefined ? oldestMs : Math.max(lanes, oldestMs ?? 0);
    },
    busy: () => [...runners.values()].reduce((sum, { runner }) => sum + runner.busy(), 0),
    stop: async (limitMs) => {
      watchdog.stop();
      await Promise.race([Promise.all([...runners.values()].map(({ runner }) => runner.stop())), after(limitMs)]);
      await started.close(Math.min(limitMs, 5_000));
    },
  };
}

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

function runnerFor(
  { config: one, destination }: Connected,
  { config, store, knowledge, seal, metrics, clock, random, log }: WorkerParts,
  worker: string,
  onMoved: () => void,
): { readonly runner: LaneRunner; readonly nextDueMs: () => Promise<number | undefined> } {
  const ledger = createLaneLedger(store.pool, {
    destination: one.id,
    worker,
    perLane,
    leaseMs: one.lanes.leaseMs,
    seal,
  });
  const runner = createLaneRunner(
    {
      ledger,
      destination,
      read: knowledge.read,
      ignores: knowledge.ignores,
      mapper: knowledge.maps.now,
      validate: knowledge.validate,
      gates: knowledge.gates,
      labs: labsOf(config),
      receives: one.receives,
      matching: config.matching,
      programme: config.programme,
      performer: knowledge.performer,
      policy: one.retry,
      onFailure: one.lanes.onFailure,
      clock,
      random,
      log,
      observe: (completed, id) => {
        onMoved();
        count(metrics, completed, id);
      },
    },
    { parallel: one.lanes.parallel, batch: one.lanes.batch, leaseMs: one.lanes.leaseMs },
  );
  return { runner, nextDueMs: ledger.nextDueMs };
}

function count(
  metrics: Metrics,
  { progress, source, kind, durationMs, exchanges }: Completed,
  id: DestinationId,
): void {
  if (exchanges.length > 0) {
    metrics.attemptTook(id, 'failure' in progress ? causeOf(progress.failure.cause).class : 'filed', durationMs);
  }
  switch (progress.state) {
    case 'filed':
      metrics.filed(source, kind);
      break;
    case 'superseded':
      metrics.superseded(source, kind);
      break;
    case 'held':
      metrics.held(source, kind, progress.failure.cause);
      break;
    case 'failed':
      metrics.failed(source, kind, progress.failure.cause);
      break;
    case 'voided':
    case 'again':
      break;
  }
}
