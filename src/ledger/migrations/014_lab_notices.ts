/** What CHWs were told of laboratory results, and which results must be looked at for them. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const labNotices014: Migration = {
  async up(db) {
    await sql`
      -- Results to look at: new ones, changed ones, those whose time has not come. In the transaction that changed them:
      -- a cursor over their time would pass over what commits late.
      create table lab_due (
        destination text not null,
        artifact text not null,
        look_at timestamptz not null default clock_timestamp(),
        primary key (destination, artifact)
      );
      create index lab_due_look on lab_due (look_at);

      -- What stands told; one that was withdrawn is not here.
      create table lab_notice (
        artifact text not null,
        patient_key uuid not null,
        destination text not null,
        message_id bigint not null,
        analyte text not null,
        value jsonb not null,
        at timestamptz not null default clock_timestamp(),
        primary key (artifact, patient_key)
      );

      create function lab_changed() returns trigger language plpgsql as $$ begin
        insert into lab_due (destination, artifact)
        select distinct v.destination, v.artifact from changed v
        where v.resource_type = 'Observation' and (v.chw or exists (select 1 from lab_notice n where n.artifact = v.artifact))
        order by 1, 2
        on conflict (destination, artifact) do update set look_at = excluded.look_at;
        return null;
      end $$;
      create trigger lab_inserted after insert on lab_version referencing new table as changed
        for each statement execute function lab_changed();
      create trigger lab_updated after update on lab_version referencing new table as changed
        for each statement execute function lab_changed();

      -- Of results: the person, whatever chart they are matched with when it is read.
      alter table change add column patient_key uuid;
    `.execute(db);
  },
  async down(db) {
    await sql`
      alter table change drop column patient_key;
      drop trigger lab_inserted on lab_version; drop trigger lab_updated on lab_version; drop function lab_changed();
      drop table lab_notice; drop table lab_due`.execute(db);
  },
};
