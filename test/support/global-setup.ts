/** Gives the jest run a folder of its own for the shared Postgres, and sweeps what a killed run left behind. */
import { mkdtemp, readdir, chmod } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { endRun } from './global-teardown.ts';

const prefix = 'tejido-jest-';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export default async function setup(): Promise<void> {
  for (const entry of await readdir(os.tmpdir())) {
    const pid = entry.startsWith(prefix) ? Number.parseInt(entry.slice(prefix.length), 10) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) await endRun(path.join(os.tmpdir(), entry)).catch(() => undefined);
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  await chmod(folder, 0o711);
  process.env['TEJIDO_TEST_RUN'] = folder;
}
