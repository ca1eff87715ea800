/** Rosters: what was uploaded (already without what must not be kept), what it changes, and who is known by it. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const rosters006: Migration = {
  async up(db) {
    await sql`
      create table roster_import (
        id bigint generated always as identity primary key,
        source text not null,
        mode text not null,
        -- committing, committed
        state text not null,
        -- Over the sheet without the columns that are not kept, and over what was asked for.
        content_hash text not null,
        counts jsonb not null,
        -- Rows, columns, names of fields, ids; never a value of a cell.
        report jsonb not null,
        -- gzip of the JSON of the stripped sheet; retention takes it.
        sheet bytea,
        actor text not null,
        -- Changes that the ledger has accepted, in order.
        done int not null default 0,
        received_at timestamptz not null default clock_timestamp(),
        committed_at timestamptz
      );
      create index roster_import_source on roster_import (source, id);
      create unique index roster_import_committing on roster_import (source) where state = 'committing';

      -- What an import that is being committed will do; gone when it is done.
      create table roster_change (
        import_id bigint not null references roster_import on delete cascade,
        number int not null,
        patient_id text not null,
        fields jsonb not null,
        present boolean not null,
        -- The activities as they are sent, as JSON texts.
        activities text[] not null,
        primary key (import_id, number)
      );

      create table roster_member (
        source text not null,
        patient_id text not null,
        fields jsonb not null,
        present boolean not null,
        absent_since timestamptz,
        import_id bigint not null,
        primary key (source, patient_id)
      ) with (fillfactor = 80);

      -- Who has a place on an attendance sheet: a corrected sheet takes away who is no longer on it.
      create table attendance_seat (
        source text not null,
        series text not null,
        session int not null,
        record_id text not null,
        -- What was last sent for it, without its version.
        draft jsonb not null,
        primary key (source, series, session, record_id)
      );
    `.execute(db);
  },
  async down(db) {
    await sql`drop table attendance_seat, roster_member, roster_change, roster_import`.execute(db);
  },
};
