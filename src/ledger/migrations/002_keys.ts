/** API keys and the answers kept for idempotency keys. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const keys002: Migration = {
  async up(db) {
    await sql`
      create table api_key (
        id text primary key,
        name text not null,
        secret_sha256 bytea not null,
        scopes text[] not null,
        system_ids text[],
        created_at timestamptz not null,
        created_by text not null,
        expires_at timestamptz,
        revoked_at timestamptz,
        revoked_by text,
        last_used_at timestamptz
      )`.execute(db);
    // Short-lived rows: plain deletes, with room left in the page for the one update each gets.
    await sql`
      create table idempotency_key (
        api_key text not null,
        key text not null,
        fingerprint bytea not null,
        began_at timestamptz not null,
        expires_at timestamptz not null,
        answer jsonb,
        primary key (api_key, key)
      ) with (fillfactor = 70)`.execute(db);
    await sql`create index idempotency_key_expires_at on idempotency_key (expires_at)`.execute(db);
  },
  async down(db) {
    await sql`drop table idempotency_key, api_key`.execute(db);
  },
};
