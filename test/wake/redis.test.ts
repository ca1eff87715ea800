import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startWatchdog } from '../../src/wake/watchdog.ts';
import { casesOfEveryBackend, closeWakes, ehr, listeningLog, until, wakeOn } from './wake-cases.ts';
import { redisInstalled, redisServer } from './redis-server.ts';
import type { TestRedis } from './redis-server.ts';

const must = process.env['CI'] === 'true';
if (!redisInstalled && !must) process.stderr.write('redis-server is not installed: wake-ups on Redis are not tested\n');

(redisInstalled || must ? describe : describe.skip)('wake-ups on Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await redisServer();
    await redis.start();
  });
  afterEach(async () => {
    await closeWakes();
    await redis.start();
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  });
  afterAll(() => redis.kill());

  casesOfEveryBackend(() => ({ kind: 'redis', url: redis.url }));

  test('Redis killed and back: work goes on meanwhile inside the process, and through Redis afterwards', async () => {
    let looks = 0;
    let sweeps = 0;
    const { heard, log } = listeningLog();
    const schedules = [{ name: 'sweep', everyMs: 200, run: async () => void (sweeps += 1) }];
    const wake = await wakeOn(
      { kind: 'redis', url: redis.url },
      { log, schedules, onWake: async () => void (looks += 1) },
    );
    await until('healthy and sweeping', () => wake.healthy() && sweeps > 0);
    await redis.kill();
    await until('notices', () => !wake.healthy());
    const before = looks;
    wake.poke(ehr);
    await until('looks without Redis', () => looks > before);
    await redis.start();
    await until('healthy again', wake.healthy);
    const [swept, looked] = [sweeps, looks];
    await until('sweeps again', () => sweeps > swept + 1);
    await until('looked after the outage', () => looks > looked - 1);
    const worker = looks;
    wake.poke(ehr);
    await until('looks through Redis', () => looks > worker);
    expect(heard.filter(({ event }) => event === 'wake.down')).toHaveLength(1);
    expect(heard.filter(({ event }) => event === 'wake.up')).toHaveLength(2);
  });

  test('a worker elsewhere is woken again after an outage longer than its blocking wait', async () => {
    let looks = 0;
    const door = await wakeOn({ kind: 'redis', url: redis.url }, { consume: false });
    const worker = await wakeOn({ kind: 'redis', url: redis.url }, { onWake: async () => void (looks += 1) });
    await until('healthy', () => door.healthy() && worker.healthy());
    await redis.kill();
    await until('notices', () => !door.healthy() && !worker.healthy());
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    await redis.start();
    await until('healthy', () => door.healthy() && worker.healthy());
    await until('quiet', async () => {
      const before = looks;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return looks === before;
    });
    const before = looks;
    door.poke(ehr);
    await until('look', () => looks > before);
  });

  test('Redis down at the start: works from the first moment, and by Redis once it is there', async () => {
    await redis.kill();
    let looks = 0;
    const wake = await wakeOn({ kind: 'redis', url: redis.url }, { onWake: async () => void (looks += 1) });
    expect(wake.healthy()).toBe(false);
    const before = looks;
    wake.poke(ehr);
    await until('look', () => looks > before);
    await redis.start();
    await until('healthy', wake.healthy);
    const later = looks;
    wake.poke(ehr);
    await until('look', () => looks > later);
  });

  test('FLUSHALL mid-flight: schedules come back and pokes go on', async () => {
    let looks = 0;
    let sweeps = 0;
    const schedules = [{ name: 'sweep', everyMs: 200, run: async () => void (sweeps += 1) }];
    const wake = await wakeOn({ kind: 'redis', url: redis.url }, { schedules, onWake: async () => void (looks += 1) });
    await until('sweeping', () => sweeps > 0);
    const client = new Redis(redis.url);
    for (let n = 0; n < 5; n += 1) {
      wake.poke(ehr);
      await client.flushall();
    }
    client.disconnect();
    const swept = sweeps;
    await until('sweeps again', () => sweeps > swept + 1);
    const before = looks;
    wake.poke(ehr);
    await until('look', () => looks > before);
  });

  test('workers that say they run and take nothing: the watchdog notices, and the work is done', async () => {
    let dueSince: number | undefined;
    let done = 0;
    const { log } = listeningLog();
    const wake = await wakeOn(
      { kind: 'redis', url: redis.url },
      {
        onWake: async () => {
          if (dueSince !== undefined) done += 1;
          dueSince = undefined;
        },
      },
    );
    await until('healthy', wake.healthy);
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue('tejido-wake-ehr', { connection, prefix: 'tejido' });
    const dog = startWatchdog({
      oldestDueMs: async () => (dueSince === undefined ? undefined : performance.now() - dueSince),
      limitMs: 300,
      everyMs: 20,
      heal: (reason) => wake.rebuild(reason),
      log,
    });
    try {
      await queue.pause();
      await until('quiet', async () => (await queue.getActiveCount()) === 0);
      dueSince = performance.now();
      wake.poke(ehr);
      await until('healed', () => done === 1 && dog.state().heals === 1);
    } finally {
      dog.stop();
      await queue.close();
      connection.disconnect();
    }
  });

  test('what lies in Redis holds ids of the configuration only', async () => {
    const wake = await wakeOn({ kind: 'redis', url: redis.url }, { consume: false });
    await until('healthy', wake.healthy);
    wake.poke(ehr);
    wake.pokeAt(ehr, new Date(Date.now() + 60_000));
    const client = new Redis(redis.url);
    try {
      await until('two jobs', async () => (await client.keys('tejido:tejido-wake-ehr:*')).length >= 6);
      const jobs = await client.keys('tejido:tejido-wake-ehr:*');
      const data: unknown[] = [];
      for (const key of jobs) if ((await client.type(key)) === 'hash') data.push(await client.hget(key, 'data'));
      expect(data.filter((value) => value !== null)).toEqual(['{"destination":"ehr"}', '{"destination":"ehr"}']);
    } finally {
      client.disconnect();
    }
  });
});
