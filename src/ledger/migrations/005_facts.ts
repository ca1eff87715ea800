/** What the filed records say about a person: since when, and until when it counted. Kept, so that a report of then can be made again. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const facts005: Migration = {
  async up(db) {
    await sql`
      create table fact (
        -- The message that said it.
        message_id bigint not null,
        ordinal int not null,
        patient_key uuid not null,
        source text not null,
        record_id text not null,
        kind text not null,
        key text not null,
        -- When it happened; as it was said, with its offset.
        at timestamptz not null,
        said_at text not null,
        data jsonb not null,
        -- From when until when it counted. An amendment or a void ends it.
        since timestamptz not null default clock_timestamp(),
        until timestamptz,
        primary key (message_id, ordinal)
      );
      create index fact_person on fact (patient_key) where until is null;
      create index fact_record on fact (source, record_id) where until is null;
      create index fact_kind on fact (kind, at);
    `.execute(db);
  },
  async down(db) {
    await sql`drop table fact`.execute(db);
  },
};
