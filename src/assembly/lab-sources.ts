/** The FHIR servers that laboratory results are read from: laboratories, and the charts themselves. */
import type { Config } from '../config/config.ts';
import { type FhirDestination, fhirDestination } from '../connections/fhir/destination.ts';
import { chartSource, type FhirLabSource } from '../core/lab/source.ts';
import type { Accept, Clock, Incoming, Log } from '../core/ports.ts';
import { runAlone } from '../ledger/alone.ts';
import { readFhirLab } from '../sources/fhir-lab.ts';
import type { Schedule } from '../wake/schedule.ts';
import { baseUrlOf, type Connected } from './destinations.ts';
import { type LookedAt, lookForLabs } from './lab-look.ts';
import { criticalReader } from './lab-alarms.ts';
import type { Store } from './store.ts';

export type LabSources = {
  readonly schedules: readonly Schedule[];
  /** A hint that there is something new: looks at once. False: there is no such source. Never blocks. */
  readonly hint: (name: string) => boolean;
  readonly close: () => Promise<void>;
};

export type LabSourceParts = {
  readonly config: Config;
  readonly origin: string;
  readonly store: Store;
  readonly connected: readonly Connected[];
  readonly accept: Accept;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

/** Every source of laboratory results by FHIR, by its name in the ledger. */
export function fhirLabSources(config: Pick<Config, 'labSources' | 'destinations'>): readonly FhirLabSource[] {
  return [
    ...config.labSources.map(({ name, mrnSystems, systems, part2 }) => ({ name, mrnSystems, systems, part2 })),
    ...config.destinations.map(({ id, mrnSystem }) => ({
      name: chartSource(id),
      mrnSystems: [mrnSystem],
      systems: {},
      part2: false,
      chartOf: id,
    })),
  ];
}

export function startLabSources(parts: LabSourceParts): LabSources {
  const { config, connected, store, log } = parts;
  const sources = new Map(fhirLabSources(config).map((one) => [one.name, one]));
  const servers = config.labSources.map((one) => ({ one, server: serverOf(one, parts) }));
  const looked: (LookedAt & { readonly everyMs: number })[] = [];
  for (const { one, server } of servers) {
    const source = sources.get(one.name);
    if (source !== undefined) looked.push({ ...one, source, base: one.baseUrl, reads: server.labs, seen: new Map() });
  }
  for (const { config: one, destination } of connected) {
    const source = sources.get(chartSource(one.id));
    if (one.sync?.labs !== true || source === undefined) continue;
    looked.push({
      source,
      base: baseUrlOf(one, parts.origin),
      reads: destination.labs,
      categories: one.sync.labCategories,
      observations: true,
      // What stands in the chart stands there, with a report or without one.
      aloneAfterMs: 600_000,
      overlapMs: one.sync.overlapMs,
      everyMs: one.sync.everyMs,
      seen: new Map(),
    });
  }
  const { clock } = parts;
  const accept = alarming(parts, (name) => sources.get(name));
  const look = { pool: store.pool, accept, artifactSystem: config.programme.artifactSystem, clock, log };
  const schedules = looked.map((at): Schedule => ({
    name: `labs.${at.source.name}`,
    everyMs: at.everyMs,
    run: () => lookForLabs(at, look),
  }));
  const hints = new Map(schedules.map((one) => [one.name, hinted(one, store, log)]));
  let closed = false;
  return {
    schedules,
    hint: (name) => {
      const hint = hints.get(`labs.${name}`);
      if (hint !== undefined && !closed) hint();
      return hint !== undefined;
    },
    close: async () => {
      closed = true;
      await Promise.all(servers.map(({ server }) => server.close()));
    },
  };
}

/** Critical values are found at this door too, before anything else is decided. */
function alarming(
  { config, accept }: Pick<LabSourceParts, 'config' | 'accept'>,
  sourceOf: (name: string) => FhirLabSource | undefined,
): Accept {
  const read = criticalReader(config);
  const withAlarms = (item: Incoming): Incoming => {
    const message = readFhirLab(item.raw, sourceOf(item.source));
    // The chart tells a patient by its own id: who it is, the ledger knows.
    const whose = item.patient === undefined ? {} : { patient: item.patient };
    const results = message.ok ? read({ ...message.value, ...whose }) : [];
    return results.length === 0 ? item : { ...item, results };
  };
  return (items) => accept(items.map(withAlarms));
}

/** A look at a time; hints that come during one are one look more. Elsewhere a look may be on: that one, or the next, sees it. */
function hinted({ name, run }: Schedule, { pool }: Store, log: Log): () => void {
  let state: 'idle' | 'looking' | 'again' = 'idle';
  const work = async (): Promise<void> => {
    do {
      state = 'looking';
      // The lock of the schedule: a look by its time is not joined by one by a hint.
      await runAlone(pool, `schedule.${name}`, run).catch((error: unknown) => {
        log('error', 'schedule.failed', { name, error });
      });
    } while (again());
    state = 'idle';
  };
  const again = (): boolean => state === 'again';
  return () => {
    if (state !== 'idle') state = 'again';
    else void work();
  };
}

export function serverOf(
  one: Config['labSources'][number],
  { config, clock, random, log }: Pick<LabSourceParts, 'config' | 'clock' | 'random' | 'log'>,
): FhirDestination {
  return fhirDestination(
    {
      id: one.name,
      baseUrl: one.baseUrl,
      auth: one.auth,
      mrnSystem: one.mrnSystems[0] ?? '',
      artifactSystem: config.programme.artifactSystem,
      timeoutMs: one.timeoutMs,
      connections: one.connections,
    },
    { clock, random, log },
  );
}
