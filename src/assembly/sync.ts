/** Looks at the EHRs for what the programme must know, one schedule for each. */
import { changeIn } from '../core/change.ts';
import type { SyncConfig } from '../config/config.ts';
import type { Clock, Log } from '../core/ports.ts';
import { cursorOf, keepChanges, moveCursor } from '../ledger/changes.ts';
import type { Schedule } from '../wake/schedule.ts';
import type { Connected } from './destinations.ts';
import type { Store } from './store.ts';

type SyncParts = {
  readonly store: Store;
  readonly connected: readonly Connected[];
  readonly clock: Clock;
  readonly log: Log;
};

export function syncSchedules(parts: SyncParts): readonly Schedule[] {
  return parts.connected.flatMap((one): readonly Schedule[] => {
    const { id, sync } = one.config;
    if (sync === undefined || !(sync.appointments || sync.tasks)) return [];
    const run = async (): Promise<void> => {
      if (sync.appointments) await look(one, 'Appointment', sync, parts);
      if (sync.tasks) await look(one, 'Task', sync, parts);
    };
    return [{ name: `sync.${id}`, everyMs: sync.everyMs, run }];
  });
}

async function look(
  { config: { id }, destination }: Connected,
  type: 'Appointment' | 'Task',
  sync: SyncConfig,
  { store: { pool }, clock, log }: SyncParts,
): Promise<void> {
  const now = clock();
  const cursor = await cursorOf(pool, id, type, now);
  const found = await destination.changedSince(type, new Date(cursor.getTime() - sync.overlapMs));
  if (!found.ok) {
    log('warn', 'sync.not-looked-at', { destination: id, resourceType: type, cause: found.failure.cause });
    return;
  }
  const observed = found.value.toSorted((a, b) => a.lastUpdated.getTime() - b.lastUpdated.getTime());
  const rules = { owners: sync.taskOwners, codes: sync.taskCodes };
  const { told, waitsFrom } = await keepChanges(pool, id, observed, ({ resource }, before, whose) =>
    changeIn(resource, before, whose, rules),
  );
  // By the EHR's clock; never ahead of ours, or one wrong time there would hide what comes before it.
  const newest = waitsFrom ?? observed.at(-1)?.lastUpdated;
  if (newest !== undefined) await moveCursor(pool, id, type, newest < now ? newest : now);
  if (told > 0) log('info', 'sync.told', { destination: id, resourceType: type, count: told });
}
