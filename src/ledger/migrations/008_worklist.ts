/** What a person must enter, correct or remove in the chart, because the EHR does not take it from us. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const worklist008: Migration = {
  async up(db) {
    await sql`
      create table work_item (
        id bigint generated always as identity primary key,
        destination text not null,
        -- What it is about: one that counts at a time. A changed one is another item, so that nobody is done with what
        -- he has not read.
        artifact text not null,
        kind text not null check (kind in ('enter', 'correct', 'remove')),
        lines text[] not null,
        state text not null default 'open' check (state in ('open', 'done', 'withdrawn')),
        message_id bigint not null,
        patient_key uuid not null,
        created_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        -- Who did it, and where it stands in the chart, if told.
        actor text,
        reference text
      );
      create index work_item_artifact on work_item (destination, artifact, id);
      create index work_item_open on work_item (id) where state = 'open';
      create index work_item_message on work_item (message_id);
    `.execute(db);
  },
  async down(db) {
    await sql`drop table work_item`.execute(db);
  },
};
