/**
 * Schedules on BullMQ's job schedulers. BullMQ starts the next iteration while one still runs; here a run that finds an
 * earlier one still active, in any process, gives way to it.
 */
import type { Job, Queue } from 'bullmq';
import type { Log } from '../core/ports.ts';
import type { WakeJob } from './backend.ts';

export type Schedule = {
  readonly name: string;
  /** Milliseconds between starts; or a cron pattern (five or six fields, UTC). */
  readonly everyMs?: number;
  readonly cron?: string;
  readonly run: () => Promise<void>;
};

type Rival = { readonly id?: string; readonly name: string; readonly timestamp: number };

/**
 * Whether a run must give way: to an earlier one of its name, wherever it runs; and always when it was taken over from
 * a worker that died, since the iteration after it exists already. Pure.
 */
export const givesWay = (job: Rival & { readonly stalledCounter: number }, active: readonly Rival[]): boolean =>
  job.stalledCounter > 0 ||
  active.some(
    (other) =>
      other.name === job.name &&
      other.id !== job.id &&
      (other.timestamp < job.timestamp || (other.timestamp === job.timestamp && (other.id ?? '') < (job.id ?? ''))),
  );

export const runSchedule = (schedules: readonly Schedule[], queue: () => Queue<WakeJob> | undefined, log: Log) => {
  const running = new Set<string>();
  return async (job: Job<WakeJob>): Promise<void> => {
    const schedule = schedules.find(({ name }) => name === job.name);
    if (!schedule || running.has(schedule.name)) return;
    running.add(schedule.name);
    try {
      if (givesWay(job, (await queue()?.getActive()) ?? [])) return;
      await schedule.run();
    } catch (error) {
      log('error', 'schedule.failed', { name: schedule.name, error });
    } finally {
      running.delete(schedule.name);
    }
  };
};

const upsert = (queue: Queue<WakeJob>, { name, everyMs, cron }: Schedule) =>
  queue.upsertJobScheduler(name, cron === undefined ? { every: everyMs ?? 60_000 } : { pattern: cron, tz: 'UTC' }, {
    name,
    data: {},
    opts: { removeOnComplete: true, removeOnFail: true },
  });

/** Puts the schedules in place: all of them with `renew`, else those that are gone (Redis was flushed). */
export const keepSchedules = async (
  queue: Queue<WakeJob>,
  schedules: readonly Schedule[],
  renew: boolean,
): Promise<void> => {
  for (const schedule of schedules) {
    if (renew || !(await queue.getJobScheduler(schedule.name))) await upsert(queue, schedule);
  }
};
