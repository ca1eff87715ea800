/** Where cluster and binaries lie: in the data folder, or where the server's account can enter. */
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isRoot, mayUse, type Account } from './account.ts';
import { EmbeddedPostgresError } from './errors.ts';
import type { Remembered } from './remembered.ts';

/** Survives a reboot: a cluster may go there. */
const lastingFolder = '/var/lib/tejido';

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

async function canHold(folder: string, account: Account): Promise<boolean> {
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

export const clusterMissing = (dataDir: string, clusterDir: string) =>
  new EmbeddedPostgresError(
    'cluster-missing',
    `The database of ${dataDir} should be in ${clusterDir}, and is not. Nothing was made in its place. Restore it from a backup ` +
      `(or mount its disk); to begin with an empty one instead, remove ${path.join(dataDir, 'postgres.json')}.`,
  );

/** In the data folder where the account can enter it; else, for root, in a lasting place named after the data folder. */
export async function clusterPlace(dataDir: string, remembered: Remembered, account: Account): Promise<string> {
  const inside = path.join(dataDir, 'postgres');
  if (remembered.elsewhere !== undefined) return remembered.elsewhere;
  if (!isRoot()) return inside;
  const enters = await mayUse(account, '-x', [dataDir]);
  if (enters) return inside;
  const held = await readdir(inside).catch(() => []);
  const own = path.join(lastingFolder, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  if (held.length === 0 && (await canHold(lastingFolder, account)) && (await canHold(own, account))) {
    return path.join(own, 'postgres');
  }
  throw new EmbeddedPostgresError(
    'not-permitted',
    held.length > 0
      ? `The database in ${inside} belongs to ${account.name}, who cannot pass through a folder above it. ` +
          `Allow it (chmod o+x on the closed folder), or run Tejido as that user.`
      : `The account of Postgres (${account.name}) can enter neither ${dataDir} nor ${lastingFolder}. ` +
          'Set TEJIDO_DATA to a folder that it can enter (for example /srv/tejido), run Tejido as an ordinary user, or set DATABASE_URL.',
  );
}
