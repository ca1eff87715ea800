import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { appendFile, mkdir, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { readPidFile, runningServer } from '../../src/postgres/server.ts';
import { ask, eventually, isAlive, keepers } from './keepers.ts';

const run = promisify(execFile);
const exists = async (file: string) => (await stat(file).catch(() => undefined)) !== undefined;

const template = keepers();
let templateDir: string;
let world: ReturnType<typeof keepers>;
/** A data folder that served before, and holds one row. */
let dataDir: string;

beforeAll(async () => {
  templateDir = path.join(await template.folder(), 'data');
  const keeper = template.start(templateDir);
  const { url } = await keeper.ready();
  await ask(url, 'create table kept as select 42 as n');
  await keeper.stop();
});
afterAll(() => template.end());

beforeEach(async () => {
  world = keepers();
  dataDir = path.join(await world.folder(), 'data');
  await run('cp', ['-a', templateDir, dataDir]);
});
afterEach(() => world.end());

/** For a first start. */
async function emptyPlace(): Promise<void> {
  dataDir = path.join(await world.folder(), 'data');
}

const keptRow = async (url: string) => (await ask<{ n: number }>(url, 'select n from kept'))[0]?.n;

describe('an embedded Postgres', () => {
  test('starts from nothing: durable, on the loopback only, with a password nobody else can read', async () => {
    await emptyPlace();
    const keeper = world.start(dataDir);
    const { url, adopted, pid } = await keeper.ready();
    expect(adopted).toBe(false);
    const settings = await ask<{ name: string; setting: string }>(url, 'select name, setting from pg_settings');
    const setting = (name: string) => settings.find((row) => row.name === name)?.setting;
    expect({
      fsync: setting('fsync'),
      commit: setting('synchronous_commit'),
      encoding: setting('server_encoding'),
      collation: (await ask(url, 'select datcollate from pg_database where datname = current_database()'))[0],
      checksums: setting('data_checksums'),
      addresses: setting('listen_addresses'),
      sockets: setting('unix_socket_directories'),
    }).toEqual({
      fsync: 'on',
      commit: 'on',
      encoding: 'UTF8',
      collation: { datcollate: 'C' },
      checksums: 'on',
      addresses: '127.0.0.1',
      sockets: '',
    });
    expect((await stat(path.join(dataDir, 'postgres.json'))).mode & 0o777).toBe(0o600);
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(ask(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await keeper.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test('is itself again after a stop: same URL, same rows', async () => {
    const first = world.start(dataDir);
    const { url } = await first.ready();
    await first.stop();
    const second = world.start(dataDir);
    expect((await second.ready()).url).toBe(url);
    expect(await keptRow(url)).toBe(42);
  });

  test('outlives a kill -9 of its parent, and is adopted', async () => {
    const first = world.start(dataDir);
    const { url, pid } = await first.ready();
    await first.kill();
    expect(await isAlive(pid)).toBe(true);
    const second = world.start(dataDir);
    expect(await second.ready()).toMatchObject({ url, pid, adopted: true });
    expect(await keptRow(url)).toBe(42);
    await second.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test('runs in a session of its own, which the Ctrl-C of a terminal does not reach', async () => {
    const keeper = world.start(dataDir);
    const { pid } = await keeper.ready();
    const session = async (of: number) => (await readFile(`/proc/${of}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3];
    expect(await session(pid)).toBe(String(pid));
    expect(await session(keeper.pid)).not.toBe(String(pid));
  });

  test('is stopped by the last process that leaves, not by the first', async () => {
    const first = world.start(dataDir);
    const { url, pid } = await first.ready();
    const second = world.start(dataDir);
    expect(await second.ready()).toMatchObject({ url, pid, adopted: true });
    await first.stop();
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test('does not count a process that was killed among those who still use it', async () => {
    const first = world.start(dataDir);
    const { pid } = await first.ready();
    const second = world.start(dataDir);
    await second.ready();
    await second.kill();
    await first.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test('two processes that start at once on an empty folder share one server', async () => {
    await emptyPlace();
    const both = [world.start(dataDir), world.start(dataDir)];
    const [one, other] = await Promise.all(both.map((keeper) => keeper.ready()));
    expect(one?.url).toBe(other?.url);
    expect(one?.pid).toBe(other?.pid);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each([
    ['the one that started it', 0],
    ['one that adopted it', 1],
  ])('is started again under the same URL when it is killed, by %s', async (_, survivor) => {
    const first = world.start(dataDir);
    const { url, pid } = await first.ready();
    const second = world.start(dataDir);
    await second.ready();
    const both = [first, second];
    await both[1 - survivor]?.kill();
    process.kill(pid, 'SIGKILL');
    const again = await both[survivor]?.until((line) => line['state'] === 'running' && line['pid'] !== pid);
    expect(again?.['pid']).not.toBe(pid);
    expect(await keptRow(url)).toBe(42);
  });

  test('recovers after server and parent were killed together in the middle of writing', async () => {
    const first = world.start(dataDir);
    const { url, pid } = await first.ready();
    await ask(url, 'truncate kept');
    let acknowledged = 0;
    const writing = (async () => {
      for (let n = 1; n < 100_000; n += 1) {
        await ask(url, 'insert into kept values ($1)', [n]);
        acknowledged = n;
      }
    })().catch(() => undefined);
    await eventually('some rows', async () => acknowledged > 20);
    await Promise.all([first.kill(), (async () => process.kill(pid, 'SIGKILL'))()]);
    await writing;
    const second = world.start(dataDir);
    expect((await second.ready()).adopted).toBe(false);
    const [row] = await ask<{ n: number }>(url, 'select count(*)::int as n from kept');
    expect(row?.n).toBeGreaterThanOrEqual(acknowledged);
  });

  test('does not take an unrelated process with the pid of a stale postmaster.pid for its server', async () => {
    const first = world.start(dataDir);
    const { url, pid, dataDir: cluster } = await first.ready();
    const pidFile = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8');
    await Promise.all([first.kill(), (async () => process.kill(pid, 'SIGKILL'))()]);
    await eventually('the server is gone', async () => (await runningServer(cluster)) === undefined);
    // Same account as the cluster: Postgres by itself refuses to start beside such a process.
    const { uid, gid } = await stat(cluster);
    const stranger = spawn('sleep', ['600'], { uid, gid, cwd: '/' });
    try {
      await writeFile(path.join(cluster, 'postmaster.pid'), pidFile.replace(/^\d+/, String(stranger.pid)));
      const second = world.start(dataDir);
      expect((await second.ready()).adopted).toBe(false);
      expect(await keptRow(url)).toBe(42);
      expect(await isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('makes the cluster anew when it was killed in the middle of the first initdb', async () => {
    await emptyPlace();
    const first = world.start(dataDir);
    await eventually('initdb is at work', async () => {
      const entries = await readdir(dataDir).catch(() => []);
      const staging = entries.find((name) => /^\.new_.*[0-9a-f]$/.test(name));
      return staging !== undefined && (await exists(path.join(dataDir, staging, 'PG_VERSION')));
    });
    await first.kill();
    expect(await readdir(dataDir)).not.toContain('postgres');
    const second = world.start(dataDir);
    const { url } = await second.ready();
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.stop();
    const third = world.start(dataDir);
    await third.ready();
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.new_'))).toEqual([]);
  });

  test('takes another port when a stranger holds the remembered one', async () => {
    const first = world.start(dataDir);
    const { url } = await first.ready();
    await first.stop();
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(Number(new URL(url).port), '127.0.0.1', resolve));
    try {
      const second = world.start(dataDir);
      const { url: other } = await second.ready();
      expect(new URL(other).port).not.toBe(new URL(url).port);
      expect(await keptRow(other)).toBe(42);
    } finally {
      stranger.close();
    }
  });

  test('waits for its own port while it runs, since others know the URL; it can be stopped meanwhile', async () => {
    const keeper = world.start(dataDir);
    const { url, pid } = await keeper.ready();
    /** While the keeper is frozen it cannot be quicker than the stranger. */
    const killAndTakePort = async (server: number) => {
      process.kill(keeper.pid, 'SIGSTOP');
      process.kill(server, 'SIGKILL');
      await eventually('the server is gone', async () => !(await isAlive(server)));
      const stranger = createServer();
      await new Promise<void>((resolve) => stranger.listen(Number(new URL(url).port), '127.0.0.1', resolve));
      process.kill(keeper.pid, 'SIGCONT');
      return stranger;
    };
    const seen = keeper.lines.length;
    const first = await killAndTakePort(pid);
    await keeper.until((line) => line['state'] === 'restarting' && line['reason'] === 'port-busy', seen);
    first.close();
    const back = await keeper.until((line) => line['state'] === 'running' && line['pid'] !== pid, seen);
    expect(await keptRow(url)).toBe(42);

    const seenAgain = keeper.lines.length;
    const second = await killAndTakePort(Number(back['pid']));
    try {
      await keeper.until((line) => line['reason'] === 'port-busy', seenAgain);
      await keeper.stop();
      expect(keeper.lines.at(-1)).toEqual({ stopped: true });
    } finally {
      second.close();
    }
  });

  test('refuses a cluster of another major version, and touches nothing', async () => {
    const cluster = path.join(dataDir, 'postgres');
    await writeFile(path.join(cluster, 'PG_VERSION'), '15\n');
    const before = (await readdir(cluster)).toSorted();
    const refused = world.start(dataDir);
    const line = await refused.until((said) => 'failed' in said);
    expect(line).toMatchObject({
      failed: 'version-mismatch',
      message: expect.stringMatching(/Postgres 15.*Postgres 18/),
    });
    expect((await readdir(cluster)).toSorted()).toEqual(before);
    await writeFile(path.join(cluster, 'PG_VERSION'), '18\n');
    expect(await keptRow((await world.start(dataDir).ready()).url)).toBe(42);
  });

  test('refuses a folder that is no cluster, and touches nothing', async () => {
    await emptyPlace();
    await mkdir(path.join(dataDir, 'postgres'), { recursive: true });
    await writeFile(path.join(dataDir, 'postgres', 'thesis.txt'), 'years of work');
    const refused = world.start(dataDir);
    expect(await refused.until((said) => 'failed' in said)).toMatchObject({ failed: 'not-a-cluster' });
    expect(await readdir(path.join(dataDir, 'postgres'))).toEqual(['thesis.txt']);
  });

  test('does not begin with an empty database where its cluster went missing', async () => {
    await rm(path.join(dataDir, 'postgres'), { recursive: true });
    const refused = world.start(dataDir);
    expect(await refused.until((said) => 'failed' in said)).toMatchObject({ failed: 'cluster-missing' });
    expect(await readdir(dataDir)).not.toContain('postgres');
  });

  test('sets the password anew when the data folder lost it', async () => {
    await rm(path.join(dataDir, 'postgres.json'));
    const { url } = await world.start(dataDir).ready();
    expect(await keptRow(url)).toBe(42);
  });

  test('does not serve a folder that a living process of another host uses', async () => {
    const users = path.join(dataDir, 'postgres.users');
    const entry = path.join(users, 'other-host_17_abc-123_1');
    await mkdir(users, { recursive: true });
    await writeFile(entry, '');
    const beating = setInterval(() => void utimes(entry, new Date(), new Date()).catch(() => undefined), 100);
    try {
      const refused = world.start(dataDir);
      const line = await refused.until((said) => 'failed' in said);
      expect(line).toMatchObject({ failed: 'in-use', message: expect.stringContaining('other-host') });
    } finally {
      clearInterval(beating);
    }
    const aMinuteAgo = new Date(Date.now() - 60_000);
    await utimes(entry, aMinuteAgo, aMinuteAgo);
    const { url } = await world.start(dataDir).ready();
    expect(await keptRow(url)).toBe(42);
  });

  test('logs nothing of what statements carry', async () => {
    const keeper = world.start(dataDir);
    const { url, dataDir: cluster } = await keeper.ready();
    await ask(url, 'create table canary (name text primary key)');
    await ask(url, 'insert into canary values ($1)', ['CANARY-JUANA']);
    await expect(ask(url, 'insert into canary values ($1)', ['CANARY-JUANA'])).rejects.toMatchObject({ code: '23505' });
    await expect(ask(url, `select 'CANARY-JUANA'::int`)).rejects.toMatchObject({ code: '22P02' });
    await expect(ask(url, 'select $1::date', ['CANARY-JUANA'])).rejects.toMatchObject({ code: '22007' });
    // A backend that crashes: the postmaster reports what it ran.
    const crashing = ask(url, `select 'CANARY-JUANA', pg_sleep(60)`).catch(() => 'gone');
    const backend = await eventually('the backend is busy', async () => {
      const [row] = await ask<{ pid: number }>(
        url,
        `select pid from pg_stat_activity where query like '%CANARY%' and wait_event = 'PgSleep'`,
      );
      return row?.pid;
    });
    process.kill(backend, 'SIGSEGV');
    expect(await crashing).toBe('gone');
    const log = await eventually('the crash is in the log', async () => {
      const text = await readFile(path.join(path.dirname(cluster), 'postgres.log'), 'utf8');
      return text.includes('was terminated by signal 11') && text;
    });
    expect(log).not.toContain('CANARY');
    expect(JSON.stringify(keeper.lines)).not.toContain('CANARY');
    await eventually('the server serves again', () => ask(url, 'select 1').catch(() => undefined));
    expect((await readPidFile(cluster))?.status).toBe('ready');
  });

  test('keeps its log small', async () => {
    await appendFile(path.join(dataDir, 'postgres.log'), 'x'.repeat(9 << 20));
    await world.start(dataDir).ready();
    expect((await stat(path.join(dataDir, 'postgres.log'))).size).toBeLessThan(1 << 20);
    expect((await stat(path.join(dataDir, 'postgres.log.1'))).size).toBeGreaterThan(9 << 20);
  });
});
