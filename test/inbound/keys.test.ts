import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../../src/ledger/database.ts';
import { createIdempotency } from '../../src/ledger/idempotency.ts';
import { createKeys } from '../../src/ledger/keys.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { freshDatabase, type FreshDatabase } from '../support/postgres.ts';

let fresh: FreshDatabase;
let database: Database;
let now = new Date('2026-05-07T12:00:00Z');
const clock = () => now;
const later = (ms: number) => {
  now = new Date(now.getTime() + ms);
};

beforeAll(async () => {
  fresh = await freshDatabase();
  database = openDatabase({ url: fresh.url, connections: 4, log: () => undefined });
  await migrate(database.db);
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

/** Each stands for a process of its own, with a cache of its own. */
const keysOfAProcess = () => createKeys({ db: database.db, clock, random: randomBytes });

describe('API keys', () => {
  test('a key is shown once, kept as a hash, and known again', async () => {
    const keys = keysOfAProcess();
    const { key, secret } = await keys.create({ name: 'app', scopes: ['activities:write'], systemIds: ['x'] }, 'admin');
    expect(secret).toMatch(/^tjd_[a-z0-9]{12}_[\w-]{43}$/);
    expect(await keys.verify(secret)).toMatchObject({
      id: key.id,
      name: 'app',
      scopes: ['activities:write'],
      systemIds: ['x'],
    });
    const { rows } = await sql<{ all: string }>`select string_agg(k::text, '') as all from api_key k`.execute(
      database.db,
    );
    expect(rows[0]?.all).not.toContain(secret.slice(17));
  });

  test('what is nearly a key is none', async () => {
    const keys = keysOfAProcess();
    const { secret } = await keys.create({ name: 'app', scopes: ['admin'] }, 'admin');
    const other = secret.endsWith('A') ? 'B' : 'A';
    for (const wrong of [
      secret.slice(0, -1) + other,
      `${secret}A`,
      secret.slice(0, 17),
      'tjd_',
      'x',
      "'; drop table api_key; --",
    ]) {
      expect(await keys.verify(wrong)).toBeUndefined();
    }
    expect(await keys.verify(secret)).toBeDefined();
  });

  test('a revoked key is refused at once here, and within the cache time elsewhere', async () => {
    const [here, elsewhere] = [keysOfAProcess(), keysOfAProcess()];
    const { key, secret } = await here.create({ name: 'app', scopes: ['admin'] }, 'admin');
    await here.verify(secret);
    await elsewhere.verify(secret);
    expect(await here.revoke(key.id, 'admin')).toBe(true);
    expect(await here.revoke(key.id, 'admin')).toBe(false);
    expect(await here.verify(secret)).toBeUndefined();
    const revoked = performance.now();
    while ((await elsewhere.verify(secret)) !== undefined) {
      expect(performance.now() - revoked).toBeLessThan(5_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, 10_000);

  test('an expired key is refused, even from the cache', async () => {
    const keys = keysOfAProcess();
    const expiresAt = new Date(now.getTime() + 1_000);
    const { secret } = await keys.create({ name: 'app', scopes: ['admin'], expiresAt }, 'admin');
    expect(await keys.verify(secret)).toBeDefined();
    later(1_001);
    expect(await keys.verify(secret)).toBeUndefined();
  });

  test('while it is rotated the old key and the new one are valid; then only the new one', async () => {
    const keys = keysOfAProcess();
    const old = await keys.create({ name: 'commcare', scopes: ['sources:write:commcare'], systemIds: ['c'] }, 'admin');
    const made = await keys.rotate(old.key.id, 600_000, 'admin');
    expect(made?.key).toMatchObject({ name: 'commcare', scopes: ['sources:write:commcare'], systemIds: ['c'] });
    expect(await keys.verify(old.secret)).toBeDefined();
    expect(await keys.verify(made?.secret ?? '')).toBeDefined();
    later(600_001);
    expect(await keys.verify(old.secret)).toBeUndefined();
    expect(await keys.verify(made?.secret ?? '')).toBeDefined();
    expect(await keys.rotate(old.key.id, 1, 'admin')).toBeUndefined();
  });

  test('when it was last used is known to within five minutes', async () => {
    const keys = keysOfAProcess();
    const { key, secret } = await keys.create({ name: 'app', scopes: ['admin'] }, 'admin');
    const lastUsed = async () => (await keys.list()).find(({ id }) => id === key.id)?.lastUsedAt;
    expect(await lastUsed()).toBeUndefined();
    await keys.verify(secret);
    const first = await lastUsed();
    expect(first).toEqual(now);
    later(60_000);
    await keysOfAProcess().verify(secret);
    expect(await lastUsed()).toEqual(first);
    later(300_000);
    await keysOfAProcess().verify(secret);
    expect(await lastUsed()).toEqual(now);
  });

  test('the first start makes an administrator key, once; TEJIDO_API_KEY stands as one', async () => {
    await sql`delete from api_key`.execute(database.db);
    const keys = keysOfAProcess();
    const made = await keys.ensureAdminKey();
    expect(await keys.verify(made?.secret ?? '')).toMatchObject({ scopes: ['admin'] });
    expect(await keys.ensureAdminKey()).toBeUndefined();
    expect(await keys.ensureAdminKey('sixteen letters!')).toBeUndefined();
    expect(await keys.verify('sixteen letters!')).toMatchObject({ scopes: ['admin'] });
    await keys.ensureAdminKey('another sixteen letters');
    expect(await keys.verify('sixteen letters!')).toBeUndefined();
    expect(await keys.verify('another sixteen letters')).toBeDefined();
    await expect(keys.ensureAdminKey('too short')).rejects.toThrow(/shorter than 16/);
  });

  test('a ledger that cannot be asked is told as such', async () => {
    const gone = openDatabase({ url: 'postgres://x@127.0.0.1:1/x', log: () => undefined });
    const keys = createKeys({ db: gone.db, clock, random: randomBytes });
    await expect(keys.verify('anything of a key')).rejects.toMatchObject({ name: 'LedgerUnavailable' });
    await gone.close();
  });
});

describe('idempotency keys', () => {
  const store = () => createIdempotency({ db: database.db, clock });
  const print = (text: string) => Buffer.from(text.padEnd(32));
  const answer = { status: 202, headers: { location: '/v1/messages/1' }, body: { receipts: [{ id: '1' }] } };

  test('of many at once one is first, and the others wait for its answer', async () => {
    const kinds = await Promise.all(
      Array.from({ length: 12 }, async () => (await store().begin('key', 'once', print('a'))).kind),
    );
    expect(kinds.filter((kind) => kind === 'first')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'in-flight')).toHaveLength(11);
    await store().finish('key', 'once', answer);
    expect(await store().begin('key', 'once', print('a'))).toEqual({ kind: 'again', answer });
  });

  test('another body is told apart, another API key has keys of its own', async () => {
    await store().begin('key', 'mine', print('a'));
    expect(await store().begin('key', 'mine', print('b'))).toEqual({ kind: 'other-body' });
    expect(await store().begin('other', 'mine', print('b'))).toEqual({ kind: 'first' });
  });

  test('what came to nothing may be sent again at once; an answer that was given stays', async () => {
    await store().begin('key', 'failed', print('a'));
    await store().abandon('key', 'failed');
    expect(await store().begin('key', 'failed', print('b'))).toEqual({ kind: 'first' });
    await store().finish('key', 'failed', answer);
    await store().abandon('key', 'failed');
    expect(await store().begin('key', 'failed', print('b'))).toEqual({ kind: 'again', answer });
  });

  test('a request that died with its process frees its key after a minute', async () => {
    await store().begin('key', 'died', print('a'));
    later(59_000);
    expect(await store().begin('key', 'died', print('a'))).toEqual({ kind: 'in-flight' });
    later(1_000);
    expect(await store().begin('key', 'died', print('b'))).toEqual({ kind: 'other-body' });
    expect(await store().begin('key', 'died', print('a'))).toEqual({ kind: 'first' });
  });

  test('an answer is kept for a day', async () => {
    await store().begin('key', 'day', print('a'));
    await store().finish('key', 'day', answer);
    later(24 * 3_600_000 - 1);
    expect(await store().begin('key', 'day', print('a'))).toEqual({ kind: 'again', answer });
    later(1);
    expect(await store().begin('key', 'day', print('b'))).toEqual({ kind: 'first' });
    later(24 * 3_600_000);
    expect(await store().expire()).toBeGreaterThan(0);
    expect((await sql`select 1 from idempotency_key`.execute(database.db)).rows).toHaveLength(0);
  });
});
