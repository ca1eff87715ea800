/**
 * Which Tejido processes use the server of a data folder: one empty file each, named after the process. It decides who
 * stops the server: the last one out.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identityOf } from './process.ts';

export type Registration = {
  /** Takes us off the list; true when no other living process is on it. */
  leave(): Promise<boolean>;
  /** Whether no other living process is on the list now. */
  alone(): Promise<boolean>;
};

let registrations = 0;

export async function register(dataDir: string): Promise<Registration> {
  const folder = path.join(dataDir, 'postgres.users');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  registrations += 1;
  const own = `${process.pid}_${await identityOf(process.pid)}_${registrations}`;
  await writeFile(path.join(folder, own), '', { mode: 0o600 });

  const alone = async (): Promise<boolean> => {
    let others = 0;
    for (const entry of await readdir(folder)) {
      const [pid, identity] = entry.split('_');
      if (entry === own) continue;
      if ((await identityOf(Number(pid))) === identity) others += 1;
      else await rm(path.join(folder, entry), { force: true });
    }
    return others === 0;
  };
  return {
    alone,
    leave: async () => {
      await rm(path.join(folder, own), { force: true });
      return alone();
    },
  };
}
