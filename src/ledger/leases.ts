/**
 * Leases of processes that are gone. A lease runs out by itself; but whoever starts on the same machine can know at
 * once that the process which held it is dead, and need not wait.
 */
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Queryable, statement } from './statement.ts';

/** Only inside one of these do process ids mean the same. */
function machine(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** The name of this process in lane rows. `run` tells it from an earlier process that had the same id. */
export const workerName = (pid: number, run: string): string => `${machine()} ${String(pid)} ${run}`;

/** Pure: whether a worker of this name lived on this machine and is dead. `alive` asks for a process id. */
export function isGone(name: string, own: string, alive: (pid: number) => boolean): boolean {
  if (name === own) return false;
  const [place, pid] = splitName(name);
  const [ownPlace, ownPid] = splitName(own);
  return place === ownPlace && (pid === ownPid || !alive(pid));
}

function splitName(name: string): readonly [place: string, pid: number] {
  const words = name.split(' ');
  return [words.slice(0, -2).join(' '), Number(words.at(-2))];
}

const holders = statement<{ worker: string }>(
  'lease-holders',
  'select distinct worker from lane where worker is not null and due_at > clock_timestamp()',
);

const free = statement<{ destination: string }>(
  'lease-free',
  // The token stays: the claim that follows raises it, and what the dead process may have sent is in doubt as ever.
  'update lane set due_at = clock_timestamp() where worker = any($1::text[]) and due_at > clock_timestamp() returning destination',
);

/** Returns how many lanes became due. */
export async function freeDeadLeases(on: Queryable, own: string): Promise<number> {
  const gone = (await holders.run(on, [])).map((row) => row.worker).filter((name) => isGone(name, own, isAlive));
  if (gone.length === 0) return 0;
  return (await free.run(on, [gone])).length;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
