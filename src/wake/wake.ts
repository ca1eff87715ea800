/**
 * Wake-ups: "there may be work for this destination". They may all be lost; the ledger is the truth, a sweep repeats
 * what was lost, and the watchdog notices when neither helps.
 *
 *   poke ─▶ queue (one waiting job per destination) ─▶ the worker of any process ─▶ look
 *      └─▶ while the backend is away: straight to the look of this process
 *
 * A job gives up its deduplication key before its look begins. So a poke during a look makes a new job, which another
 * process can take at once, and a worker that died holds nobody up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Queue } from 'bullmq';
import type { DestinationId } from '../core/model.ts';
import type { Clock, Log } from '../core/ports.ts';
import { openPostgres, openRedis, within } from './backend.ts';
import type { Backend, OpenBackend, WakeJob } from './backend.ts';
import { watchBackend } from './health.ts';
import { startLook } from './look.ts';
import type { Look } from './look.ts';
import { type Alone, keepSchedules, runSchedule } from './schedule.ts';
import type { Schedule } from './schedule.ts';

export type Wake = {
  /** There may be work now. Never throws, never blocks. */
  readonly poke: (destination: DestinationId) => void;
  /** There will be work at that time. Never throws, never blocks. */
  readonly pokeAt: (destination: DestinationId, at: Date) => void;
  readonly healthy: () => boolean;
  /** Replaces every queue, worker and connection, then looks at every destination: for the watchdog. */
  readonly rebuild: (reason: string) => Promise<void>;
  /** Waits for running looks and schedules (end them first), but never longer than `limitMs` (default 10 s). */
  readonly close: (limitMs?: number) => Promise<void>;
};

export type WakeOptions = {
  readonly backend: Backend;
  readonly destinations: readonly DestinationId[];
  /** Does the work that is due; resolves when there is none left, or somebody else has it. */
  readonly onWake: (destination: DestinationId) => Promise<void>;
  readonly schedules: readonly Schedule[];
  readonly alone: Alone;
  readonly log: Log;
  readonly clock: Clock;
  /** false: this process only pokes (default true). */
  readonly consume?: boolean;
  /** How often connections and schedules are looked after (default 5 s). */
  readonly upkeepMs?: number;
};

const answerLimitMs = 3_000;
/** Pokes of one process to one destination that follow each other faster than this become one. */
const gapMs = 50;
/** So many failed upkeeps in a row, and everything is built anew. */
const patience = 3;

/** Due times are rounded up to the end of their slot, so that a thousand retries due together are one wake-up. Pure. */
export const slotOf = (at: number, now: number): number => {
  const width = at - now < 10_000 ? 100 : 1_000;
  return Math.ceil(at / width) * width;
};

const queueName = (destination: DestinationId): string => `tejido-wake-${destination.replaceAll(':', '_')}`;
const scheduleQueue = 'tejido-schedules';

type Generation = {
  readonly backend: OpenBackend;
  /** Empty until the backend was prepared. */
  readonly queues: Map<DestinationId, Queue<WakeJob>>;
  schedules?: Queue<WakeJob>;
  renewed: boolean;
};

type Line = {
  readonly destination: DestinationId;
  readonly look: Look | undefined;
  /** A poke came that no job stands for yet. */
  dirty: boolean;
  adding: boolean;
  readonly slots: Set<number>;
};

/** Resolves also when the backend is away: wake-ups then stay inside this process until it is back. */
export async function startWake(options: WakeOptions): Promise<Wake> {
  const { backend, destinations, onWake, schedules, log, clock } = options;
  const consume = options.consume ?? true;
  const lines = new Map<DestinationId, Line>(
    destinations.map((destination) => [
      destination,
      {
        destination,
        look: consume ? startLook(destination, () => onWake(destination), log) : undefined,
        dirty: false,
        adding: false,
        slots: new Set(),
      },
    ]),
  );
  let closed = false;
  let failedUpkeeps = 0;
  let upkeeping: Promise<void> | undefined;
  let generation: Generation;

  let decided: () => void = () => undefined;
  const firstAnswer = new Promise<void>((resolve) => (decided = resolve));
  const health = watchBackend(backend.kind, log, (healthy) => {
    decided();
    // What was poked in the meantime reached this process only; and what is coming must not wait for a dead backend.
    for (const line of lines.values()) {
      if (healthy) poke(line);
      else void line.look?.now();
    }
  });

  const open = (): Generation => {
    const events = {
      ready: () => void upkeep(),
      trouble: (error: unknown) => {
        if (closed || generation?.backend !== opened) return;
        health.down(error);
      },
      doubt: () => {
        if (!closed && generation?.backend === opened) void upkeep();
      },
    };
    const opened: OpenBackend =
      backend.kind === 'postgres'
        ? openPostgres(backend.url, consume ? destinations.length + (schedules.length > 0 ? 1 : 0) : 0, events)
        : openRedis(backend.url, events);
    return { backend: opened, queues: new Map(), renewed: false };
  };

  /** Queues and workers come into being once the server was there: BullMQ then finds its schema. */
  const build = (current: Generation): void => {
    for (const line of lines.values()) {
      const name = queueName(line.destination);
      const { look } = line;
      current.queues.set(line.destination, current.backend.queue(name));
      if (look) current.backend.worker(name, 1, (job) => answer(job, look));
    }
    if (!consume || schedules.length === 0) return;
    current.schedules = current.backend.queue(scheduleQueue);
    current.backend.worker(scheduleQueue, schedules.length, runSchedule(schedules, options.alone, log));
  };

  const answer = async (job: Job<WakeJob>, look: Look): Promise<void> => {
    let freed = true;
    try {
      await job.removeDeduplicationKey();
    } catch {
      freed = false;
    }
    await look.now();
    // The key stood until now: a poke during the look made no job.
    if (!freed) look.at(gapMs);
  };

  const upkeep = (): Promise<void> => {
    if (upkeeping) return upkeeping;
    const mine = keepUp().finally(() => {
      if (upkeeping === mine) upkeeping = undefined;
    });
    upkeeping = mine;
    return mine;
  };

  const keepUp = async (): Promise<void> => {
    if (closed) return;
    const current = generation;
    try {
      if (current.queues.size === 0 && !current.schedules) {
        await within(answerLimitMs * 3, current.backend.prepare());
        if (closed || current !== generation) return;
        build(current);
      }
      if (current.schedules) {
        await within(answerLimitMs, keepSchedules(current.schedules, schedules, !current.renewed));
        current.renewed = true;
      }
      const [probe] = current.queues.values();
      if (probe) await within(answerLimitMs, probe.getWaitingCount());
      failedUpkeeps = 0;
      if (!closed && current === generation) health.up();
    } catch (error) {
      if (closed || current !== generation) return;
      health.down(error);
      failedUpkeeps += 1;
      if (failedUpkeeps % patience === 0) replace();
    }
    const now = clock().getTime();
    for (const { slots } of lines.values()) for (const slot of slots) if (slot < now) slots.delete(slot);
  };

  const replace = (): void => {
    const old = generation;
    generation = open();
    // An upkeep of the old generation may wait for an answer that never comes.
    upkeeping = undefined;
    void old.backend.close(true);
  };

  const poke = (line: Line): void => {
    if (closed) return;
    if (!health.healthy()) {
      void line.look?.now();
      return;
    }
    line.dirty = true;
    if (!line.adding) void add(line);
  };

  const add = async (line: Line): Promise<void> => {
    line.adding = true;
    while (line.dirty) {
      line.dirty = false;
      try {
        const queue = generation.queues.get(line.destination);
        if (!queue) throw Object.assign(new Error('not connected'), { code: 'ENOTCONN' });
        const job = queue.add('wake', { destination: line.destination }, { deduplication: { id: 'wake' } });
        await within(answerLimitMs, job);
      } catch (error) {
        if (closed) break;
        health.down(error);
        void line.look?.now();
      }
      await pause(gapMs, undefined, { ref: false });
    }
    line.adding = false;
  };

  const pokeAt = async (line: Line, at: Date): Promise<void> => {
    const now = clock().getTime();
    if (closed) return;
    if (at.getTime() <= now) return poke(line);
    const slot = slotOf(at.getTime(), now);
    const delay = slot - now;
    if (!health.healthy()) return line.look?.at(delay);
    if (line.slots.has(slot)) return;
    line.slots.add(slot);
    try {
      const queue = generation.queues.get(line.destination);
      if (!queue) throw Object.assign(new Error('not connected'), { code: 'ENOTCONN' });
      const data = { destination: line.destination };
      await within(answerLimitMs, queue.add('wake', data, { jobId: `at-${slot}`, delay }));
    } catch (error) {
      if (closed) return;
      line.slots.delete(slot);
      health.down(error);
      line.look?.at(delay);
    }
  };

  generation = open();
  await Promise.race([upkeep(), firstAnswer]);
  const timer = setInterval(() => void upkeep(), options.upkeepMs ?? 5_000);
  timer.unref();

  return {
    poke: (destination) => {
      const line = lines.get(destination);
      if (line) poke(line);
    },
    pokeAt: (destination, at) => {
      const line = lines.get(destination);
      if (line) void pokeAt(line, at);
    },
    healthy: health.healthy,
    rebuild: async (reason) => {
      if (closed) return;
      log('warn', 'wake.rebuilt', { kind: backend.kind, reason });
      replace();
      health.down(Object.assign(new Error('rebuilding'), { code: 'REBUILDING' }));
      for (const line of lines.values()) {
        line.slots.clear();
        void line.look?.now();
      }
      await upkeep();
    },
    close: async (limitMs = 10_000) => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      for (const line of lines.values()) line.look?.stop();
      await upkeeping;
      await within(limitMs, generation.backend.close(false)).catch(() =>
        within(limitMs, generation.backend.close(true)).catch(() => undefined),
      );
    },
  };
}
