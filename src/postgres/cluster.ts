/** The cluster on disk: what is there, and making a new one so that a half-made one is never taken for it. */
import { execFile } from 'node:child_process';
import { chown, lstat, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { idsOf, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';
import { stagingName } from './staging.ts';

/** Name of the superuser and of the database. */
export const roleName = 'tejido';

/** Written into postgresql.conf of a new cluster: a site may change these. */
const initialSettings = {
  shared_buffers: '128MB',
  max_connections: '100',
  huge_pages: 'off',
  wal_compression: 'on',
  max_wal_size: '512MB',
  min_wal_size: '48MB',
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
} as const;

/**
 * Whether a finished cluster of this major version stands there.
 * @throws EmbeddedPostgresError `version-mismatch`, `not-a-cluster`, `not-permitted`; nothing is touched.
 */
export async function clusterAt(dir: string, major: number): Promise<'ready' | 'absent'> {
  let entries: readonly string[];
  try {
    entries = await readdir(dir);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return 'absent';
    if (errno === 'EACCES' || errno === 'EPERM') throw notPermitted(dir, error);
    if (errno === 'ENOTDIR') throw notACluster(dir, 'it is a file');
    throw error;
  }
  if (entries.length === 0) return 'absent';
  if (!entries.includes('PG_VERSION')) throw notACluster(dir, 'it holds files, but no PG_VERSION');
  const version = (await readFile(path.join(dir, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version !== String(major)) {
    throw new EmbeddedPostgresError(
      'version-mismatch',
      `The cluster in ${dir} was made by Postgres ${version || '(unreadable)'}; this Tejido brings Postgres ${major}. Nothing was ` +
        'changed. Start the Tejido version that made it and take a dump (pg_dump), or upgrade the cluster with pg_upgrade.',
    );
  }
  if (!(await lstat(path.join(dir, 'global', 'pg_control')).catch(() => undefined))) {
    throw notACluster(dir, 'global/pg_control is missing');
  }
  return 'ready';
}

const notACluster = (dir: string, why: string) =>
  new EmbeddedPostgresError(
    'not-a-cluster',
    `${dir} is not a finished Postgres cluster (${why}). Nothing was changed. ` +
      'Restore it from a backup; or, if nothing in it is needed, move it away and start again.',
  );

const notPermitted = (dir: string, cause: unknown) =>
  new EmbeddedPostgresError(
    'not-permitted',
    `This user may not read ${dir}. Run Tejido as the user that made it (or as root), or choose another folder with TEJIDO_DATA.`,
    cause,
  );

/**
 * Makes a cluster (UTF-8, C locale, checksums, scram) under a staging name and renames it into place when it is whole
 * and synced. Where another process was first, theirs stays.
 * @throws EmbeddedPostgresError `disk-full`, `init-failed`
 */
export async function createCluster(
  dir: string,
  password: string,
  binaries: Binaries,
  account: Account,
): Promise<void> {
  const parent = path.dirname(dir);
  const staging = path.join(parent, await stagingName());
  const passwordFile = `${staging}.password`;
  try {
    await mkdir(staging, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    await give(staging, account);
    await give(passwordFile, account);
    await initdb(staging, passwordFile, binaries, account);
    await writeFile(path.join(staging, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n', { flush: true });
    await syncFolder(staging);
    await rename(staging, dir).catch((error: unknown) => {
      if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
    });
    await syncFolder(parent);
  } catch (error) {
    throw errnoOf(error) === 'ENOSPC' ? diskFull(parent, error) : error;
  } finally {
    await rm(passwordFile, { force: true });
    await rm(staging, { recursive: true, force: true });
  }
}

export const diskFull = (where: string, cause?: unknown) =>
  new EmbeddedPostgresError(
    'disk-full',
    `The disk that holds ${where} is full: Postgres cannot write. Free some space (100 MB or more); nothing that was ` +
      'acknowledged is lost.',
    cause,
  );

async function give(file: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(file, uid, gid);
}

export async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Nothing of our environment (keys, secrets) reaches the server; messages come in English, to be recognised. */
export const serverEnvironment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  LC_ALL: 'C',
});

function initdb(dir: string, passwordFile: string, binaries: Binaries, account: Account): Promise<void> {
  const args = [
    `--pgdata=${dir}`,
    `--username=${roleName}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    ...Object.entries(initialSettings).map(([name, value]) => `--set=${name}=${value}`),
  ];
  return new Promise((resolve, reject) => {
    execFile(
      binaries.initdb,
      args,
      { cwd: '/', env: serverEnvironment(), ...idsOf(account), maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        if (!error) return resolve();
        const said = `${stdout}\n${stderr}`;
        if (/No space left on device/.test(said)) return reject(diskFull(dir, error));
        const why = said.split('\n').filter((line) => /error|FATAL|could not|cannot/i.test(line));
        return reject(
          new EmbeddedPostgresError(
            'init-failed',
            `A new Postgres cluster could not be made in ${path.dirname(dir)} (as ${account.name}): ` +
              `${(why.length > 0 ? why.join(' ') : error.message).trim()} Correct this and start again, or set DATABASE_URL.`,
            error,
          ),
        );
      },
    );
  });
}

/** Sets the password of a cluster that no server holds, for a data folder that lost it. */
export function resetPassword(dir: string, password: string, binaries: Binaries, account: Account): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      binaries.postgres,
      ['--single', '-D', dir, '-c', 'log_min_messages=fatal', 'postgres'],
      { cwd: '/', env: serverEnvironment(), ...idsOf(account) },
      (error) => {
        if (!error) return resolve();
        reject(
          new EmbeddedPostgresError(
            'password',
            `The password of the cluster in ${dir} could not be set anew. Restore postgres.json.`,
          ),
        );
      },
    );
    // The password is hexadecimal; a reset is not worth a word in any log, hence no error is passed on.
    child.stdin?.end(`alter role ${roleName} password '${password}'\n`);
  });
}
