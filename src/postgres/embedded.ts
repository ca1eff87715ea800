/** The embedded Postgres: real server binaries from npm, a cluster in the data folder, one call to have it running. */
import { chmod, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../core/ports.ts';
import { accountFor, isRoot } from './account.ts';
import { installedPackage, usableBinaries, type Package } from './binaries.ts';
import { bringUp, stopRunning, type Site } from './bring-up.ts';
import { clusterAt, createCluster } from './cluster.ts';
import { explained } from './explained.ts';
import { clusterMissing, clusterPlace, sharedFolders } from './place.ts';
import { freePort } from './port.ts';
import { recall, remember, type Remembered } from './remembered.ts';
import { sweepAbandoned } from './staging.ts';
import { supervise, type EmbeddedPostgres } from './supervise.ts';
import { register, type Registration } from './users.ts';

export { EmbeddedPostgresError } from './errors.ts';
export type { EmbeddedPostgres } from './supervise.ts';

export type EmbeddedOptions = {
  /** Tejido's data folder; the cluster goes to `postgres` in it. Made when absent. */
  readonly dataDir: string;
  readonly log: Log;
  /** Preferred for a first start; without it a free one is taken. What was taken is remembered in the data folder. */
  readonly port?: number;
  /** Where the binaries are; only a test of odd installations gives it. */
  readonly binaries?: Package;
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
    const ports = (await users.neededByOthers()) ? 'this port' : 'any port';
    const server = await bringUp(site, await portFor(remembered, options.port), ports);
    await remember(dataDir, { port: server.port });
    await users.depend();
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

async function portFor(remembered: Remembered, wished: number | undefined): Promise<number> {
  return remembered.port ?? wished ?? (await freePort());
}
