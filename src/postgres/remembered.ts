/** What the data folder remembers of its server: `postgres.json`, readable by Tejido's user only. */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from './cluster.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';
import { stagingName } from './staging.ts';

export type Remembered = {
  readonly password: string;
  readonly port?: number;
  /** A cluster was made: from now on its absence is a fault, never a reason to make an empty one. */
  readonly made: boolean;
  /** Where the cluster lies, when not in the data folder. */
  readonly elsewhere?: string;
};

const fileIn = (dataDir: string) => path.join(dataDir, 'postgres.json');

function parsed(text: string): Remembered | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { password, port, made, elsewhere } = value as Record<string, unknown>;
  if (typeof password !== 'string' || !/^[0-9a-f]{16,}$/.test(password)) return undefined;
  return {
    password,
    made: made === true,
    ...(typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? { port } : {}),
    ...(typeof elsewhere === 'string' ? { elsewhere } : {}),
  };
}

async function read(dataDir: string): Promise<Remembered | undefined> {
  let text: string;
  try {
    text = await readFile(fileIn(dataDir), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const known = parsed(text);
  if (known) return known;
  throw new EmbeddedPostgresError(
    'not-a-cluster',
    `${fileIn(dataDir)} cannot be read as Tejido wrote it. Nothing was changed. Restore it from a backup, or move it away: ` +
      'a cluster in the data folder then gets a new password by itself.',
  );
}

async function written(dataDir: string, remembered: Remembered): Promise<string> {
  const fresh = path.join(dataDir, await stagingName());
  const handle = await open(fresh, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(remembered, undefined, 2)}\n`);
    await handle.sync();
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return fresh;
}

/** The memory of this folder, with a new password where there is none. Of two processes at once, one makes it. */
export async function recall(dataDir: string): Promise<Remembered> {
  const known = await read(dataDir);
  if (known) return known;
  const fresh = await written(dataDir, { password: randomBytes(24).toString('hex'), made: false });
  try {
    await link(fresh, fileIn(dataDir));
    await syncFolder(dataDir);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  const now = await read(dataDir);
  if (!now)
    throw new EmbeddedPostgresError(
      'not-permitted',
      `${fileIn(dataDir)} was removed while Tejido started. Start again.`,
    );
  return now;
}

/** Changes what is remembered, in one step and synced; nothing is written when nothing changes. */
export async function remember(dataDir: string, change: Partial<Omit<Remembered, 'password'>>): Promise<void> {
  const before = await recall(dataDir);
  const after = { ...before, ...change };
  if (JSON.stringify(after) === JSON.stringify(before)) return;
  await rename(await written(dataDir, after), fileIn(dataDir));
  await syncFolder(dataDir);
}
