import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Pool } from 'pg';
import { freshDatabase } from '../support/postgres.ts';
import type { FreshDatabase } from '../support/postgres.ts';
import { openPostgres } from '../../src/wake/backend.ts';
import { postgresServer } from './postgres-server.ts';
import { casesOfEveryBackend, closeWakes, ehr, listeningLog, until, wakeOn } from './wake-cases.ts';

describe('wake-ups on Postgres', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterEach(closeWakes);
  afterAll(() => database.drop());
  const backend = () => ({ kind: 'postgres', url: database.url }) as const;

  const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  test('several processes may start at once on an empty database', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => wakeOn(backend(), {})));
    expect(all.every((wake) => wake.healthy())).toBe(true);
  });

  casesOfEveryBackend(backend);

  test('nothing is left when all is done, and what lies in the tables holds ids of the configuration only', async () => {
    let looks = 0;
    const wake = await wakeOn(backend(), { onWake: async () => void (looks += 1) });
    wake.poke(ehr);
    await until('look', () => looks > 0);
    const left = `select count(*)::int as n from bullmq.job where queue = 'tejido-wake-ehr'`;
    await until('no job left', async () => (await ask(left))[0]?.['n'] === 0);
    wake.pokeAt(ehr, new Date(Date.now() + 3_600_000));
    const later = `select data from bullmq.job where queue = 'tejido-wake-ehr' and state = 'delayed'`;
    await until('a delayed job', async () => (await ask(later)).length === 1);
    expect(await ask(later)).toEqual([{ data: { destination: 'ehr' } }]);
  });

  test('the connections of one process are few and named', async () => {
    await wakeOn(backend(), { schedules: [{ name: 'sweep', everyMs: 500, run: async () => undefined }] });
    const [row] = await ask(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    expect(row?.['n']).toBeLessThanOrEqual(5);
  });

  test('a server that refuses every statement is asked a few times a second, not without end', async () => {
    let doubts = 0;
    const events = { ready: () => undefined, trouble: () => undefined, doubt: () => void (doubts += 1) };
    const open = openPostgres(backend().url, 1, events);
    await open.prepare();
    const queue = open.queue('refused');
    let runs = 0;
    open.worker('refused', 1, async () => {
      runs += 1;
      // Gone between taking a job and asking for the next: the moment in which BullMQ does not wait.
      if (runs === 2) await ask('alter schema bullmq rename to gone');
    });
    try {
      await queue.add('wake', {});
      await until('first job', () => runs === 1);
      await queue.addBulk([
        { name: 'wake', data: {} },
        { name: 'wake', data: {} },
      ]);
      await until('an error', () => doubts > 0);
      const before = doubts;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(doubts - before).toBeLessThan(50);
    } finally {
      await ask('alter schema gone rename to bullmq');
      await open.close(true);
    }
  });

  test('a worker left on a pool that has ended does not stop the event loop', async () => {
    const events = { ready: () => undefined, trouble: () => undefined, doubt: () => undefined };
    const open = openPostgres(backend().url, 1, events);
    await open.prepare();
    const queue = open.queue('ended');
    let runs = 0;
    const worker = open.worker('ended', 1, async () => {
      runs += 1;
      if (runs === 2) void (worker.opts.connection as unknown as Pool).end();
    });
    await queue.addBulk([1, 2, 3].map(() => ({ name: 'wake', data: {} })));
    await until('two runs', () => runs === 2);
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(performance.now() - start).toBeLessThan(5_000);
    await open.close(true);
  });

  test('every connection cut: listening and pokes come back', async () => {
    let looks = 0;
    const wake = await wakeOn(backend(), { onWake: async () => void (looks += 1) });
    await ask(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await until('healthy', wake.healthy);
    const before = looks;
    wake.poke(ehr);
    await until('look', () => looks > before);
  });
});

describe('wake-ups on a Postgres that is killed', () => {
  test('killed with -9 and back: schedules and pokes go on, one line in the log for each change', async () => {
    const server = await postgresServer();
    await server.start();
    let looks = 0;
    let sweeps = 0;
    const { heard, log } = listeningLog();
    const schedules = [{ name: 'sweep', everyMs: 200, run: async () => void (sweeps += 1) }];
    const backend = { kind: 'postgres', url: server.url } as const;
    try {
      const wake = await wakeOn(backend, { log, schedules, onWake: async () => void (looks += 1) });
      await until('healthy and sweeping', () => wake.healthy() && sweeps > 0);
      await server.kill();
      await until('notices', () => !wake.healthy());
      const before = looks;
      wake.poke(ehr);
      await until('looks meanwhile', () => looks > before);
      const swept = sweeps;
      await server.start();
      await until('healthy again', wake.healthy);
      await until('sweeps again', () => sweeps > swept + 1, 40_000);
      const later = looks;
      wake.poke(ehr);
      await until('looks', () => looks > later);
      expect(heard.filter(({ event }) => event === 'wake.down')).toHaveLength(1);
    } finally {
      await closeWakes();
      await server.kill();
      await server.remove();
    }
  });

  test('not there at the start: works inside the process, and by Postgres once it is there', async () => {
    const server = await postgresServer();
    let looks = 0;
    const wake = await wakeOn({ kind: 'postgres', url: server.url }, { onWake: async () => void (looks += 1) });
    try {
      expect(wake.healthy()).toBe(false);
      await until('look', () => looks > 0);
      await server.start();
      await until('healthy', wake.healthy);
      const before = looks;
      wake.poke(ehr);
      await until('look', () => looks > before);
    } finally {
      await closeWakes();
      await server.kill();
      await server.remove();
    }
  });
});
