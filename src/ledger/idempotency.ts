/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the first answer is kept for a day and given again.
 * It shields a sender from different answers; that nothing is filed twice rests on the natural key, not on this. So an
 * answer lost between the commit of an activity and `finish` costs nothing: the repeat is answered as a duplicate.
 */
import { sql } from 'kysely';
import type { Clock } from '../core/ports.ts';
import { asLedgerUnavailable, type Db } from './database.ts';

type KeptAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

type Beginning =
  | { readonly kind: 'first' }
  | { readonly kind: 'again'; readonly answer: KeptAnswer }
  | { readonly kind: 'in-flight' }
  | { readonly kind: 'other-body' };

export type Idempotency = {
  /** `fingerprint`: a hash over everything that makes the request what it is. */
  readonly begin: (apiKey: string, key: string, fingerprint: Buffer) => Promise<Beginning>;
  readonly finish: (apiKey: string, key: string, answer: KeptAnswer) => Promise<void>;
  /** The request came to nothing: the key may be used again at once. */
  readonly abandon: (apiKey: string, key: string) => Promise<void>;
  /** Deletes what has expired; returns how many. For the retention schedule. */
  readonly expire: () => Promise<number>;
};

const keptMs = 24 * 60 * 60_000;
/** A request that did not end within this died with its process. */
const inFlightMs = 60_000;

export function createIdempotency({ db, clock }: { readonly db: Db; readonly clock: Clock }): Idempotency {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asLedgerUnavailable(error);
    }
  };
  return {
    begin: (apiKey, key, fingerprint) =>
      guarded(async () => {
        const now = clock();
        const given = await sql`
          insert into idempotency_key as kept (api_key, key, fingerprint, began_at, expires_at)
          values (${apiKey}, ${key}, ${fingerprint}, ${now}, ${new Date(now.getTime() + keptMs)})
          on conflict (api_key, key) do update
            set fingerprint = excluded.fingerprint, began_at = excluded.began_at, expires_at = excluded.expires_at, answer = null
            where kept.expires_at <= ${now}
              or (kept.answer is null and kept.fingerprint = excluded.fingerprint
                and kept.began_at <= ${new Date(now.getTime() - inFlightMs)})
          returning key`.execute(db);
        if (given.rows.length > 0) return { kind: 'first' };
        const { rows } = await sql<{ fingerprint: Buffer; answer: KeptAnswer | null }>`
          select fingerprint, answer from idempotency_key where api_key = ${apiKey} and key = ${key}`.execute(db);
        const [row] = rows;
        // Gone between the two statements: the other request was abandoned just now.
        if (row === undefined) return { kind: 'in-flight' };
        if (!row.fingerprint.equals(fingerprint)) return { kind: 'other-body' };
        return row.answer === null ? { kind: 'in-flight' } : { kind: 'again', answer: row.answer };
      }),
    finish: (apiKey, key, answer) =>
      guarded(async () => {
        await sql`update idempotency_key set answer = ${JSON.stringify(answer)}::jsonb
          where api_key = ${apiKey} and key = ${key}`.execute(db);
      }),
    abandon: (apiKey, key) =>
      guarded(async () => {
        await sql`delete from idempotency_key where api_key = ${apiKey} and key = ${key} and answer is null`.execute(
          db,
        );
      }),
    expire: async () => {
      const { rows } = await sql`delete from idempotency_key where expires_at <= ${clock()} returning key`.execute(db);
      return rows.length;
    },
  };
}
