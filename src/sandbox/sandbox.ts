/**
 * The sandbox EHR: a FHIR R4 server that behaves, and on demand misbehaves, as real ones were seen to.
 *
 *   request ─▶ faults ─▶ body ─▶ quota ─▶ bearer ─▶ interaction ─▶ commit ─▶ journal ─▶ answer
 *                                                                             └─▶ subscriptions
 */
import { Router } from 'express';
import type { Router as ExpressRouter } from 'express';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { Issue } from '../core/outcome.ts';
import type { Clock, Log, Resource } from '../core/ports.ts';
import type { SandboxAdmin, SeenRequest } from './admin.ts';
import type { Asked } from './asked.ts';
import { header } from './asked.ts';
import { behaviourOf } from './behaviour.ts';
import { createDoor } from './door.ts';
import { createFaults } from './faults.ts';
import { createInteractions } from './interactions.ts';
import { openJournal } from './journal.ts';
import { createAuthorization } from './oauth.ts';
import type { Client } from './oauth.ts';
import { createQuota } from './quota.ts';
import { Quirks } from './quirks.ts';
import { SandboxRepository } from './repository.ts';
import { createStore } from './store.ts';
import type { Change } from './store.ts';
import { createSubscriptions } from './subscriptions.ts';

export type Sandbox = {
  /** Mount at any path, before any body parser. */
  readonly router: ExpressRouter;
  readonly admin: SandboxAdmin;
  readonly close: () => Promise<void>;
};

export type SandboxOptions = {
  /** Absolute URL of the mount point, without a slash at the end. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** The dice of faults and races; seed it to repeat a run. */
  readonly random?: () => number;
  /** A file to keep the data in. */
  readonly journal?: string;
  /** Wears this statement: what it does not list is refused. */
  readonly capability?: CapabilityStatement;
  readonly auth?: {
    readonly required: boolean;
    readonly clients?: readonly Client[];
    /** Bearer tokens that are always good. */
    readonly tokens?: readonly string[];
  };
  /** Registered when there are no patients yet. */
  readonly seedPatients?: readonly Resource[];
  readonly validate?: (resource: Resource) => readonly Issue[];
  readonly log?: Log;
};

/** Rejects when the journal cannot be read or written. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { baseUrl, clock, random = Math.random, log } = options;
  const store = createStore();
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal, store);
  const quirks = new Quirks();
  const faults = createFaults(random);
  const quota = createQuota(clock);
  const subscriptions = createSubscriptions({ store, baseUrl, clock, ...(log ? { log } : {}) });
  const authorization = createAuthorization({
    audience: [`${baseUrl}/oauth/token`],
    clock,
    clients: options.auth?.clients ?? [],
    staticTokens: options.auth?.tokens ?? [],
  });
  const seen: SeenRequest[] = [];
  const alive = new AbortController();
  let worn = options.capability;
  let historyReads = 0;

  const commit = (changes: readonly Change[], inForce: Quirks): void => {
    if (changes.length === 0) return;
    journal?.append(changes);
    store.settle(changes);
    if (inForce.has('hooks-lost')) return;
    subscriptions.notify(changes, {
      delayMs: inForce.number('hook-delay') ?? 0,
      deletes: !inForce.has('hook-deletes-silent'),
    });
  };

  const repositoryFor = ({ quirks, arrived, headers }: Asked): SandboxRepository =>
    new SandboxRepository(
      store,
      behaviourOf(quirks, {
        clock,
        arrived,
        unquotedIfMatch: !(header(headers, 'if-match') ?? '"').includes('"'),
        validate: options.validate,
        checkSubscription: subscriptions.check,
        historyReads: () => historyReads++,
      }),
      (changes) => commit(changes, quirks),
    );

  const admin: SandboxAdmin = {
    quirks,
    faults,
    reset() {
      store.clear();
      journal?.clear();
      quirks.clear();
      faults.clear();
      quota.reset();
      authorization.reset();
      seen.length = 0;
    },
    all: (type) =>
      (type === undefined ? store.types() : [type]).flatMap((one) =>
        [...store.since(one)].flatMap(({ versions }) => versions.at(-1)?.resource ?? []),
      ),
    counts: () => Object.fromEntries(store.types().map((type) => [type, store.count(type)])),
    history: (type, id) => store.entry(type, id)?.versions ?? [],
    seed(resources) {
      const changes = resources.map((resource) => {
        const id = resource.id ?? crypto.randomUUID();
        const before = store.entry(resource.resourceType, id)?.versions.at(-1);
        const versionId = String(Number(before?.versionId ?? 0) + 1);
        const now = clock();
        const lastUpdated = now.toISOString();
        const meta = { ...(resource['meta'] as Record<string, unknown> | undefined), versionId, lastUpdated };
        return store.apply(resource.resourceType, id, {
          versionId,
          lastUpdated,
          method: before ? 'PUT' : 'POST',
          committedAt: now.getTime(),
          resource: { ...resource, id, meta },
        });
      });
      commit(changes, quirks);
      return changes.flatMap(({ version }) => version.resource ?? []);
    },
    wear(statement) {
      worn = statement;
    },
    register: authorization.register,
    requests: () => seen,
  };
  if (options.seedPatients && store.count('Patient') === 0) admin.seed(options.seedPatients);

  const router = Router();
  router.use(
    createDoor({
      admin,
      authorization,
      authRequired: options.auth?.required === true,
      baseUrl,
      clock,
      interactions: createInteractions({ store, baseUrl, clock, random, repositoryFor, alive: alive.signal }),
      quota,
      store,
      subscriptions,
      worn: () => worn,
      note(request) {
        seen.push(request);
        if (seen.length > 1000) seen.shift();
      },
      ...(log ? { log } : {}),
      alive: alive.signal,
    }),
  );

  return {
    router,
    admin,
    async close() {
      alive.abort();
      await subscriptions.close();
      journal?.close();
    },
  };
}
