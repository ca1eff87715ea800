/** Laboratory results: every version that a message told, and which of them counts. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const labs013: Migration = {
  async up(db) {
    await sql`
      create table lab_version (
        destination text not null,
        artifact text not null,
        message_id bigint not null,
        patient_key uuid not null,
        source text not null,
        record_id text,
        -- Artifact of the report it belongs to; the report's own row has an empty key.
        report text not null,
        key text not null,
        resource_type text not null,
        order_value text not null,
        order_system text,
        -- The placer's number beside the filler's: a laboratory may tell its own only later.
        placer_value text,
        placer_system text,
        service text not null,
        collected text,
        status text not null,
        final boolean not null,
        -- Among versions told at the same time (core/lab/versions.ts).
        rank int not null,
        issued timestamptz not null,
        sent timestamptz not null,
        hash text not null,
        position int not null,
        summary jsonb not null,
        chw boolean not null,
        voided boolean not null default false,
        at timestamptz not null default clock_timestamp(),
        primary key (destination, artifact, message_id)
      );
      -- Results are found by their reports, whose artifacts begin alike: only reports are found by anything else.
      create index lab_version_number on lab_version (order_value, patient_key) where key = '';
      create index lab_version_placer on lab_version (placer_value, patient_key) where key = '' and placer_value is not null;
      create index lab_version_record on lab_version (source, record_id) where key = '';
      create index lab_version_patient on lab_version (patient_key, at) where key = '' or chw;
      create index lab_version_at on lab_version using brin (at) with (autosummarize = on);

      -- Of each artifact the version that counts: final before preliminary, then the latest told, then by status and content,
      -- so that any order of arrival ends in the same (core/lab/versions.ts says the same).
      create view lab_standing as
        select distinct on (destination, artifact) * from lab_version where not voided
        order by destination, artifact, final desc,
          final and summary ->> 'awaited' is not null,
          issued desc, sent desc, rank desc, hash desc, message_id desc;
    `.execute(db);
  },
  async down(db) {
    await sql`drop view lab_standing; drop table lab_version`.execute(db);
  },
};
