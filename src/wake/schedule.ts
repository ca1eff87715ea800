/**
 * Schedules on BullMQ's job schedulers. BullMQ starts the next iteration while one still runs, here or in another
 * process; `alone` sees to it that there is one at a time.
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

/** Runs it unless it runs already, in any process: the ledger's lock, which BullMQ has no equal of. */
export type Alone = (name: string, run: () => Promise<void>) => Promise<void>;

export const runSchedule = (schedules: readonly Schedule[], alone: Alone, log: Log) => {
  return async (job: Job<WakeJob>): Promise<void> => {
    const schedule = schedules.find(({ name }) => name === job.name);
    if (!schedule) return;
    try {
      await alone(schedule.name, schedule.run);
    } catch (error) {
      log('error', 'schedule.failed', { name: schedule.name, error });
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
