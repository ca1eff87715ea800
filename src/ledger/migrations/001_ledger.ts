/**
 * The ledger's tables. What is heavy and ages out (payload, attempt, event) is partitioned by time and pruned by
 * dropping partitions; what stays (message, record, link) is small. Rows that change often leave room for HOT updates.
 */
import { type Kysely, sql } from 'kysely';

export const ledger001 = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create sequence message_id_seq;

      create table patient (
        key uuid primary key,
        dob text,
        created_at timestamptz not null default clock_timestamp()
      );

      -- Every identifier by which somebody calls a person: 'mrn', or 'source:<name>'.
      create table identity (
        system text not null,
        value text not null,
        patient_key uuid not null references patient,
        primary key (system, value)
      );
      create index identity_patient on identity (patient_key);

      -- Which Patient of an EHR a person is.
      create table ehr_patient (
        destination text not null,
        patient_key uuid not null references patient,
        reference text not null,
        display text,
        matched_at timestamptz not null default clock_timestamp(),
        primary key (destination, patient_key)
      );

      create table message (
        id bigint primary key,
        source text not null,
        record_id text,
        version bigint,
        content_hash text,
        kind text not null,
        format text not null,
        content_type text not null,
        patient_key uuid,
        -- The identifiers the sender gave: a retry can recognise the person again.
        identifiers jsonb,
        occurred_at timestamptz,
        recorded_at timestamptz,
        received_at timestamptz not null,
        raw_sha256 bytea not null,
        raw_size int not null,
        state text not null,
        cause text,
        duplicate_of bigint,
        replaced_by bigint,
        -- The record that a void or an amendment is about.
        target_record text,
        actor text not null,
        changed_at timestamptz not null default clock_timestamp()
      ) with (fillfactor = 80);
      create index message_open on message (state, id) where state in ('received', 'held', 'failed', 'voided');
      create index message_cause on message (cause, id) where cause is not null;
      create index message_record on message (source, record_id, id);
      create index message_patient on message (patient_key, id) where patient_key is not null;
      create index message_target on message (source, target_record, id) where target_record is not null;
      create index message_received on message using brin (received_at) with (autosummarize = on);

      -- The natural key: one row for each record at its source, pointing to the version that counts.
      create table record (
        source text not null,
        record_id text not null,
        latest_message bigint,
        latest_version bigint,
        latest_hash text,
        patient_key uuid,
        -- Raised when an edit moves the record to another person: its resources are then new ones.
        generation int not null default 1,
        voided_by bigint,
        primary key (source, record_id)
      ) with (fillfactor = 80);

      create table payload (
        message_id bigint not null,
        received_at timestamptz not null,
        body bytea not null,
        primary key (message_id, received_at)
      ) partition by range (received_at);
      create table payload_default partition of payload default;
      -- Payloads of unfinished messages outlive their partition here.
      create table payload_kept (message_id bigint primary key, body bytea not null);

      create table event (
        message_id bigint not null,
        at timestamptz not null default clock_timestamp(),
        state text not null,
        cause text,
        detail text,
        issues jsonb,
        actor text not null
      ) partition by range (at);
      create index event_message on event (message_id, at);
      create table event_default partition of event default;

      create table delivery (
        message_id bigint not null,
        destination text not null,
        lane uuid not null,
        state text not null,
        attempts int not null default 0,
        -- Workers that died with it in hand, in a row.
        deaths int not null default 0,
        -- Something of it may stand in the destination without our knowing: holds until the delivery is settled.
        doubt boolean not null default false,
        first_attempt_at timestamptz,
        due_at timestamptz,
        cause text,
        primary key (message_id, destination)
      ) with (fillfactor = 80);
      create index delivery_pending on delivery (destination, lane, message_id) where state in ('due', 'filing');
      create index delivery_stopped on delivery (destination, lane, message_id) where state in ('held', 'failed');

      -- A lane is (destination, patient). due_at: when somebody must look at it next; while a worker holds the lease
      -- it is the end of that lease. changes: counts what came in, so that a worker cannot overlook an arrival.
      create table lane (
        destination text not null,
        patient_key uuid not null,
        due_at timestamptz,
        changes bigint not null default 0,
        lease_token bigint not null default 0,
        worker text,
        primary key (destination, patient_key)
      ) with (fillfactor = 60);
      create index lane_due on lane (destination, due_at) where due_at is not null;

      create table attempt (
        message_id bigint not null,
        destination text not null,
        number int not null,
        started_at timestamptz not null,
        duration_ms int not null,
        mapping_version text,
        result text not null,
        detail text,
        -- gzip of the JSON of the exchanges: request and answer, whole.
        exchanges bytea not null
      ) partition by range (started_at);
      create index attempt_message on attempt (message_id, started_at);
      create table attempt_default partition of attempt default;

      create table link (
        destination text not null,
        artifact text collate "C" not null,
        message_id bigint not null,
        source text not null,
        record_id text,
        patient_key uuid not null,
        resource_type text not null,
        reference text not null,
        version_id text,
        action text not null,
        tier text not null,
        owned text[] not null,
        at timestamptz not null default clock_timestamp(),
        primary key (destination, artifact, message_id)
      );
      create index link_message on link (message_id);
      create index link_record on link (source, record_id);
      create index link_reference on link (destination, reference);

      create table destination (
        id text primary key,
        paused boolean not null default false,
        reason text,
        since timestamptz not null default clock_timestamp()
      );

      create table audit (
        id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        actor text not null,
        action text not null,
        message_id bigint,
        detail text
      );
      create index audit_message on audit (message_id) where message_id is not null;
      create index audit_at on audit using brin (at);
    `.execute(db);
  },
};
