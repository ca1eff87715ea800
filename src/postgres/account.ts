/**
 * Under which account the server runs. Postgres refuses root: then it is, in this order, the owner of the existing
 * cluster, the account `tejido`, the account `postgres`, or a system account `tejido` made now. Never `nobody`: other
 * services share it, and would own the patients' data with us.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './errors.ts';

const run = promisify(execFile);

/** Absent ids: the server runs as we do. */
export type Account = { readonly name: string; readonly uid?: number; readonly gid?: number };

export const isRoot = (): boolean => process.getuid?.() === 0;

async function named(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function ownerOf(folder: string): Promise<Account | undefined> {
  const found = await stat(folder).catch(() => undefined);
  if (!found || found.uid === 0) return undefined;
  return { name: `uid ${found.uid}`, uid: found.uid, gid: found.gid };
}

async function created(note: (notice: string) => void): Promise<Account> {
  const makers: readonly (readonly [string, readonly string[]])[] = [
    [
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--home-dir', '/', '--shell', '/usr/sbin/nologin', 'tejido'],
    ],
    ['adduser', ['-S', '-D', '-H', '-h', '/', '-s', '/sbin/nologin', 'tejido']],
  ];
  const said: string[] = [];
  for (const [command, args] of makers) {
    try {
      await run(command, [...args]);
    } catch (error) {
      said.push(`${command}: ${error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : 'failed'}`);
    }
    const account = await named('tejido');
    if (account) {
      note('Postgres refuses to run as root: the system account "tejido" was created for it.');
      return account;
    }
  }
  throw new EmbeddedPostgresError(
    'account',
    `Postgres refuses to run as root, and the account "tejido" could not be created for it (${said.join('; ')}). ` +
      'Run Tejido as an ordinary user, or create an account named "tejido" or "postgres", or set DATABASE_URL.',
  );
}

/** @throws EmbeddedPostgresError `account` when root finds none and cannot create one. */
export async function accountFor(clusterDirs: readonly string[], note: (notice: string) => void): Promise<Account> {
  if (!isRoot()) return { name: 'this user' };
  for (const dir of clusterDirs) {
    const owner = await ownerOf(dir);
    if (owner) return owner;
  }
  return (await named('tejido')) ?? (await named('postgres')) ?? (await created(note));
}

/** Whether the account passes `test <flag> <file>` for all: asked of the kernel, so that ACLs and mounts count too. */
export async function mayUse(account: Account, flag: '-r' | '-x' | '-w', files: readonly string[]): Promise<boolean> {
  const script = `for f do [ ${flag} "$f" ] || exit 1; done`;
  try {
    await run('/bin/sh', ['-c', script, 'sh', ...files], { cwd: '/', env: {}, ...idsOf(account) });
    return true;
  } catch {
    return false;
  }
}

export const idsOf = ({ uid, gid }: Account): { uid?: number; gid?: number } => ({
  ...(uid === undefined ? {} : { uid }),
  ...(gid === undefined ? {} : { gid }),
});
