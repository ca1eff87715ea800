/** Processes as the operating system knows them: alive, and the same one as before. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf } from './errors.ts';

const run = promisify(execFile);

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

let bootId: Promise<string> | undefined;
const boot = (): Promise<string> =>
  (bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (id) => id.trim().slice(0, 8),
    () => '',
  ));

/**
 * A text that differs between two processes that had the same pid, or undefined when there is no such process (a zombie
 * is none). Linux: boot id and start time in clock ticks; elsewhere the start time that `ps` gives.
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (!exists(pid)) return undefined;
  if (process.platform === 'linux') {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // proc_pid_stat(5): the fields after the last ")" begin with the state, field 3; the start time is field 22.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${await boot()}-${fields[19]}`;
    } catch (error) {
      return ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '') ? undefined : 'unknown';
    }
  }
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const said = stdout.trim();
    return said === '' || said.startsWith('Z') ? undefined : said.replace(/^\S+\s+/, '').replaceAll(/\s+/g, '-');
  } catch {
    return undefined;
  }
}

/** Whether it is a postgres that serves this folder: a postmaster's working directory is its data folder. */
export async function servesFolder(pid: number, folder: string): Promise<boolean> {
  if ((await identityOf(pid)) === undefined) return false;
  if (process.platform === 'linux') {
    try {
      return (await readlink(`/proc/${pid}/cwd`)) === folder;
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return false;
    }
  }
  try {
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes('postgres') && stdout.includes(folder);
  } catch {
    return false;
  }
}
