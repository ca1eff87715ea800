/** Runs `keeper.ts` processes for a test, and ends everything of it afterwards: keepers, servers, folders. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { identityOf } from '../../src/postgres/process.ts';
import { runningServer, stopServer } from '../../src/postgres/server.ts';

export type Line = Record<string, unknown>;

export type Keeper = {
  readonly pid: number;
  readonly lines: readonly Line[];
  /** The first line, from `from` on, for which it holds. */
  until(what: (line: Line) => boolean, from?: number): Promise<Line>;
  ready(): Promise<{ url: string; pid: number; adopted: boolean; dataDir: string; notices: string[] }>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

export const isRoot = process.getuid?.() === 0;

/** Polls until it holds; the tests never wait for a time to pass. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  for (const until = performance.now() + withinMs; performance.now() < until; await pause(25)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`Not within ${withinMs} ms: ${what}`);
}

export const isAlive = async (pid: number): Promise<boolean> => (await identityOf(pid)) !== undefined;

export async function ask<T = Line>(url: string, sql: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows as T[];
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function keepers() {
  const running = new Set<Keeper>();
  const folders: string[] = [];
  const clusters = new Set<string>();

  async function folder(mode = 0o755): Promise<string> {
    const made = await mkdtemp(path.join(os.tmpdir(), 'tejido-keeper-'));
    await chmod(made, mode);
    folders.push(made);
    return made;
  }

  function start(dataDir: string, options: { native?: string; uid?: number; gid?: number } = {}): Keeper {
    const { native, ...ids } = options;
    const script = fileURLToPath(new URL('keeper.ts', import.meta.url));
    const child = spawn(process.execPath, [script, dataDir, ...(native === undefined ? [] : [native])], {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
      ...ids,
    });
    clusters.add(path.join(dataDir, 'postgres'));
    const lines: Line[] = [];
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const line = JSON.parse(part) as Line;
        if (typeof line['dataDir'] === 'string') clusters.add(line['dataDir']);
        lines.push(line);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push({ stderr: text }));
    const keeper: Keeper = {
      pid: child.pid ?? 0,
      lines,
      until: async (what, from = 0) => {
        const found = () => lines.slice(from).find(what);
        const failed = () => lines.slice(from).find((line) => 'failed' in line || 'stderr' in line);
        const line = await eventually(
          `a line of the keeper; it said ${JSON.stringify(lines)}`,
          async () => found() ?? failed(),
          30_000,
        );
        if (!what(line)) throw new Error(JSON.stringify(line));
        return line;
      },
      ready: async () => (await keeper.until((line) => line['ready'] === true)) as Awaited<ReturnType<Keeper['ready']>>,
      stop: async () => {
        child.stdin.write('stop\n');
        await ended;
        running.delete(keeper);
      },
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
        running.delete(keeper);
      },
    };
    running.add(keeper);
    return keeper;
  }

  async function end(options: { readonly keepFolders?: boolean } = {}): Promise<void> {
    for (const keeper of running) await keeper.kill();
    for (const cluster of clusters) {
      const server = await runningServer(cluster).catch(() => undefined);
      if (server) await stopServer(server.pid, cluster, 10_000);
    }
    if (options.keepFolders) return;
    for (const made of folders) await rm(made, { recursive: true, force: true });
  }

  return { start, folder, end };
}
