/**
 * The embedded Postgres: real server binaries from npm, a cluster in the data folder, and a supervisor that keeps the
 * server running under one URL.
 *
 *   running ──▶ restarting ──▶ running        the server ended; it is started again, with back-off
 *                   │  ▲
 *                   ▼  │
 *                 failed                      a person must act (`reason`); it is still tried, every 10 s
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, realpath, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../core/ports.ts';
import { accountFor, isRoot, mayUse, type Account } from './account.ts';
import { installedPackage, usableBinaries, type Binaries, type Package } from './binaries.ts';
import { clusterAt, createCluster, diskFull, resetPassword, roleName } from './cluster.ts';
import { ensureDatabase } from './database.ts';
import { EmbeddedPostgresError, errnoOf, type EmbeddedPostgresCode } from './errors.ts';
import { rotate } from './log-file.ts';
import { canHold, sharedFolders, lastingFolder } from './place.ts';
import { freePort, isFree } from './port.ts';
import { identityOf } from './process.ts';
import { recall, remember, type Remembered } from './remembered.ts';
import { clearStalePidFile, launch, runningServer, stopServer, untilReady } from './server.ts';
import { sweepAbandoned } from './staging.ts';
import { register, type Registration } from './users.ts';

export { EmbeddedPostgresError, type EmbeddedPostgresCode } from './errors.ts';

export type EmbeddedPostgres = {
  /** Stays the same while this object lives, also when the server is started again. */
  readonly url: string;
  /** Of the server that runs now. */
  readonly pid: number;
  /** The server ran already when we came. */
  readonly adopted: boolean;
  /** Where the cluster lies. */
  readonly dataDir: string;
  readonly state: 'running' | 'restarting' | 'failed' | 'stopped';
  /** Why it does not run; or `disk-full` while it runs and hardly any room is left. */
  readonly reason: EmbeddedPostgresCode | undefined;
  /** What an operator should know, in sentences: another place, a copy, a new account. */
  readonly notices: readonly string[];
  /**
   * Leaves the server. The rule: **the last one out stops it.** Every process that called `startEmbedded` on this data
   * folder is on a list; as long as another one on it is alive, the server stays; else it gets a fast shutdown and is
   * waited for. May be called more than once.
   */
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  /** Tejido's data folder; the cluster goes to `postgres` in it. Made when absent. */
  readonly dataDir: string;
  readonly log: Log;
  /** Preferred for a first start; without it a free one is taken. What was taken is remembered in the data folder. */
  readonly port?: number;
  /** Where the binaries are; only a test of odd installations gives it. */
  readonly binaries?: Package;
};

/** Recovery after a crash may take minutes on a slow disk, and would begin anew if it were cut short. */
const readyWithinMs = 600_000;
/** For an earlier server, or its last backends, to go away. */
const patienceMs = 60_000;
const stopWithinMs = 60_000;
const lookEveryMs = 250;
const lowSpaceBytes = 32 << 20;

/** Codes that waiting does not cure. */
const needsAPerson: ReadonlySet<EmbeddedPostgresCode> = new Set([
  'binaries',
  'account',
  'not-permitted',
  'not-a-cluster',
  'cluster-missing',
  'version-mismatch',
  'password',
]);

type Site = {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly account: Account;
  readonly binaries: Binaries;
  readonly password: string;
  readonly logFile: string;
  readonly users: Registration;
};

type Server = {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly port: number;
  readonly adopted: boolean;
  readonly ended?: Promise<EmbeddedPostgresError>;
};

/**
 * Starts the server of this data folder, or adopts the one that outlived its parent, and keeps it running.
 * @throws EmbeddedPostgresError, with a stable `code`; a cluster that holds data is never removed or made anew.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const notices: string[] = [];
  const note = (notice: string) => {
    notices.push(notice);
    options.log('warn', 'postgres.notice', { detail: notice });
  };
  const began = performance.now();
  let users: Registration | undefined;
  let clusterDir: string | undefined;
  try {
    const dataDir = await dataFolder(options.dataDir);
    await sweepAbandoned(dataDir);
    const remembered = await recall(dataDir);
    const account = await accountFor([remembered.elsewhere ?? path.join(dataDir, 'postgres')], note);
    const place = await clusterPlace(dataDir, remembered, account);
    users = await register(path.dirname(place));
    const site = await prepare({ dataDir, clusterDir: place, account, users }, remembered, options.binaries, note);
    clusterDir = site.clusterDir;
    // Others on the list know the server by its port: it may then not move to another.
    const ports = (await users.alone()) ? 'any port' : 'this port';
    const server = await bringUp(site, await portFor(remembered, options.port), ports);
    await remember(dataDir, { port: server.port });
    options.log('info', server.adopted ? 'postgres.adopted' : 'postgres.started', {
      pid: server.pid,
      port: server.port,
      path: site.clusterDir,
      durationMs: Math.round(performance.now() - began),
    });
    return supervise(site, server, notices, options.log);
  } catch (error) {
    const last = await users?.leave().catch(() => false);
    if (last && clusterDir) await stopRunning(clusterDir).catch(() => undefined);
    throw explained(error, options.dataDir);
  }
}

async function stopRunning(clusterDir: string): Promise<void> {
  const running = await runningServer(clusterDir);
  if (running) await stopServer(running.pid, clusterDir, stopWithinMs);
}

/** Says what a failed file operation means to an operator. */
function explained(error: unknown, where: string): unknown {
  if (error instanceof EmbeddedPostgresError) return error;
  const errno = errnoOf(error) ?? '';
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return diskFull(where, error);
  if (['EACCES', 'EPERM', 'EROFS'].includes(errno)) {
    const said = error instanceof Error ? error.message : errno;
    return new EmbeddedPostgresError(
      'not-permitted',
      `Tejido may not use its data folder ${where} (${said}). Correct its owner or mode, or choose another with TEJIDO_DATA.`,
      error,
    );
  }
  return error;
}

/** As root the server's account must be able to pass through the folder; what Tejido keeps in it stays closed. */
async function dataFolder(dataDir: string): Promise<string> {
  const absolute = path.resolve(dataDir);
  const mode = isRoot() ? 0o711 : 0o700;
  if ((await mkdir(absolute, { recursive: true, mode })) !== undefined) await chmod(absolute, mode);
  return realpath(absolute);
}

async function prepare(
  { dataDir, clusterDir, account, users }: Pick<Site, 'dataDir' | 'clusterDir' | 'account' | 'users'>,
  remembered: Remembered,
  given: Package | undefined,
  note: (notice: string) => void,
): Promise<Site> {
  const inside = path.join(dataDir, 'postgres');
  if (clusterDir !== inside) {
    note(
      `The account of Postgres (${account.name}) cannot enter ${dataDir}: the database lies in ${clusterDir}. ` +
        'Back up that folder too; postgres.json in the data folder points to it.',
    );
  }
  const binaries = await usableBinaries(
    given ?? (await installedPackage()),
    account,
    () => sharedFolders(account, dataDir),
    note,
  );
  if (clusterDir !== inside) await sweepAbandoned(path.dirname(clusterDir));
  const standing = await clusterAt(clusterDir, binaries.major);
  if (standing === 'absent' && remembered.made) throw clusterMissing(dataDir, clusterDir);
  if (standing === 'absent') await createCluster(clusterDir, remembered.password, binaries, account);
  await remember(dataDir, { made: true, ...(clusterDir === inside ? {} : { elsewhere: clusterDir }) });
  return {
    dataDir,
    clusterDir: await realpath(clusterDir),
    account,
    binaries,
    password: remembered.password,
    logFile: path.join(dataDir, 'postgres.log'),
    users,
  };
}

const clusterMissing = (dataDir: string, clusterDir: string) =>
  new EmbeddedPostgresError(
    'cluster-missing',
    `The database of ${dataDir} should be in ${clusterDir}, and is not. Nothing was made in its place. Restore it from a backup ` +
      `(or mount its disk); to begin with an empty one instead, remove ${path.join(dataDir, 'postgres.json')}.`,
  );

/** In the data folder where the account can enter it; else, for root, in a lasting place named after the data folder. */
async function clusterPlace(dataDir: string, remembered: Remembered, account: Account): Promise<string> {
  const inside = path.join(dataDir, 'postgres');
  if (remembered.elsewhere !== undefined) return remembered.elsewhere;
  if (!isRoot()) return inside;
  const enters = await mayUse(account, '-x', [dataDir]);
  if (enters) return inside;
  const held = await readdir(inside).catch(() => []);
  const own = path.join(lastingFolder, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  if (held.length === 0 && (await canHold(lastingFolder, account)) && (await canHold(own, account))) {
    return path.join(own, 'postgres');
  }
  throw new EmbeddedPostgresError(
    'not-permitted',
    held.length > 0
      ? `The database in ${inside} belongs to ${account.name}, who cannot pass through a folder above it. ` +
          `Allow it (chmod o+x on the closed folder), or run Tejido as that user.`
      : `The account of Postgres (${account.name}) can enter neither ${dataDir} nor ${lastingFolder}. ` +
          'Set TEJIDO_DATA to a folder that it can enter (for example /srv/tejido), run Tejido as an ordinary user, or set DATABASE_URL.',
  );
}

async function portFor(remembered: Remembered, wished: number | undefined): Promise<number> {
  return remembered.port ?? wished ?? (await freePort());
}

/**
 * A server of this cluster that takes our connections: the one that runs, or a new one. Waits while an earlier one
 * stops, or what is left of it (backends without a postmaster) goes away.
 */
async function bringUp(
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

function supervise(site: Site, first: Server, notices: readonly string[], log: Log): EmbeddedPostgres {
  const { clusterDir } = site;
  const leaving = new AbortController();
  let server = first;
  let state: EmbeddedPostgres['state'] = 'running';
  let reason: EmbeddedPostgresCode | undefined;

  const wait = (ms: number) => pause(ms, undefined, { ref: false, signal: leaving.signal }).catch(() => undefined);

  /** The state is read anew: `stop` may set it while we wait. */
  const left = () => leaving.signal.aborted;

  async function restart(): Promise<void> {
    const began = performance.now();
    state = 'restarting';
    reason = (await whyEnded(server, clusterDir)) ?? 'ended';
    log('warn', 'postgres.ended', { pid: server.pid, reason });
    for (let tries = 0; !left(); tries += 1) {
      try {
        server = await bringUp(site, server.port, 'this port', leaving.signal);
        state = 'running';
        reason = undefined;
        log('info', 'postgres.restarted', {
          pid: server.pid,
          port: server.port,
          durationMs: Math.round(performance.now() - began),
        });
        return;
      } catch (error) {
        if (left()) return;
        const known = explained(error, clusterDir);
        const code = known instanceof EmbeddedPostgresError ? known.code : 'start-failed';
        const stuck = needsAPerson.has(code);
        if (code !== reason || tries === 0) {
          log(stuck ? 'error' : 'warn', stuck ? 'postgres.failed' : 'postgres.waits', {
            reason: code,
            detail: known instanceof Error ? known.message : undefined,
          });
        }
        state = stuck ? 'failed' : 'restarting';
        reason = code;
        await wait(stuck ? 10_000 : Math.min(250 * 2 ** tries, 5_000));
      }
    }
  }

  async function look(): Promise<void> {
    let nextMeasure = 0;
    while (!left()) {
      if (server.identity === undefined || (await identityOf(server.pid)) !== server.identity) {
        await restart();
      } else if (performance.now() >= nextMeasure) {
        nextMeasure = performance.now() + 5_000;
        await rotate(site.logFile).catch(() => undefined);
        const low = await isLow(clusterDir);
        if (low && reason === undefined) log('warn', 'postgres.low-space', { reason: 'disk-full', path: clusterDir });
        reason = low ? 'disk-full' : undefined;
      }
      if (left()) return;
      // An own child's end is told at once; that of an adopted server is seen at the next look.
      await (server.ended ? Promise.race([wait(lookEveryMs), server.ended]) : wait(lookEveryMs));
    }
  }

  const looking = look();
  let stopped: Promise<void> | undefined;

  async function leave(): Promise<void> {
    leaving.abort();
    await looking;
    const last = await site.users.leave();
    if (last) await stopRunning(clusterDir);
    state = 'stopped';
    log('info', last ? 'postgres.stopped' : 'postgres.left-running', { pid: server.pid });
  }

  const url = `postgres://${roleName}:${site.password}@127.0.0.1:${first.port}/${roleName}`;
  return {
    url,
    adopted: first.adopted,
    dataDir: clusterDir,
    notices,
    get pid() {
      return server.pid;
    },
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    stop: () => (stopped ??= leave()),
  };
}

/** Of a child, what its log says; of an adopted server only whether the disk is full. */
async function whyEnded(server: Server, clusterDir: string): Promise<EmbeddedPostgresCode | undefined> {
  if (server.ended) return (await server.ended).code;
  return (await isLow(clusterDir)) ? 'disk-full' : undefined;
}

async function isLow(folder: string): Promise<boolean> {
  const room = await statfs(folder).catch(() => undefined);
  return room !== undefined && room.bavail * room.bsize < lowSpaceBytes;
}
