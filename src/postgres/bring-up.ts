/** From a cluster on disk to a server that takes our connections: found, or started. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { clusterAt, resetPassword } from './cluster.ts';
import { ensureDatabase } from './database.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { rotate } from './log-file.ts';
import { clusterMissing } from './place.ts';
import { freePort, isFree } from './port.ts';
import { identityOf } from './process.ts';
import { clearStalePidFile, launch, runningServer, stopServer, untilReady } from './server.ts';
import type { Registration } from './users.ts';

/** Recovery after a crash may take minutes on a slow disk, and would begin anew if it were cut short. */
const readyWithinMs = 600_000;
/** For an earlier server, or its last backends, to go away. */
const patienceMs = 60_000;
const stopWithinMs = 60_000;

export type Site = {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly account: Account;
  readonly binaries: Binaries;
  readonly password: string;
  readonly logFile: string;
  readonly users: Registration;
};

export type Server = {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly port: number;
  readonly adopted: boolean;
  readonly ended?: Promise<EmbeddedPostgresError>;
};

/**
 * A server of this cluster that takes our connections: the one that runs, or a new one. Waits while an earlier one
 * stops, or what is left of it (backends without a postmaster) goes away.
 */
export async function bringUp(
  site: Site,
  wished: number,
  ports: 'any port' | 'this port',
  signal?: AbortSignal,
): Promise<Server> {
  const { clusterDir } = site;
  const until = performance.now() + readyWithinMs;
  const patience = performance.now() + patienceMs;
  let port = wished;
  let passwordWasReset = false;
  let begun: Server | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const found = await adopt(site, until, signal);
      const server = found
        ? found.pid === begun?.pid
          ? begun
          : found
        : (begun = await begin(site, port, ports, until, signal));
      await ensureDatabase({ port: server.port, password: site.password, clusterDir });
      return server;
    } catch (error) {
      if (!(error instanceof EmbeddedPostgresError)) throw error;
      if (error.code === 'port-busy' && ports === 'any port') port = await freePort();
      else if (error.code === 'password' && !passwordWasReset && (await site.users.alone())) {
        passwordWasReset = true;
        await stopRunning(clusterDir);
        await resetPassword(clusterDir, site.password, site.binaries, site.account);
      } else if (error.code !== 'in-use' || performance.now() > patience) throw error;
      await pause(100);
    }
  }
}

async function adopt({ clusterDir }: Site, until: number, signal?: AbortSignal): Promise<Server | undefined> {
  const found = await runningServer(clusterDir);
  if (!found) return undefined;
  const identity = await identityOf(found.pid);
  if (found.status === 'stopping' || identity === undefined) {
    throw new EmbeddedPostgresError('in-use', `The Postgres on ${clusterDir} (pid ${found.pid}) is stopping.`);
  }
  const ready = await untilReady(clusterDir, { pid: found.pid }, until - performance.now(), signal);
  return { pid: ready.pid, identity, port: ready.port, adopted: true };
}

async function begin(
  site: Site,
  port: number,
  ports: 'any port' | 'this port',
  until: number,
  signal?: AbortSignal,
): Promise<Server> {
  const { clusterDir, binaries, account, logFile } = site;
  if ((await clusterAt(clusterDir, binaries.major)) === 'absent') throw clusterMissing(site.dataDir, clusterDir);
  await clearStalePidFile(clusterDir);
  if (!(await isFree(port))) {
    throw new EmbeddedPostgresError(
      'port-busy',
      `Port ${port} on 127.0.0.1 belongs to another program${ports === 'this port' ? '; stop it, Postgres needs its port back' : ''}.`,
    );
  }
  await rotate(logFile);
  const { pid, ended } = await launch({ clusterDir, binaries, account, port, logFile });
  const identity = await identityOf(pid);
  await untilReady(clusterDir, { pid, ended }, until - performance.now(), signal);
  return { pid, identity, port, adopted: false, ended };
}

/** A fast shutdown of the server of this cluster, if one runs. */
export async function stopRunning(clusterDir: string): Promise<void> {
  const running = await runningServer(clusterDir);
  if (running) await stopServer(running.pid, clusterDir, stopWithinMs);
}
