/** What the EHR tells the programme, and how far each look has come. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const changes011: Migration = {
  async up(db) {
    await sql`
      create table cursor (
        destination text not null,
        resource_type text not null,
        -- By the EHR's clock: the newest lastUpdated that was seen.
        at timestamptz not null,
        looked_at timestamptz not null default clock_timestamp(),
        primary key (destination, resource_type)
      );

      -- The last row of a reference is how it stood; those that are told make the feed, in the order of their ids.
      create table change (
        id bigint generated always as identity primary key,
        destination text not null,
        reference text not null,
        version_id text not null,
        last_updated timestamptz not null,
        -- The chart, not the person: whoever is matched with it when the feed is read.
        patient_reference text not null,
        kind text not null,
        content jsonb not null,
        told boolean not null,
        at timestamptz not null default clock_timestamp(),
        -- When its last version was seen.
        seen_at timestamptz not null default clock_timestamp()
      );
      create index change_reference on change (destination, reference, id);
      create index change_feed on change (id) where told;
    `.execute(db);
  },
  async down(db) {
    await sql`drop table cursor, change`.execute(db);
  },
};
