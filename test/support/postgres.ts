/**
 * A fresh database per call, on one server per jest run. The first call of the run starts the server (embedded, without
 * fsync, under the temporary folder; the folder comes from global-setup.ts); global-teardown.ts stops it. With
 * TEST_DATABASE_URL the databases are made on that server instead.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { accountFor } from '../../src/postgres/account.ts';
import { installedPackage, usableBinaries } from '../../src/postgres/binaries.ts';
import { createCluster, roleName } from '../../src/postgres/cluster.ts';
import { launch, untilReady } from '../../src/postgres/server.ts';
import { sharedFolders } from '../../src/postgres/place.ts';
import { freePort } from '../../src/postgres/port.ts';

export type FreshDatabase = { readonly url: string; drop(): Promise<void> };

/** A database that is built once per run, and copied: migrations run once, not once per test file. */
export type Template = { readonly name: string; readonly build: (url: string) => Promise<void> };

/** What global-setup.ts hands to every worker. */
const runFolder = (): string => {
  const folder = process.env['TEJIDO_TEST_RUN'];
  if (!folder)
    throw new Error(
      'TEJIDO_TEST_RUN is not set: run the tests with `npm test` (jest.config.js names the global setup).',
    );
  return folder;
};

/** Ends with the id of the run, so that the teardown can find what a test left behind. */
const databaseName = (what: string) => `tejido_test_${path.basename(runFolder()).replaceAll(/\W/g, '_')}_${what}`;

async function startServer(folder: string): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const clusterDir = path.join(folder, 'postgres');
  const account = await accountFor([], () => undefined);
  const binaries = await usableBinaries(
    await installedPackage(),
    account,
    () => sharedFolders(account),
    () => undefined,
  );
  await createCluster(clusterDir, password, binaries, account);
  const port = await freePort();
  const server = await launch({
    clusterDir,
    binaries,
    account,
    port,
    logFile: path.join(folder, 'postgres.log'),
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200', max_wal_size: '1GB' },
  });
  await untilReady(clusterDir, server, 30_000);
  return `postgres://${roleName}:${password}@127.0.0.1:${port}/postgres`;
}

/** The first worker to take the lock starts the server; the others read its URL. */
async function serverUrl(): Promise<string> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return given;
  const folder = runFolder();
  const urlFile = path.join(folder, 'url');
  const known = () => readFile(urlFile, 'utf8').catch(() => undefined);
  const taken = await mkdir(path.join(folder, 'starting')).then(
    () => true,
    () => false,
  );
  if (taken) {
    try {
      const url = await startServer(folder);
      await writeFile(`${urlFile}.new`, url, { mode: 0o600 });
      await link(`${urlFile}.new`, urlFile);
      return url;
    } catch (error) {
      await rm(path.join(folder, 'starting'), { recursive: true, force: true });
      throw error;
    }
  }
  for (const until = performance.now() + 60_000; performance.now() < until; await pause(25)) {
    const url = await known();
    if (url) return url;
  }
  throw new Error(`The test server in ${folder} did not start within 60 s.`);
}

const within = (server: string, database: string): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
};

async function asAdministrator<T>(server: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

async function builtTemplate(server: string, { name, build }: Template): Promise<string> {
  const finished = databaseName(`template_${name}`);
  await asAdministrator(server, async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [finished]);
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [finished]);
    if (rowCount) return;
    const building = `${finished}_building`;
    await client.query(`drop database if exists "${building}" with (force)`);
    await client.query(`create database "${building}"`);
    await build(within(server, building));
    await client.query(`alter database "${building}" rename to "${finished}"`);
  });
  return finished;
}

/** A fresh, empty database (or a copy of `template`, which nobody may be connected to after `build`). */
export async function freshDatabase(options: { readonly template?: Template } = {}): Promise<FreshDatabase> {
  const server = await serverUrl();
  const template = options.template ? await builtTemplate(server, options.template) : 'template0';
  const name = databaseName(randomBytes(6).toString('hex'));
  await asAdministrator(server, (client) => client.query(`create database "${name}" template "${template}"`));
  return {
    url: within(server, name),
    drop: async () => {
      await asAdministrator(server, (client) => client.query(`drop database if exists "${name}" with (force)`));
    },
  };
}

/** For the teardown: what tests left behind on a server that is not ours. */
export async function dropLeftovers(server: string): Promise<void> {
  await asAdministrator(server, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [databaseName('')],
    );
    for (const { datname } of rows) await client.query(`drop database if exists "${datname}" with (force)`);
  });
}
