/** The maps that were in use, whole, by their content hash; and the codes that no ConceptMap lists. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const maps003: Migration = {
  async up(db) {
    await sql`
      create table mapping_version (
        hash text primary key,
        -- gzip of the JSON of the files: [{name, where, text}].
        files bytea not null,
        first_used_at timestamptz not null default clock_timestamp(),
        -- When a process last started with it, or loaded it: the latest is what is deployed.
        last_loaded_at timestamptz not null default clock_timestamp()
      );

      -- The maps with which this delivery was last prepared.
      alter table delivery add column mapping_version text;

      create table unmapped_code (
        id bigint generated always as identity primary key,
        concept_map text not null,
        system text not null default '',
        code text not null,
        display text,
        -- hold, fixed or provided: what was done the last time.
        policy text not null,
        first_seen_at timestamptz not null default clock_timestamp(),
        last_seen_at timestamptz not null default clock_timestamp(),
        -- The ConceptMap has an answer since then.
        answered_at timestamptz,
        unique (concept_map, system, code)
      );
      create table unmapped_message (
        code_id bigint not null references unmapped_code on delete cascade,
        message_id bigint not null,
        primary key (code_id, message_id)
      );
      create index unmapped_message_message on unmapped_message (message_id);
    `.execute(db);
  },
  async down(db) {
    await sql`drop table unmapped_message, unmapped_code, mapping_version`.execute(db);
    await sql`alter table delivery drop column mapping_version`.execute(db);
  },
};
