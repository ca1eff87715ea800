/**
 * API keys: `tjd_<id>_<secret>`, of which only the SHA-256 is kept. A fast hash suffices because the secret is 256
 * random bits: there is nothing to guess. A key made by the operator (`TEJIDO_API_KEY`) may be any text.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/ports.ts';
import { asLedgerUnavailable, type Db } from './database.ts';

export type KeyInfo = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Which `source.systemId` it may send; absent: any. */
  readonly systemIds?: readonly string[];
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
  /** To within five minutes. */
  readonly lastUsedAt?: Date;
};

type NewKey = {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly systemIds?: readonly string[];
  readonly expiresAt?: Date;
};

/** `secret` is the whole bearer value; it cannot be shown again. */
export type MadeKey = { readonly key: KeyInfo; readonly secret: string };

export type Keys = {
  readonly create: (key: NewKey, actor: string) => Promise<MadeKey>;
  readonly list: () => Promise<readonly KeyInfo[]>;
  /** False when there is no such key, or it was revoked before. */
  readonly revoke: (id: string, actor: string) => Promise<boolean>;
  /** A second key with the same rights; the first goes on for `overlapMs`. Undefined when it is not valid any more. */
  readonly rotate: (id: string, overlapMs: number, actor: string) => Promise<MadeKey | undefined>;
  /** The valid key that this bearer value is, or undefined. A revocation elsewhere takes effect within 4 s. */
  readonly verify: (secret: string) => Promise<KeyInfo | undefined>;
  /**
   * With `seed` (at least 16 characters): that text is an administrator key. Without: makes one when there is no valid
   * administrator key, and returns it, once.
   */
  readonly ensureAdminKey: (seed?: string) => Promise<MadeKey | undefined>;
};

const adminScope = 'admin';
const seededId = 'env';
const cacheMs = 4_000;
const unknownCacheMs = 1_000;
const coarseMs = 5 * 60_000;
const shortestSeed = 16;

type Row = {
  readonly id: string;
  readonly name: string;
  readonly secret_sha256: Buffer;
  readonly scopes: readonly string[];
  readonly system_ids: readonly string[] | null;
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
};

const columns = sql`id, name, secret_sha256, scopes, system_ids, created_at, created_by, expires_at, revoked_at, last_used_at`;

const infoOf = (row: Row): KeyInfo => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  createdAt: row.created_at,
  createdBy: row.created_by,
  ...(row.system_ids === null ? {} : { systemIds: row.system_ids }),
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
});

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Characters of an id: no `_`, which separates the parts of a key. */
const idAlphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Where to look a bearer value up: by the id inside it, else the seeded key. */
const idIn = (secret: string): string => /^tjd_([a-z0-9]{12})_/.exec(secret)?.[1] ?? seededId;

/** `random` gives cryptographically strong bytes. */
export function createKeys({
  db,
  clock,
  random,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
}): Keys {
  const seen = new LRUCache<string, { row: Row | undefined }>({ max: 10_000, ttl: cacheMs });

  const insert = async (id: string, secret: string, key: NewKey, actor: string): Promise<KeyInfo> => {
    const { rows } = await sql<Row>`
      insert into api_key (id, name, secret_sha256, scopes, system_ids, created_at, created_by, expires_at)
      values (${id}, ${key.name}, ${hash(secret)}, ${[...key.scopes]}::text[],
        ${key.systemIds === undefined ? null : [...key.systemIds]}::text[], ${clock()}, ${actor}, ${key.expiresAt ?? null})
      returning ${columns}`.execute(db);
    return infoOf(only(rows));
  };

  const create: Keys['create'] = async (key, actor) => {
    const id = Array.from(random(12), (byte) => idAlphabet[byte % idAlphabet.length]).join('');
    const secret = `tjd_${id}_${random(32).toString('base64url')}`;
    return { key: await insert(id, secret, key, actor), secret };
  };

  const find = async (id: string): Promise<Row | undefined> => {
    const { rows } = await sql<Row>`select ${columns} from api_key where id = ${id}`.execute(db);
    return rows[0];
  };

  const list: Keys['list'] = async () => {
    const { rows } = await sql<Row>`select ${columns} from api_key order by created_at, id`.execute(db);
    return rows.map(infoOf);
  };

  const isValid = (row: Pick<Row, 'revoked_at' | 'expires_at'>): boolean =>
    row.revoked_at === null && (row.expires_at === null || row.expires_at > clock());

  const touch = async (row: Row): Promise<void> => {
    const now = clock();
    if (row.last_used_at !== null && now.getTime() - row.last_used_at.getTime() < coarseMs) return;
    await sql`update api_key set last_used_at = ${now} where id = ${row.id}
      and (last_used_at is null or last_used_at < ${new Date(now.getTime() - coarseMs)})`.execute(db);
  };

  return {
    create,
    list,
    revoke: async (id, actor) => {
      const { rows } = await sql`update api_key set revoked_at = ${clock()}, revoked_by = ${actor}
        where id = ${id} and revoked_at is null returning id`.execute(db);
      seen.clear();
      return rows.length > 0;
    },
    rotate: async (id, overlapMs, actor) => {
      const row = await find(id);
      if (row === undefined || !isValid(row)) return undefined;
      const made = await create(
        { name: row.name, scopes: row.scopes, ...(row.system_ids === null ? {} : { systemIds: row.system_ids }) },
        actor,
      );
      const until = new Date(clock().getTime() + overlapMs);
      await sql`update api_key set expires_at = least(expires_at, ${until}) where id = ${id}`.execute(db);
      seen.clear();
      return made;
    },
    verify: async (secret) => {
      const digest = hash(secret);
      const name = digest.toString('latin1');
      const kept = seen.get(name);
      if (kept !== undefined) return kept.row !== undefined && isValid(kept.row) ? infoOf(kept.row) : undefined;
      try {
        const found = await find(idIn(secret));
        const row = found !== undefined && timingSafeEqual(found.secret_sha256, digest) ? found : undefined;
        seen.set(name, { row }, { ttl: row === undefined ? unknownCacheMs : cacheMs });
        if (row === undefined || !isValid(row)) return undefined;
        // When it was last used is information: that it cannot be written (a full disk) must not refuse a reader.
        await touch(row).catch(() => undefined);
        return infoOf(row);
      } catch (error) {
        throw asLedgerUnavailable(error);
      }
    },
    ensureAdminKey: async (seed) => {
      if (seed !== undefined) {
        if (seed.length < shortestSeed) {
          throw new Error(`TEJIDO_API_KEY is shorter than ${shortestSeed} characters. Choose a longer one.`);
        }
        await seedKey(db, seed, clock());
        seen.clear();
        return undefined;
      }
      const keys = await list();
      const now = clock();
      const has = keys.some(
        (key) =>
          key.scopes.includes(adminScope) &&
          key.revokedAt === undefined &&
          (key.expiresAt === undefined || key.expiresAt > now),
      );
      return has ? undefined : create({ name: 'administrator', scopes: [adminScope] }, 'system');
    },
  };
}

/** A seed of our own form (a key made elsewhere) keeps its id; another text stands as the one seeded key. */
async function seedKey(db: Db, seed: string, now: Date): Promise<void> {
  await sql`
    insert into api_key (id, name, secret_sha256, scopes, created_at, created_by)
    values (${idIn(seed)}, 'administrator (TEJIDO_API_KEY)', ${hash(seed)}, ${[adminScope]}::text[], ${now}, 'environment')
    on conflict (id) do update set secret_sha256 = excluded.secret_sha256, scopes = excluded.scopes,
      revoked_at = null, revoked_by = null, expires_at = null`.execute(db);
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('The database returned no row.');
  return row;
}
