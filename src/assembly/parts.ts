/** The parts as the commands need them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CheckReport, CliLedger, Parts, Running, Terminal, Tried } from '../cli/parts.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { DestinationId } from '../core/model.ts';
import type { CapabilityReport, Log } from '../core/ports.ts';
import { destinationPauses, setPaused } from '../ledger/destinations.ts';
import { createKeys } from '../ledger/keys.ts';
import { reportOf } from '../core/report.ts';
import { changedSince, factsAt } from '../ledger/report.ts';
import { healMessages } from '../ledger/heal.ts';
import { reconcile } from '../ledger/reconcile.ts';
import { refileLesser } from '../ledger/refile.ts';
import { tallyMessages } from '../ledger/tally.ts';
import { startTejido } from '../main.ts';
import { createLog, exitOnFault } from '../observe/log.ts';
import { randomBytes } from 'node:crypto';
import { connect } from './destinations.ts';
import { KnowledgeError, loadKnowledge, packageRoot } from './knowledge.ts';
import { doorEscalations } from './escalations.ts';
import { accountsOf, doorMessages } from './messages.ts';
import { checkLabReads } from './lab-check.ts';
import { serverOf } from './lab-sources.ts';
import { checkMllp } from './mllp-check.ts';
import { startNotices } from './notices.ts';
import { doorPeople } from './people.ts';
import { shadowRun } from './shadow.ts';
import { openStore } from './store.ts';

const version = (JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version;
const clock = () => new Date();
const random = Math.random;

export function createParts(env: Readonly<Record<string, string | undefined>>, terminal: Terminal): Parts {
  return {
    version,
    env,
    terminal,
    loadConfig: (file) => loadConfig({ env, ...(file === undefined ? {} : { file }) }),
    start: (config, role) => start(config, role, env),
    openLedger,
    migrate: async (config) => {
      const store = await openStore(config, quiet(config), 2);
      await store.close();
      return store.migrated;
    },
    check,
    diffMaps: async (config, request, onProgress) => {
      const log = quiet(config);
      const store = await openStore(config, log, 2);
      try {
        return await shadowRun(config, store, request, clock, log, onProgress);
      } finally {
        await store.close();
      }
    },
    pause: async (ms) => {
      await pause(ms);
    },
    clock,
    random,
  };
}

/** A command says what it does itself; of the parts only warnings are of interest. */
const quiet = (config: Config): Log => createLog({ level: config.logLevel === 'debug' ? 'debug' : 'error' });

async function start(config: Config, role: 'all' | 'worker', env: Parts['env']): Promise<Running> {
  exitOnFault();
  const log = createLog({ level: config.logLevel });
  const tejido = await startTejido({ config, version, log, clock, random, role });
  log('info', 'tejido.started', { role, port: tejido.server?.port, pid: process.pid });
  let ended: () => void = () => undefined;
  let failed: (error: unknown) => void = () => undefined;
  const end = new Promise<void>((resolve, reject) => {
    ended = resolve;
    failed = reject;
  });
  return {
    reload: async () => {
      await tejido.reloadMaps();
    },
    ...(tejido.server === undefined ? {} : { url: tejido.server.url }),
    notices: startNotices({ config, tejido, role, keyFromEnv: env['TEJIDO_API_KEY'] !== undefined }),
    ended: end,
    stop: async () => {
      try {
        await tejido.stop(config.progress.stopMs);
        ended();
      } catch (error) {
        failed(error);
      }
    },
  };
}

async function openLedger(config: Config): Promise<CliLedger> {
  const log = quiet(config);
  const store = await openStore(config, log, 4);
  const keys = createKeys({ db: store.db, clock, random: randomBytes });
  const ids = config.destinations.map((one) => one.id);
  const connected = connect(config, origin(config), { clock, random, log });
  return {
    ...doorMessages(store, ids, () => undefined),
    tally: () => tallyMessages(store.pool),
    escalations: doorEscalations(store, config, () => undefined),
    ...accountsOf(store),
    refile: (destination, actor) => refileLesser(store.pool, destination, actor),
    people: doorPeople(store, () => undefined),
    keys,
    destinations: {
      list: async () => {
        const pauses = await destinationPauses(store.pool, ids);
        return ids.map((id) => pauses.find((pause) => pause.id === id) ?? { id, paused: false });
      },
      setPaused: async (id, paused, actor, reason) => {
        await setPaused(store.pool, {
          id: id as DestinationId,
          paused,
          actor,
          ...(reason === undefined ? {} : { reason }),
        });
      },
    },
    reconcile: (range) =>
      reconcile(
        store.db,
        connected.map(({ destination }) => destination),
        range,
      ),
    report: async ({ from, to, asOf }) => {
      const [facts, changed] = await Promise.all([
        factsAt(store.pool, to, asOf),
        changedSince(store.pool, { from, to }, asOf),
      ]);
      return { from, to, asOf, figures: reportOf({ from, to, facts }), changed };
    },
    heal: (messages, actor) => healMessages(store.pool, messages, actor),
    close: async () => {
      await Promise.all(connected.map(({ destination }) => destination.close()));
      await store.close();
    },
  };
}

const origin = (config: Config): string => `http://${config.http.host}:${String(config.http.port)}`;

async function check(config: Config, onStep: (what: string) => void): Promise<CheckReport> {
  const connections: Tried[] = [];
  onStep('maps and profiles');
  connections.push(
    await tried('maps and profiles', async () => {
      const { maps, problems } = await loadKnowledge(config, clock, quiet(config));
      const skipped = problems.length === 0 ? '' : ` ${String(problems.length)} profiles cannot be used.`;
      return `${String(maps.now().kinds.length)} kinds of activity have a map.${skipped}`;
    }),
  );
  onStep('ledger');
  connections.push(
    await tried('ledger', async () => {
      const store = await openStore(config, quiet(config), 2);
      await store.close();
      return store.embedded
        ? 'The embedded Postgres runs; the schema is up to date.'
        : 'Postgres answers; the schema is up to date.';
    }),
  );
  connections.push(checkMllp(config.mllp, clock()));
  for (const one of config.labSources) {
    onStep(`laboratory ${one.name}`);
    const server = serverOf(one, { config, clock, random, log: quiet(config) });
    connections.push(await checkLabReads(`laboratory ${one.name}`, server.labs, one.categories, clock()));
    await server.close();
  }
  const destinations: CapabilityReport[] = [];
  for (const { config: one, destination } of connect(config, origin(config), { clock, random, log: quiet(config) })) {
    onStep(`destination ${one.id}`);
    const report = await destination.report();
    destinations.push(report);
    connections.push({
      name: `destination ${one.id}`,
      ok: report.reachable,
      says: report.reachable ? 'It answers.' : 'It does not answer.',
      ...(report.reachable
        ? {}
        : { next: one.kind === 'sandbox' ? 'Start Tejido: the sandbox runs inside it.' : 'Check baseUrl and auth.' }),
    });
    await destination.close();
  }
  return { connections, destinations };
}

async function tried(name: string, attempt: () => Promise<string>): Promise<Tried> {
  try {
    return { name, ok: true, says: await attempt() };
  } catch (error) {
    const known = error instanceof KnowledgeError || (error instanceof Error && error.name === 'EmbeddedPostgresError');
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return {
      name,
      ok: false,
      says: known ? error.message : `It failed (${code}).`,
      next: 'Correct it, then run the check again.',
    };
  }
}
