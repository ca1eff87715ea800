/**
 * Which Tejido processes use a cluster: one empty file each, named after the process and its host. It decides who stops
 * the server (the last one out), and keeps two hosts or containers from serving one shared folder: there a pid says
 * nothing, and two servers on one cluster would destroy it.
 */
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgresError } from './errors.ts';
import { identityOf } from './process.ts';

export type Registration = {
  /** Takes us off the list; true when no other living process is on it. */
  leave(): Promise<boolean>;
  /** Whether no other living process is on the list now. */
  alone(): Promise<boolean>;
  /** From now on we know the server by its port. */
  depend(): Promise<void>;
  /** Whether another living process knows the server by its port. */
  neededByOthers(): Promise<boolean>;
};

/** A host that has not renewed its entry for this long is taken for dead. */
const silentAfterMs = 15_000;
const renewEveryMs = 3_000;

type Entry = { readonly host: string; readonly pid: number; readonly identity: string; readonly depends: boolean };

const hostName = () => os.hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-');

function entryOf(name: string): Entry | undefined {
  const [host, pid, identity, , depends] = name.split('_');
  if (host === undefined || pid === undefined || identity === undefined) return undefined;
  return { host, pid: Number(pid), identity, depends: depends !== undefined };
}

const renewedAt = async (file: string): Promise<number | undefined> =>
  (await stat(file).catch(() => undefined))?.mtimeMs;

/**
 * Waits until the other host has been silent long enough.
 * @throws EmbeddedPostgresError `in-use` as soon as it renews its entry.
 */
async function untilSilent(file: string, host: string): Promise<void> {
  const first = await renewedAt(file);
  for (let last = first; last !== undefined && Date.now() - last < silentAfterMs; last = await renewedAt(file)) {
    if (last !== first) {
      throw new EmbeddedPostgresError(
        'in-use',
        `Another host or container ("${host}") uses this database (${path.dirname(path.dirname(file))}). Only processes of one host may ` +
          'share an embedded Postgres: stop Tejido there, or give both a Postgres server with DATABASE_URL.',
      );
    }
    await pause(200);
  }
  await rm(file, { force: true });
}

let registrations = 0;

/**
 * @param parent the folder that holds the cluster.
 * @throws EmbeddedPostgresError `in-use` when another host is at work on it.
 */
export async function register(parent: string): Promise<Registration> {
  const folder = path.join(parent, 'postgres.users');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const host = hostName();
  registrations += 1;
  let own = `${host}_${process.pid}_${await identityOf(process.pid)}_${registrations}`;
  const file = () => path.join(folder, own);
  await writeFile(file(), '', { mode: 0o600 });

  const renew = () => utimes(file(), new Date(), new Date()).catch(() => undefined);
  const renewing = setInterval(() => void renew(), renewEveryMs).unref();
  const leave = () => {
    clearInterval(renewing);
    return rm(file(), { force: true });
  };
  try {
    for (const name of await readdir(folder)) {
      const other = entryOf(name);
      if (other && other.host !== host) await untilSilent(path.join(folder, name), other.host);
    }
  } catch (error) {
    await leave();
    throw error;
  }

  const others = async (): Promise<readonly Entry[]> => {
    const living: Entry[] = [];
    for (const name of await readdir(folder)) {
      const other = entryOf(name);
      if (name === own || !other) continue;
      if (other.host !== host || (await identityOf(other.pid)) === other.identity) living.push(other);
      else await rm(path.join(folder, name), { force: true });
    }
    return living;
  };
  const alone = async () => (await others()).length === 0;
  return {
    alone,
    depend: async () => {
      const before = file();
      own = `${own}_depends`;
      await rename(before, file());
    },
    neededByOthers: async () => (await others()).some(({ depends }) => depends),
    leave: async () => {
      await leave();
      return alone();
    },
  };
}
