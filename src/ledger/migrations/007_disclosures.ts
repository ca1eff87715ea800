/** What left the clinic, to whom; and which copies of what came are sealed. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const disclosures007: Migration = {
  async up(db) {
    await sql`
      -- Kept as long as the person: an accounting of disclosures covers years (42 CFR 2.24, 45 CFR 164.528).
      create table disclosure (
        message_id bigint not null,
        ordinal int not null,
        destination text not null,
        patient_key uuid not null,
        kind text not null,
        recipient text not null,
        recipient_class text not null,
        -- Resource types, never the content.
        what text[] not null,
        consent text,
        at timestamptz not null default clock_timestamp(),
        primary key (message_id, destination, ordinal)
      );
      create index disclosure_person on disclosure (patient_key, at);

      -- The copy of what came is encrypted: it holds wording that must not be charted.
      alter table message add column sealed boolean not null default false;
      create index message_sealed on message (received_at) where sealed;
    `.execute(db);
  },
  async down(db) {
    await sql`drop table disclosure`.execute(db);
    await sql`alter table message drop column sealed`.execute(db);
  },
};
