/** Where binaries and cluster may lie: closed folders, a read-only package, missing links, root and not root. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, chown, cp, lchown, lstat, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { mayUse } from '../../src/postgres/account.ts';
import { installedPackage } from '../../src/postgres/binaries.ts';
import { ask, isAlive, isRoot, keepers } from './keepers.ts';

/** An unprivileged user that exists on every system. */
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
const shared = '/var/lib/tejido';

let world: ReturnType<typeof keepers>;
const made: string[] = [];

beforeEach(() => {
  world = keepers();
});
afterEach(async () => {
  await world.end();
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

const links = async (native: string) =>
  (JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]).map(
    ({ target }) => path.join(native, path.relative('native', target)),
  );

/** The package as npm leaves it when it withholds install scripts. */
async function packageWithoutLinks(folder: string): Promise<string> {
  const native = path.join(folder, 'native');
  await cp((await installedPackage()).native, native, { recursive: true, verbatimSymlinks: true });
  for (const link of await links(native)) await rm(link);
  return native;
}

async function everyEntry(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return [folder, ...entries.map((entry) => path.join(folder, entry))];
}

const asRoot = isRoot ? describe : describe.skip;
if (!isRoot) process.stderr.write('test/postgres/places: not root, so the cases that need root are skipped.\n');

asRoot('run as root', () => {
  test('serves a data folder under a closed one from a lasting place, says where, and finds it again', async () => {
    const closed = await world.folder(0o700);
    const dataDir = path.join(closed, 'data');
    const first = world.start(dataDir);
    const { url, dataDir: cluster, notices } = await first.ready();
    made.push(path.dirname(cluster));
    expect(cluster.startsWith(`${shared}/`)).toBe(true);
    expect(notices.join('\n')).toContain(cluster);
    expect((await lstat(cluster)).mode & 0o077).toBe(0);
    await ask(url, 'create table kept as select 42 as n');
    await first.stop();

    const moved = path.join(closed, 'moved');
    await rename(dataDir, moved);
    const second = world.start(moved);
    const again = await second.ready();
    expect(again.dataDir).toBe(cluster);
    expect(await ask(again.url, 'select n from kept')).toEqual([{ n: 42 }]);
    await second.stop();
  });

  test('runs the binaries of a closed checkout from a copy, which is made once', async () => {
    const closed = await world.folder(0o700);
    const native = await packageWithoutLinks(closed);
    const copy = path.join(shared, `binaries-18.4.0-test-${process.arch}`);
    made.push(copy);
    const first = world.start(path.join(await world.folder(), 'data'), { native });
    const { notices, pid } = await first.ready();
    expect(notices.join('\n')).toContain(copy);
    const { ino } = await lstat(copy);
    const second = world.start(path.join(await world.folder(), 'data'), { native });
    await second.ready();
    expect((await lstat(copy)).ino).toBe(ino);
    await first.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test('never runs the server as root', async () => {
    const { pid } = await world.start(path.join(await world.folder(), 'data')).ready();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    expect(/^Groups:[ \t]*(.*)$/m.exec(status)?.[1]?.trim()).toBe('');
  });

  test('restores the library links that npm withheld', async () => {
    const native = await packageWithoutLinks(await world.folder());
    const { notices } = await world.start(path.join(await world.folder(), 'data'), { native }).ready();
    expect(notices).toEqual([]);
    for (const link of await links(native)) expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });
});

asRoot('run by an ordinary user, in a home that is closed to others', () => {
  async function home(): Promise<string | undefined> {
    if (!(await mayUse(nobody, '-x', [process.execPath])) || !(await mayUse(nobody, '-r', [import.meta.filename]))) {
      process.stderr.write('test/postgres/places: an ordinary user cannot enter this checkout; the case is skipped.\n');
      return undefined;
    }
    const folder = await world.folder(0o700);
    await chown(folder, nobody.uid, nobody.gid);
    return folder;
  }

  test('it lies in the data folder, and runs as that user', async () => {
    const folder = await home();
    if (!folder) return;
    const dataDir = path.join(folder, 'data');
    const keeper = world.start(dataDir, nobody);
    const { url, pid, dataDir: cluster, notices } = await keeper.ready();
    expect(cluster).toBe(path.join(dataDir, 'postgres'));
    expect(notices).toEqual([]);
    expect(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]).toBe(String(nobody.uid));
    await ask(url, 'create table kept as select 42 as n');
    await keeper.stop();

    // The same folder, by root this time: under the account that owns it.
    const byRoot = world.start(dataDir);
    const again = await byRoot.ready();
    expect(again.dataDir).toBe(cluster);
    expect(await ask(again.url, 'select n from kept')).toEqual([{ n: 42 }]);
    await byRoot.stop();
  });

  test('a read-only package without its links runs from a copy in the data folder', async () => {
    const folder = await home();
    if (!folder) return;
    const native = await packageWithoutLinks(path.join(folder, 'package'));
    for (const entry of await everyEntry(path.join(folder, 'package'))) {
      await lchown(entry, 0, 0);
    }
    const dataDir = path.join(folder, 'data');
    const { url, notices } = await world.start(dataDir, { ...nobody, native }).ready();
    expect(notices.join('\n')).toContain(path.join(dataDir, 'binaries-18.4.0-test'));
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(lstat((await links(native))[0] ?? '')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a data folder it may not use is named, with what to do', async () => {
    const folder = await home();
    if (!folder) return;
    const closed = await world.folder(0o700);
    await mkdir(path.join(closed, 'data'));
    await chmod(closed, 0o700);
    const keeper = world.start(path.join(closed, 'data'), nobody);
    expect(await keeper.until((line) => 'failed' in line)).toMatchObject({
      failed: 'not-permitted',
      message: expect.stringContaining('TEJIDO_DATA'),
    });
  });
});
