/**
 * BullMQ on the ledger's Postgres, or on Redis. Everything in it may be lost at any time: it holds ids and due times of
 * wake-ups, never work. Connections share one pool (or one Redis client) per generation, so that a rebuild replaces all
 * of them and nothing of an old generation lingers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';

export type Backend = { readonly kind: 'postgres' | 'redis'; readonly url: string };

/** What a job may carry: ids of our own configuration, nothing of a message or a person. */
export type WakeJob = { readonly destination?: string };

export type BackendEvents = {
  /** A connection came (back) to life. */
  readonly ready: () => void;
  /** A connection failed. Called for every retry: the listener decides what is news. */
  readonly trouble: (error: unknown) => void;
  /** BullMQ met something odd (a lost lock, a job that is gone): worth asking whether the backend still answers. */
  readonly doubt: () => void;
};

export type OpenBackend = {
  /** Makes it usable: checks or migrates the schema. Rejects while the server is away; may be called again. */
  readonly prepare: () => Promise<void>;
  readonly queue: (name: string) => Queue<WakeJob>;
  readonly worker: (name: string, concurrency: number, run: (job: Job<WakeJob>) => Promise<void>) => Worker<WakeJob>;
  /** Closes everything it opened. With `force`, does not wait for running jobs. Never rejects. */
  readonly close: (force: boolean) => Promise<void>;
};

/** The lock of a running job; a worker that died is noticed two checks after it ran out. */
const lockDuration = 15_000;
const stalledInterval = 5_000;
const closeLimitMs = 5_000;
const failureMs = 100;

const jobOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

/** Nobody reads BullMQ's event stream here; it is kept as short as BullMQ allows. */
const queueOptions = { defaultJobOptions: jobOptions, streams: { events: { maxLen: 50 } } } as const;

const workerOptions = {
  lockDuration,
  stalledInterval,
  maxStalledCount: 1_000,
  runRetryDelay: 1_000,
  drainDelay: 5,
} as const;

/** Resolves like `work`, or rejects after `ms`; a late failure of `work` is not an unhandled rejection. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), ms);
        timer.unref();
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
};

type Closable = { close: (force?: boolean) => Promise<void> };

const closeAll = async (workers: readonly Closable[], queues: readonly Closable[], force: boolean): Promise<void> => {
  await Promise.allSettled(workers.map((worker) => worker.close(force)));
  await Promise.allSettled(queues.map((queue) => within(closeLimitMs, queue.close())));
};

/** `options` of the start-up packet: BullMQ's own schema, and no fsync for what may be lost anyway. */
const sessionOptions = (url: string): string => {
  const given = URL.canParse(url) ? (new URL(url).searchParams.get('options') ?? '') : '';
  return `${given} -c search_path=bullmq -c synchronous_commit=off`.trim();
};

const withoutOptions = (url: string): string => {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (!parsed.searchParams.has('options')) return url;
  parsed.searchParams.delete('options');
  return parsed.href;
};

/**
 * BullMQ's loops ask again at once after an error that is no refused connection. On a pool that has ended they would
 * not even let the event loop turn, and take all of the process with them: so every failure takes its time.
 */
const failSlowly = (pool: Pool): void => {
  const slowly = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      await pause(failureMs);
      throw error;
    }
  };
  const query = pool.query.bind(pool) as (...args: readonly unknown[]) => Promise<unknown>;
  pool.query = ((...args: readonly unknown[]) =>
    typeof args.at(-1) === 'function' ? query(...args) : slowly(query(...args))) as typeof pool.query;
  const connect = pool.connect.bind(pool) as (...args: readonly unknown[]) => Promise<unknown>;
  pool.connect = ((...args: readonly unknown[]) =>
    args.length > 0 ? connect(...args) : slowly(connect())) as typeof pool.connect;
};

/** `listeners`: how many workers will hold a LISTEN connection of their own. */
export const openPostgres = (url: string, listeners: number, events: BackendEvents): OpenBackend => {
  const pool = new Pool({
    connectionString: withoutOptions(url),
    options: sessionOptions(url),
    application_name: 'tejido-wake',
    max: listeners + 3,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    allowExitOnIdle: true,
  });
  failSlowly(pool);
  pool.setMaxListeners(0);
  pool.on('error', events.trouble);
  // A client that breaks while it is checked out emits on itself; unheard, that would end the process.
  pool.on('connect', (client) => client.on('error', events.trouble));
  const queues: Closable[] = [];
  const workers: Closable[] = [];
  return {
    prepare: async () => {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await runMigrations(client);
      } catch (error) {
        broken = error instanceof Error ? error : new Error('migration failed');
        throw error;
      } finally {
        client.release(broken);
      }
      events.ready();
    },
    queue: (name) => {
      // BullMQ's types name the backend as a sixth parameter; nothing here depends on which one it is.
      const queue = new Queue<WakeJob>(name, { connection: pool, ...queueOptions }, createPostgresBackend as never);
      queue.on('error', events.doubt);
      queues.push(queue);
      return queue;
    },
    worker: (name, concurrency, run) => {
      const worker = new Worker<WakeJob>(
        name,
        run,
        { connection: pool, concurrency, ...workerOptions },
        createPostgresBackend as never,
      );
      worker.on('error', events.doubt);
      workers.push(worker);
      return worker;
    },
    close: async (force) => {
      await closeAll(workers, queues, force);
      await within(closeLimitMs, pool.end()).catch(() => undefined);
    },
  };
};

const reconnectAfterMs = (attempt: number): number => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6));

export const openRedis = (url: string, events: BackendEvents): OpenBackend => {
  const connect = (): Redis => {
    const client = new Redis(url, {
      maxRetriesPerRequest: null,
      connectTimeout: 5_000,
      keepAlive: 10_000,
      retryStrategy: reconnectAfterMs,
      connectionName: 'tejido-wake',
    });
    client.setMaxListeners(0);
    client.on('error', events.trouble);
    client.on('close', () => events.trouble(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })));
    client.on('ready', events.ready);
    return client;
  };
  const shared = connect();
  const queues: Closable[] = [];
  const workers: Closable[] = [];
  return {
    prepare: async () => {
      await shared.ping();
    },
    queue: (name) => {
      const queue = new Queue<WakeJob>(name, { connection: shared, prefix: 'tejido', ...queueOptions });
      queue.on('error', events.doubt);
      queues.push(queue);
      return queue;
    },
    worker: (name, concurrency, run) => {
      const worker = new Worker<WakeJob>(name, run, {
        connection: shared,
        prefix: 'tejido',
        concurrency,
        ...workerOptions,
      });
      worker.on('error', events.doubt);
      workers.push(worker);
      return worker;
    },
    close: async (force) => {
      await closeAll(workers, queues, force || shared.status !== 'ready');
      shared.disconnect();
    },
  };
};
