/** What the HL7 v2 door has acknowledged: receipts, by which a repetition is known, and the bytes until they are read. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const intake012: Migration = {
  async up(db) {
    await sql`
      create table hl7_receipt (
        key bytea primary key,
        sha256 bytea not null,
        at timestamptz not null default clock_timestamp()
      );
      create index hl7_receipt_at on hl7_receipt using brin (at) with (autosummarize = on);

      -- A queue: rows live for a moment. Compressing them would cost more than it saves, and what is dead is swept often.
      create table hl7_intake (
        id bigint generated always as identity primary key,
        source text not null,
        actor text not null,
        cause text,
        detail text,
        received_at timestamptz not null default clock_timestamp(),
        body bytea not null
      ) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);
      alter table hl7_intake alter column body set storage external;
    `.execute(db);
  },
  async down(db) {
    await sql`drop table hl7_intake; drop table hl7_receipt`.execute(db);
  },
};
