/** A real Postgres of this test's own, to be killed for real: the shared one of the run serves other tests. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { accountFor } from '../../src/postgres/account.ts';
import { installedPackage, usableBinaries } from '../../src/postgres/binaries.ts';
import { createCluster, roleName } from '../../src/postgres/cluster.ts';
import { sharedFolders } from '../../src/postgres/place.ts';
import { launch, untilReady } from '../../src/postgres/server.ts';
import type { Launched } from '../../src/postgres/server.ts';
import { freePort } from './redis-server.ts';

export type TestPostgres = {
  readonly url: string;
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

export const postgresServer = async (): Promise<TestPostgres> => {
  const folder = path.join(process.env['TEJIDO_TEST_RUN'] ?? '/tmp', `wake-${randomBytes(4).toString('hex')}`);
  const clusterDir = path.join(folder, 'postgres');
  const silent = () => undefined;
  const account = await accountFor([], silent);
  const binaries = await usableBinaries(await installedPackage(), account, () => sharedFolders(account), silent);
  const password = randomBytes(16).toString('hex');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await createCluster(clusterDir, password, binaries, account);
  const port = await freePort();
  const logFile = path.join(folder, 'postgres.log');
  let server: Launched | undefined;
  return {
    url: `postgres://${roleName}:${password}@127.0.0.1:${port}/postgres`,
    start: async () => {
      server = await launch({ clusterDir, binaries, account, port, logFile, settings: { fsync: 'off' } });
      await untilReady(clusterDir, server, 30_000);
    },
    kill: async () => {
      if (!server) return;
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      server = undefined;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
