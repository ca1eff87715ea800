/** What is known of people beside identifiers; people merged into others; who waits for a person to match them. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const people004: Migration = {
  async up(db) {
    await sql`
      alter table patient
        -- Dates that differ from dob, and that a person who linked two ids has seen.
        add column other_dobs text[] not null default '{}',
        -- Un-linked from a chart: identifiers alone do not lead back into one.
        add column review boolean not null default false;

      -- A person merged into another one: what was filed under their own subject key is still found.
      create table person_alias (
        alias uuid primary key,
        patient_key uuid not null,
        subject_key text collate "C" not null,
        actor text not null,
        at timestamptz not null default clock_timestamp()
      );
      create index person_alias_patient on person_alias (patient_key);

      -- Identifiers un-linked from a person, and to whom they went.
      create table identity_move (
        system text not null,
        value text not null,
        from_key uuid not null,
        to_key uuid not null,
        actor text not null,
        at timestamptz not null default clock_timestamp()
      );

      -- By the identifier under which it was told: an un-linked identifier takes what it told along.
      create table demographics (
        system text not null,
        value text not null,
        patient_key uuid not null,
        told jsonb not null,
        blocks text[] not null,
        updated_at timestamptz not null default clock_timestamp(),
        primary key (system, value)
      );
      create index demographics_patient on demographics (patient_key);
      -- Searches must not read a list of what was not sorted in yet.
      create index demographics_blocks on demographics using gin (blocks) with (fastupdate = off);

      -- One for each person who is not matched at a destination. open, not-sure, new, linked.
      create table match_case (
        id bigint generated always as identity primary key,
        destination text not null,
        patient_key uuid not null,
        state text not null default 'open',
        opened_at timestamptz not null default clock_timestamp(),
        changed_at timestamptz not null default clock_timestamp(),
        decided_by text,
        decided_at timestamptz,
        unique (destination, patient_key)
      );
      create index match_case_waiting on match_case (id) where state in ('open', 'not-sure', 'new');
      create index match_case_patient on match_case (patient_key);

      create table match_candidate (
        case_id bigint not null references match_case on delete cascade,
        -- From 1, in the order in which they were found; a candidate keeps its number.
        number int not null,
        -- person:<key> or chart:<reference>
        target text not null,
        patient_key uuid,
        reference text,
        mrn text,
        told jsonb not null,
        class text not null,
        score real not null,
        features jsonb not null,
        doubts text[] not null,
        rejected_by text,
        -- Found at the last look.
        current boolean not null default true,
        primary key (case_id, number),
        unique (case_id, target)
      );
      create index match_candidate_patient on match_candidate (patient_key) where patient_key is not null;

      create index ehr_patient_reference on ehr_patient (destination, reference);
    `.execute(db);
  },
  async down(db) {
    await sql`drop index ehr_patient_reference`.execute(db);
    await sql`drop table match_candidate, match_case, demographics, identity_move, person_alias`.execute(db);
    await sql`alter table patient drop column other_dobs, drop column review`.execute(db);
  },
};
