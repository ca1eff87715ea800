/**
 * Names for what is being made and not yet in place. They carry the process that makes it, so that what a killed
 * process left behind can be told from what a living one still works on.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { identityOf } from './process.ts';

export const stagingName = async (): Promise<string> =>
  `.new_${process.pid}_${await identityOf(process.pid)}_${randomBytes(4).toString('hex')}`;

/** Removes what processes that are gone left half made in this folder. */
export async function sweepAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const [, pid, identity] = /^\.new_(\d+)_(.*)_[0-9a-f]{8}(?:\.password)?$/.exec(entry) ?? [];
    if (pid === undefined || (await identityOf(Number(pid))) === identity) continue;
    // An initdb that outlived its parent may still write into it: what is left now goes with the next start.
    await rm(path.join(folder, entry), { recursive: true, force: true }).catch(() => undefined);
  }
}
