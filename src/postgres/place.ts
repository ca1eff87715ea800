/** Where root puts what the server's account could not enter elsewhere. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isRoot, mayUse, type Account } from './account.ts';

/** Survives a reboot: a cluster may go there. */
export const lastingFolder = '/var/lib/tejido';

/** Ours, and nobody else may write to it: else another user could put programs or data under our name. */
async function prepared(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) return false;
    if ((found.mode & 0o011) !== 0o011) await chmod(folder, found.mode | 0o011);
    return true;
  } catch {
    return false;
  }
}

export async function canHold(folder: string, account: Account): Promise<boolean> {
  return (await prepared(folder)) && (await mayUse(account, '-x', [folder]));
}

/**
 * Folders for a copy of the binaries, best first. The temporary one may be emptied by a reboot: it is then copied again.
 * The data folder itself is last but that for root, so that its backups stay small.
 */
export async function* sharedFolders(account: Account, dataDir?: string): AsyncGenerator<string> {
  if (isRoot() && (await canHold(lastingFolder, account))) yield lastingFolder;
  if (dataDir !== undefined && (!isRoot() || (await mayUse(account, '-x', [dataDir])))) yield dataDir;
  const temporary = path.join(os.tmpdir(), `tejido-${process.getuid?.() ?? 'user'}`);
  if (await canHold(temporary, account)) yield temporary;
}
