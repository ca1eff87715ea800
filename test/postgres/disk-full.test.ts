import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ask, eventually, isRoot, keepers } from './keepers.ts';

const run = promisify(execFile);

let world: ReturnType<typeof keepers>;
let disk: string;
let mounted = false;

beforeEach(async () => {
  world = keepers();
  disk = await world.folder();
  mounted =
    isRoot &&
    (await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', disk]).then(
      () => true,
      () => false,
    ));
  if (!mounted)
    process.stderr.write('test/postgres/disk-full: a small tmpfs cannot be mounted here; the case is skipped.\n');
});
afterEach(async () => {
  if (mounted) {
    await world.end({ keepFolders: true });
    await run('umount', [disk]);
  }
  await world.end();
});

/** Takes all room that is left, to the last block. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (const size of [1 << 20, 1 << 12]) {
      const block = Buffer.alloc(size);
      for (;;) {
        const { bytesWritten } = await handle.write(block).catch(() => ({ bytesWritten: 0 }));
        if (bytesWritten < size) break;
      }
    }
  } finally {
    await handle.close();
  }
}

describe('a full disk', () => {
  test('fails what cannot be written, is named while it lasts, and goes by itself with nothing lost', async () => {
    if (!mounted) return;
    const keeper = world.start(path.join(disk, 'data'));
    const { url, pid } = await keeper.ready();
    await ask(url, 'create table kept (n serial primary key, filler text)');
    const ballast = path.join(disk, 'ballast');
    await fill(ballast);

    let acknowledged = 0;
    const write = () =>
      ask<{ n: number }>(
        url,
        `insert into kept (filler) select string_agg(md5(random()::text), '') from generate_series(1, 200) returning n`,
      );
    const refusal = await eventually('a write is refused', async () => {
      try {
        await write();
        acknowledged += 1;
        return undefined;
      } catch (error) {
        return error as { code?: string };
      }
    });
    expect(refusal.code).toBe('53100');
    await keeper.until((line) => line['state'] === 'running' && line['reason'] === 'disk-full' && line['pid'] === pid);

    // The write-ahead log cannot take its next segment: Postgres gives up at once. Sometimes its own recovery finds room
    // (it removes old segments), so that room is taken again until it cannot come back.
    const seen = keeper.lines.length;
    let more = 0;
    await eventually(
      'the supervisor waits for room',
      async () => {
        const waits = keeper.lines
          .slice(seen)
          .some((line) => line['state'] === 'restarting' && line['reason'] === 'disk-full');
        if (waits) return true;
        more += 1;
        await fill(path.join(disk, `ballast-${more}`));
        await ask(url, `select pg_logical_emit_message(true, 'filler', repeat('x', 1000000))`).catch(() => undefined);
        return false;
      },
      40_000,
    );

    const waiting = keeper.lines.length;
    for (let n = 1; n <= more; n += 1) await rm(path.join(disk, `ballast-${n}`));
    await rm(ballast);
    await keeper.until((line) => line['state'] === 'running' && line['pid'] !== pid, waiting);
    await eventually('nothing is wrong any more', async () => {
      const last = keeper.lines.findLast((line) => 'state' in line);
      return last?.['state'] === 'running' && last['reason'] === undefined;
    });
    const [row] = await ask<{ n: number }>(url, 'select count(*)::int as n from kept');
    expect(row?.n).toBe(acknowledged);
    await write();
    await keeper.stop();
  });

  test('at the first start is told as such, and leaves nothing half made', async () => {
    if (!mounted) return;
    const ballast = path.join(disk, 'ballast');
    await fill(ballast);
    const refused = world.start(path.join(disk, 'data'));
    expect(await refused.until((line) => 'failed' in line)).toMatchObject({ failed: 'disk-full' });
    await rm(ballast);
    const { url } = await world.start(path.join(disk, 'data')).ready();
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});
