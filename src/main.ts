/** Builds the parts and hands them to each other. The order of stopping is the reverse of the order of starting. */
import { randomBytes } from 'node:crypto';
import type { Config } from './config/config.ts';
import type { Clock, Log } from './core/ports.ts';
import { connect } from './assembly/destinations.ts';
import { startLabSources } from './assembly/lab-sources.ts';
import { loadKnowledge, mapFolders } from './assembly/knowledge.ts';
import { type Reloaded, watchMaps } from './assembly/live-maps.ts';
import { type RunningParts, type Server, startServer } from './assembly/server.ts';
import { loadSeal, sealAtDoor } from './assembly/sealing.ts';
import { openStore, type Store } from './assembly/store.ts';
import { startMllp, startMover } from './assembly/mllp.ts';
import type { MllpServer } from './mllp/server.ts';
import { createRosters } from './assembly/rosters.ts';
import { identifyActivity } from './sources/activity.ts';
import { startWorkers, type Workers } from './assembly/workers.ts';
import { startEscalations } from './assembly/escalations.ts';
import { ackMinutes } from './core/escalation.ts';
import { createAcceptor } from './ledger/accept.ts';
import { createIdempotency } from './ledger/idempotency.ts';
import { createKeys, type MadeKey } from './ledger/keys.ts';
import { escalationReadings } from './ledger/escalations-read.ts';
import { backlog } from './ledger/messages.ts';
import { intakeWaiting } from './ledger/intake.ts';
import { laneAges } from './ledger/lanes.ts';
import { rememberMaps } from './ledger/mapping-versions.ts';
import { settleUnmapped } from './ledger/unmapped.ts';
import { createMetrics } from './observe/metrics.ts';

export type StartOptions = {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** `worker`: lanes only, no doors. */
  readonly role: 'all' | 'worker';
};

export type Tejido = {
  readonly store: Store;
  readonly workers: Workers;
  /** Absent in a worker. */
  readonly server: Server | undefined;
  /** The HL7 v2 door. Absent in a worker, and where it is switched off. */
  readonly mllp: MllpServer | undefined;
  /** Made at this start; cannot be shown again. */
  readonly newAdminKey: MadeKey | undefined;
  readonly reloadMaps: () => Promise<Reloaded>;
  /** Drains within `limitMs`, then leaves the rest to the next start. */
  readonly stop: (limitMs: number) => Promise<void>;
};

const closeLimitMs = 2_000;

/** Rejects when a part cannot start; what had started is stopped again. */
export async function startTejido({ config, version, log, clock, random, role }: StartOptions): Promise<Tejido> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const [knowledge, store] = await Promise.all([loadKnowledge(config, clock, log), openStore(config, log)]);
    undo.push(() => store.close());
    await rememberMaps(store.pool, knowledge.maps.now());
    await settleUnmapped(store.pool, (code) => knowledge.maps.now().answers(code));
    const keys = createKeys({ db: store.db, clock, random: randomBytes });
    const idempotency = createIdempotency({ db: store.db, clock });
    const ids = config.destinations.map((one) => one.id);

    let running: RunningParts | undefined;
    let stopping = false;
    const metrics = createMetrics({
      readings: {
        backlog: () => backlog(store.db),
        laneAges: () => laneAges(store.pool),
        intake: () => intakeWaiting(store.pool),
        wakeHealthy: () => running?.workers.wake.healthy() ?? false,
        escalations: () => escalationReadings(store.pool, ackMinutes(config.redFlags.clock)),
      },
    });
    const seal = await loadSeal(config);
    const { accept } = createAcceptor({
      pool: store.pool,
      seal: sealAtDoor(knowledge.gates, seal),
      destinations: ids,
      escalation: config.redFlags.clock,
      onAccepted: (receipts, items) => {
        for (const [index, receipt] of receipts.entries()) {
          const item = items[index];
          if (item === undefined) continue;
          metrics.accepted(item.source, item.kind);
          if (receipt.duplicateOf !== undefined) metrics.duplicate(item.source);
          if (receipt.state === 'held' && item.hold !== undefined)
            metrics.held(item.source, item.kind, item.hold.cause);
          if (receipt.state === 'superseded') metrics.superseded(item.source, item.kind);
        }
        const alarms = receipts.some((receipt) => receipt.escalations !== undefined);
        if (alarms || items.some((item) => item.results !== undefined)) running?.escalations.poke();
        if (receipts.some((receipt) => receipt.state === 'received'))
          for (const id of ids) running?.workers.wake.poke(id);
      },
    });

    const mover = startMover({ config, store, accept, log });
    undo.push(() => mover.stop());

    const rosters = createRosters({
      pool: store.pool,
      accept,
      check: knowledge.check,
      identify: (activity, raw, contentType, actor) =>
        identifyActivity(activity, raw, contentType, actor, knowledge.findFlags),
      programmeId: config.programme.id,
      timeZone: config.programme.timeZone,
      columns: config.rosters.columns,
      clock,
      log,
    });

    const newAdminKey = role === 'all' ? await keys.ensureAdminKey(config.apiKey) : undefined;
    const server =
      role === 'all'
        ? await startServer({
            config,
            version,
            store,
            knowledge,
            keys,
            idempotency,
            metrics,
            accept,
            rosters,
            running: () => running,
            stopping: () => stopping,
            clock,
            random,
            log,
          })
        : undefined;
    if (server !== undefined) undo.push(() => server.close(0));
    const mllp = role === 'all' ? await startMllp({ config, store, mover, metrics, clock, random, log }) : undefined;
    if (mllp !== undefined) undo.push(() => mllp.close(0));
    const origin = server?.url ?? `http://${config.http.host}:${String(config.http.port)}`;
    const connected = connect(config, origin, { clock, random, log });
    undo.push(() => Promise.all(connected.map(({ destination }) => destination.close())));
    const labs = startLabSources({ config, origin, store, connected, accept, clock, random, log });
    undo.push(() => labs.close());
    const workers = await startWorkers({
      config,
      store,
      knowledge,
      seal,
      connected,
      metrics,
      expireKept: idempotency.expire,
      carryOut: rosters.carryOut,
      moveIntake: mover.poke,
      schedules: labs.schedules,
      clock,
      random,
      log,
    });
    const escalations = startEscalations({
      config,
      store,
      connected,
      read: knowledge.read,
      findFlags: knowledge.findFlags,
      clock,
      log,
    });
    running = { connected, workers, escalations, labs };
    // What a process that died had begun.
    void rosters.carryOut();
    mover.poke();
    knowledge.maps.attach({
      before: (mapper) => rememberMaps(store.pool, mapper),
      after: async (mapper) => {
        const { messages } = await settleUnmapped(store.pool, (code) => mapper.answers(code));
        if (messages > 0) for (const id of ids) workers.wake.poke(id);
      },
    });
    const unwatch = config.mappings.watch ? watchMaps(knowledge.maps, mapFolders(config), log) : () => undefined;

    return {
      store,
      workers,
      server,
      mllp,
      newAdminKey,
      reloadMaps: knowledge.maps.reload,
      stop: async (limitMs) => {
        stopping = true;
        unwatch();
        await mllp?.close(Math.min(limitMs, 5_000));
        await mover.stop();
        await escalations.stop();
        // Deliveries first: they may need the sandbox, which the server serves.
        await workers.stop(limitMs);
        await server?.close(Math.min(limitMs, 5_000));
        // A request to an EHR that does not answer must not keep the ledger from closing.
        await Promise.race([
          Promise.all([...connected.map(({ destination }) => destination.close()), labs.close()]),
          new Promise((resolve) => setTimeout(resolve, closeLimitMs).unref()),
        ]);
        await store.close();
      },
    };
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => undefined);
    throw error;
  }
}
