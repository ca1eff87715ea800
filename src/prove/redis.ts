/** A redis-server of the proof's own: it may be killed and flushed. */
import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';

export const redisInstalled = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => null, lazyConnect: true });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

export const answers = (url: string): Promise<true> =>
  withRedis(url, async (redis) => (await redis.ping(), true as const));

export const flush = (url: string): Promise<unknown> => withRedis(url, (redis) => redis.flushall());

/** Every key with its whole value, as text: what a reader of this Redis could see. */
export const contents = (url: string): Promise<string> =>
  withRedis(url, async (redis) => {
    const lines: string[] = [];
    for (const key of await redis.keys('*')) {
      lines.push(`${key} ${JSON.stringify(await valueOf(redis, key))}`);
    }
    return lines.join('\n');
  });

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, '0', '-1');
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return redis.get(key);
  }
}
