/**
 * Keeps the server of a running Tejido running, under one URL.
 *
 *   running ──▶ restarting ──▶ running        the server ended; it is started again, with back-off
 *                   │  ▲
 *                   ▼  │
 *                 failed                      a person must act (`reason`); it is still tried, every 10 s
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../core/ports.ts';
import { bringUp, stopRunning, type Server, type Site } from './bring-up.ts';
import { roleName } from './cluster.ts';
import { EmbeddedPostgresError, type EmbeddedPostgresCode } from './errors.ts';
import { explained } from './explained.ts';
import { rotate } from './log-file.ts';
import { identityOf } from './process.ts';

export type EmbeddedPostgres = {
  /** Stays the same while this object lives, also when the server is started again. */
  readonly url: string;
  /** Of the server that runs now. */
  readonly pid: number;
  /** The server ran already when we came. */
  readonly adopted: boolean;
  /** Where the cluster lies. */
  readonly dataDir: string;
  readonly state: 'running' | 'restarting' | 'failed' | 'stopped';
  /** Why it does not run; or `disk-full` while it runs and hardly any room is left. */
  readonly reason: EmbeddedPostgresCode | undefined;
  /** What an operator should know, in sentences: another place, a copy, a new account. */
  readonly notices: readonly string[];
  /**
   * Leaves the server. The rule: **the last one out stops it.** Every process that called `startEmbedded` on this data
   * folder is on a list; as long as another one on it is alive, the server stays; else it gets a fast shutdown and is
   * waited for. May be called more than once.
   */
  stop(): Promise<void>;
};

const lookEveryMs = 250;
const measureEveryMs = 5_000;
const lowSpaceBytes = 32 << 20;

/** Codes that waiting does not cure. */
const needsAPerson: ReadonlySet<EmbeddedPostgresCode> = new Set([
  'binaries',
  'account',
  'not-permitted',
  'not-a-cluster',
  'cluster-missing',
  'version-mismatch',
  'password',
]);

/** @param notices what was noted while it came up. */
export function supervise(site: Site, first: Server, notices: readonly string[], log: Log): EmbeddedPostgres {
  const { clusterDir } = site;
  const leaving = new AbortController();
  let server = first;
  let state: EmbeddedPostgres['state'] = 'running';
  let reason: EmbeddedPostgresCode | undefined;

  const wait = (ms: number) => pause(ms, undefined, { ref: false, signal: leaving.signal }).catch(() => undefined);

  let wake = () => {};
  /** An own child's end is told at once; that of an adopted server is seen at the next look. */
  const untilNextLook = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookEveryMs).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const listen = () => void server.ended?.then(() => wake());

  /** The state is read anew: `stop` may set it while we wait. */
  const left = () => leaving.signal.aborted;

  async function restart(): Promise<void> {
    const began = performance.now();
    state = 'restarting';
    reason = (await whyEnded(server, clusterDir)) ?? 'ended';
    log('warn', 'postgres.ended', { pid: server.pid, reason });
    for (let tries = 0; !left(); tries += 1) {
      try {
        server = await bringUp(site, server.port, 'this port', leaving.signal);
        listen();
        state = 'running';
        reason = undefined;
        log('info', 'postgres.restarted', {
          pid: server.pid,
          port: server.port,
          durationMs: Math.round(performance.now() - began),
        });
        return;
      } catch (error) {
        if (left()) return;
        const known = explained(error, clusterDir);
        const code = known instanceof EmbeddedPostgresError ? known.code : 'start-failed';
        const stuck = needsAPerson.has(code);
        if (code !== reason || tries === 0) {
          log(stuck ? 'error' : 'warn', stuck ? 'postgres.failed' : 'postgres.waits', {
            reason: code,
            detail: known instanceof Error ? known.message : undefined,
          });
        }
        state = stuck ? 'failed' : 'restarting';
        reason = code;
        await wait(stuck ? 10_000 : Math.min(250 * 2 ** tries, 5_000));
      }
    }
  }

  async function look(): Promise<void> {
    let nextMeasure = 0;
    while (!left()) {
      if (server.identity === undefined || (await identityOf(server.pid)) !== server.identity) {
        await restart();
      } else if (performance.now() >= nextMeasure) {
        nextMeasure = performance.now() + measureEveryMs;
        await rotate(site.logFile).catch(() => undefined);
        const low = await isLow(clusterDir);
        if (low && reason === undefined) log('warn', 'postgres.low-space', { reason: 'disk-full', path: clusterDir });
        reason = low ? 'disk-full' : undefined;
      }
      if (left()) return;
      await untilNextLook();
    }
  }

  listen();
  const looking = look();
  let stopped: Promise<void> | undefined;

  async function leave(): Promise<void> {
    leaving.abort();
    wake();
    await looking;
    const last = await site.users.leave();
    if (last) await stopRunning(clusterDir);
    state = 'stopped';
    log('info', last ? 'postgres.stopped' : 'postgres.left-running', { pid: server.pid });
  }

  const url = `postgres://${roleName}:${site.password}@127.0.0.1:${first.port}/${roleName}`;
  return {
    url,
    adopted: first.adopted,
    dataDir: clusterDir,
    notices,
    get pid() {
      return server.pid;
    },
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    stop: () => (stopped ??= leave()),
  };
}

/** Of a child, what its log says; of an adopted server only whether the disk is full. */
async function whyEnded(server: Server, clusterDir: string): Promise<EmbeddedPostgresCode | undefined> {
  if (server.ended) return (await server.ended).code;
  return (await isLow(clusterDir)) ? 'disk-full' : undefined;
}

async function isLow(folder: string): Promise<boolean> {
  const room = await statfs(folder).catch(() => undefined);
  return room !== undefined && room.bavail * room.bsize < lowSpaceBytes;
}
