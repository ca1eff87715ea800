/** The HTTP doors of one process, listening. */
import path from 'node:path';
import type { RequestHandler } from 'express';
import type { Config } from '../config/config.ts';
import type { Accept, Clock, Log, Resource } from '../core/ports.ts';
import { createApp } from '../inbound/app.ts';
import { type Listening, listen } from '../inbound/listen.ts';
import type { Idempotency } from '../ledger/idempotency.ts';
import type { Keys } from '../ledger/keys.ts';
import { ledgerWritable } from '../ledger/database.ts';
import { liveness, readiness } from '../observe/health.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { syntheticPatients } from '../sandbox/patients.ts';
import { identifyActivity } from '../sources/activity.ts';
import { readJson, readJsonLines } from '../sources/json-items.ts';
import { readerFor } from '../sources/reader.ts';
import { cannotListen } from './cannot-listen.ts';
import { type Connected, readingOf } from './destinations.ts';
import type { Knowledge } from './knowledge.ts';
import type { LabSources } from './lab-sources.ts';
import { doorEscalations, type EscalationClock } from './escalations.ts';
import { accountsOf, doorMessages, dryRun } from './messages.ts';
import { labSourcesOf } from './lab-release.ts';
import { listChanges } from '../ledger/changes-feed.ts';
import { listRosters, showRoster } from '../ledger/rosters.ts';
import type { Rosters } from './rosters.ts';
import { doorPeople } from './people.ts';
import type { Store } from './store.ts';
import type { Workers } from './workers.ts';

export type RunningParts = {
  readonly connected: readonly Connected[];
  readonly workers: Workers;
  readonly escalations: EscalationClock;
  readonly labs: LabSources;
};

export type ServerParts = {
  readonly config: Config;
  readonly version: string;
  readonly store: Store;
  readonly knowledge: Knowledge;
  readonly keys: Keys;
  readonly idempotency: Idempotency;
  readonly metrics: Metrics;
  readonly accept: Accept;
  readonly rosters: Rosters;
  /** Known once the port is. */
  readonly running: () => RunningParts | undefined;
  readonly stopping: () => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

export type Server = Listening & { readonly sandbox: Sandbox | undefined };

/** The example of the documentation, SYN-10023, is among them. */
const sandboxPatients = 250;

/** An EHR judges by its own rules, not by the profiles a sender claims. */
function asBase(resource: Resource): Resource {
  const { meta } = resource;
  if (typeof meta !== 'object' || meta === null || !('profile' in meta)) return resource;
  const { profile: _, ...left } = meta;
  const { meta: __, ...rest } = resource;
  // What is left may be nothing, and FHIR has no empty objects.
  return Object.keys(left).length === 0 ? rest : { ...resource, meta: left };
}

export async function startServer(parts: ServerParts): Promise<Server> {
  const { config, store, knowledge, running, clock, log } = parts;
  const startedAt = clock();
  let sandbox: Sandbox | undefined;
  const labSources = labSourcesOf(config);
  const wantsSandbox = config.destinations.some((one) => one.kind === 'sandbox');
  const toSandbox: RequestHandler = (req, res, next) => {
    if (sandbox !== undefined) sandbox.router(req, res, next);
    // Its journal is being read: it is away, not empty.
    else res.status(503).set('retry-after', '1').end();
  };
  const poke = (): void => {
    const now = running();
    for (const { config: one } of now?.connected ?? []) now?.workers.wake.poke(one.id);
  };
  const app = createApp({
    accept: parts.accept,
    keys: parts.keys,
    idempotency: parts.idempotency,
    activities: {
      read: (body, ndjson, limits) => (ndjson ? readJsonLines(body, limits) : readJson(body, limits)),
      check: knowledge.check,
      identify: (activity, raw, contentType, actor) =>
        identifyActivity(activity, raw, contentType, actor, knowledge.findFlags),
    },
    dryRun: dryRun(knowledge, config, clock),
    source: (name) => {
      const source = knowledge.source(name);
      const reader = source === undefined ? undefined : readerFor(knowledge.readers, source.format);
      return source === undefined || reader === undefined ? undefined : (delivery) => reader.identify(delivery, source);
    },
    messages: doorMessages(
      store,
      config.destinations.map((one) => one.id),
      poke,
    ),
    attendance: parts.rosters.attendance,
    rosters: {
      upload: parts.rosters.upload,
      list: (page) => listRosters(store.pool, page),
      show: (id) => showRoster(store.pool, id),
    },
    escalations: doorEscalations(store, config, () => running()?.escalations.poke()),
    accounts: accountsOf(store),
    hintLabs: (name) => running()?.labs.hint(name) === true,
    changes: (ask) => listChanges(store.pool, ask, clock(), labSources),
    people: doorPeople(store, poke),
    schemas: knowledge.schemas,
    capability: knowledge.capability,
    version: parts.version,
    metrics: parts.metrics.expose,
    health: () => ({ ok: true, ...liveness(startedAt, clock()) }),
    ready: async () => {
      const now = running();
      const [writable, oldest] = await Promise.all([
        ledgerWritable(store.db),
        now === undefined ? ('unknown' as const) : now.workers.oldestDueMs().catch(() => 'unknown' as const),
      ]);
      const { ready, checks } = readiness({
        ledgerWritable: writable,
        oldestDueMs: oldest,
        oldestDueLimitMs: config.progress.notReadyMs,
        wakeHealthy: now?.workers.wake.healthy() ?? false,
        destinations: (now?.connected ?? []).map(readingOf),
        stopping: parts.stopping(),
      });
      return { ok: ready, checks };
    },
    jwks: async () => {
      const smart = (running()?.connected ?? []).flatMap(({ destination }) => destination.jwks ?? []);
      const sets = await Promise.all(smart.map((jwks) => jwks()));
      return { keys: sets.flatMap((set) => set.keys) };
    },
    ...(wantsSandbox ? { sandbox: toSandbox } : {}),
    clock,
    log,
    limits: config.http.limits,
    trustedProxies: config.http.trustedProxies,
    observe: ({ route, seconds }) => {
      parts.metrics.acceptTook(route, seconds * 1_000);
    },
  });
  const listening = await listen(app, { host: config.http.host, port: config.http.port, log }).catch(
    (error: unknown) => {
      throw cannotListen(error, config.http, {
        port: 'PORT (or http.port in tejido.yaml)',
        host: 'HOST (or http.host in tejido.yaml)',
      });
    },
  );
  if (wantsSandbox) {
    sandbox = await createSandbox({
      baseUrl: `${listening.url}/sandbox/fhir`,
      clock,
      random: parts.random,
      journal: path.join(config.dataDir, 'sandbox.ndjson'),
      seedPatients: syntheticPatients(sandboxPatients),
      validate: (resource) => knowledge.validate(asBase(resource)),
      log,
    });
  }
  return {
    ...listening,
    sandbox,
    close: async (graceMs) => {
      await listening.close(graceMs);
      await sandbox?.close();
    },
  };
}
