/** One postgres process on a cluster: start it, find one that runs, wait for it, stop it. */
import { spawn } from 'node:child_process';
import { open, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { idsOf, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { diskFull, serverEnvironment } from './cluster.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';
import { identityOf, servesFolder } from './process.ts';

/** Given on the command line, where postgresql.conf cannot undo them: durability, the loopback, and a log without PHI. */
const fixedSettings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  restart_after_crash: 'on',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '%m [%p] ',
  // An error of a statement may quote a value ("invalid input syntax for type date: …"): only the server's own story is logged.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_lock_waits: 'off',
  log_temp_files: '-1',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '-1',
} as const;

/** The lines of postmaster.pid (Postgres, src/include/utils/pidfile.h). */
export type PidFile = {
  readonly pid: number;
  readonly dataDir: string;
  readonly port: number;
  readonly status: string;
};

export async function readPidFile(clusterDir: string): Promise<PidFile | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, dataDir: lines[1] ?? '', port: Number(lines[3]), status: (lines[7] ?? '').trim() };
}

/** The server that holds this cluster, if one is alive. A pid that now belongs to another program is none. */
export async function runningServer(clusterDir: string): Promise<PidFile | undefined> {
  const file = await readPidFile(clusterDir);
  if (!file) return undefined;
  return (await servesFolder(file.pid, await realpath(clusterDir))) ? file : undefined;
}

/**
 * Removes a postmaster.pid whose pid was taken over by an unrelated process of the same account: Postgres would take
 * that process for a server. What it could still protect, backends without a postmaster, Postgres finds by itself through the shared
 * memory segment of the data folder.
 */
export async function clearStalePidFile(clusterDir: string): Promise<boolean> {
  const file = await readPidFile(clusterDir);
  if (!file || (await servesFolder(file.pid, await realpath(clusterDir)))) return false;
  await rm(path.join(clusterDir, 'postmaster.pid'), { force: true });
  return true;
}

export type Launch = {
  readonly clusterDir: string;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly port: number;
  readonly logFile: string;
  readonly settings?: Readonly<Record<string, string>>;
};

/** A process of ours; `ended` settles when it is gone, with what its log says of why. */
export type Launched = { readonly pid: number; readonly ended: Promise<EmbeddedPostgresError> };

/**
 * Starts postgres in a session of its own: neither our death nor the terminal's Ctrl-C reaches it.
 * @throws EmbeddedPostgresError `binaries` when the program does not run here.
 */
export async function launch(of: Launch): Promise<Launched> {
  const log = await open(of.logFile, 'a', 0o600);
  const logFrom = (await log.stat()).size;
  try {
    const settings = { ...fixedSettings, port: String(of.port), ...of.settings };
    const child = spawn(
      of.binaries.postgres,
      ['-D', of.clusterDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { cwd: '/', env: serverEnvironment(), stdio: ['ignore', log.fd, log.fd], detached: true, ...idsOf(of.account) },
    );
    const ended = new Promise<EmbeddedPostgresError>((resolve) => {
      child.once('exit', (code, signal) => {
        void explain(of, logFrom, signal ?? `exit code ${code}`).then(resolve);
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        reject(
          new EmbeddedPostgresError(
            'binaries',
            `${of.binaries.postgres} does not run on this machine (${error.message}). ` +
              'The binaries need glibc (not musl) and a file system that allows programs. Or set DATABASE_URL.',
            error,
          ),
        );
      });
    });
    child.unref();
    return { pid: child.pid ?? 0, ended };
  } finally {
    await log.close();
  }
}

/** What the log says since this start, as one of our codes. */
async function explain(of: Launch, from: number, how: string): Promise<EmbeddedPostgresError> {
  const tail = await readFrom(of.logFile, from).catch(() => '');
  const fatal = tail
    .split('\n')
    .filter((line) => /FATAL|PANIC|error while loading/.test(line))
    .map((line) => line.replace(/^.*?(FATAL|PANIC)/, '$1'));
  const why = fatal.at(-1) ?? how;
  const told = `Postgres on ${of.clusterDir} ended (${how}): ${why}`;
  if (/No space left on device/.test(tail)) return diskFull(of.clusterDir, new Error(told));
  if (/could not bind|could not create any TCP\/IP sockets|Address already in use/.test(tail)) {
    return new EmbeddedPostgresError('port-busy', `${told} (port ${of.port}). It is tried again, or on another port.`);
  }
  if (/lock file ".*" already exists|pre-existing shared memory block|is in use by another/.test(tail)) {
    return new EmbeddedPostgresError(
      'in-use',
      `${told}. Another server holds this cluster; stop it, then start again.`,
    );
  }
  if (/database files are incompatible with server/.test(tail)) {
    return new EmbeddedPostgresError('version-mismatch', `${told}. Use the Tejido version that made this cluster.`);
  }
  if (/Permission denied|has wrong ownership|invalid permissions/.test(tail)) {
    return new EmbeddedPostgresError(
      'not-permitted',
      `${told}. The account ${of.account.name} must own this folder (mode 0700).`,
    );
  }
  const code = fatal.length === 0 && /^(SIG|exit code 0)/.test(how) ? 'ended' : 'start-failed';
  return new EmbeddedPostgresError(code, `${told}. See ${of.logFile}.`);
}

async function readFrom(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = size < from ? 0 : Math.max(from, size - 64 * 1024);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

/** Waits until a server of this cluster says "ready" in its pid file, or until it ended. */
export async function untilReady(
  clusterDir: string,
  server: { pid: number; ended?: Promise<EmbeddedPostgresError> },
  withinMs: number,
  signal?: AbortSignal,
): Promise<PidFile> {
  let ended: EmbeddedPostgresError | undefined;
  void server.ended?.then((why) => (ended = why));
  const until = performance.now() + withinMs;
  for (;;) {
    signal?.throwIfAborted();
    const file = await readPidFile(clusterDir);
    if (file?.pid === server.pid && file.status === 'ready') return file;
    if (ended) throw ended;
    if (!server.ended && (await identityOf(server.pid)) === undefined) {
      throw new EmbeddedPostgresError(
        'start-failed',
        `The Postgres on ${clusterDir} ended while it was getting ready.`,
      );
    }
    if (performance.now() > until) {
      throw new EmbeddedPostgresError(
        'timeout',
        `Postgres on ${clusterDir} did not get ready within ${withinMs / 1000} s. It may still be recovering: start again later.`,
      );
    }
    await pause(15);
  }
}

/** Fast shutdown (SIGINT): transactions are rolled back, a checkpoint is written. After `withinMs`, an immediate one. */
export async function stopServer(pid: number, clusterDir: string, withinMs: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const identity = await identityOf(pid);
    if (identity === undefined || !(await servesFolder(pid, await realpath(clusterDir)))) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') return;
      throw error;
    }
    const until = performance.now() + withinMs;
    while (performance.now() < until) {
      if ((await identityOf(pid)) !== identity) return;
      await pause(15);
    }
  }
  throw new EmbeddedPostgresError(
    'timeout',
    `Postgres on ${clusterDir} (pid ${pid}) does not stop. Look at what it waits for.`,
  );
}
