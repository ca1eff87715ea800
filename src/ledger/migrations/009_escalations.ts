/** Red flags of accepted records, and who was told when. No value and no text of a patient: those stay in the message. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const escalations009: Migration = {
  async up(db) {
    await sql`
      create table escalation (
        -- Random: it leaves the house by the alternate route.
        id uuid primary key,
        source text not null,
        record_id text not null,
        code text not null,
        -- The version of the record that shows it.
        message_id bigint not null,
        -- Key of the item its Task is made of; empty: the activity itself.
        item text not null,
        severity text not null,
        restricted boolean not null,
        patient_key uuid,
        observed_at timestamptz,
        state text not null,
        level int not null,
        pool text not null,
        opened_at timestamptz not null,
        -- When the time of the level ends.
        due_at timestamptz,
        -- When the alternate route is due, until that is decided.
        alternate_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by text,
        acknowledged_role text,
        resolved_at timestamptz,
        cancelled_at timestamptz,
        cancel_reason text,
        -- When its Task was last looked at in the EHR.
        looked_at timestamptz,
        -- A newer version with the same flag is the same escalation.
        unique (source, record_id, code)
      ) with (fillfactor = 70);
      create index escalation_running on escalation (due_at) where state in ('open', 'notified');
      create index escalation_looked on escalation (looked_at nulls first) where state in ('open', 'notified', 'acknowledged');
      create index escalation_message on escalation (message_id);
      create index escalation_opened on escalation (opened_at);

      create table escalation_event (
        escalation_id uuid not null references escalation on delete cascade,
        at timestamptz not null,
        state text not null,
        level int not null,
        pool text not null,
        actor text not null,
        detail text
      );
      create index escalation_event_of on escalation_event (escalation_id, at);

      -- What the alternate route has to carry: at least once.
      create table escalation_notice (
        id uuid primary key default gen_random_uuid(),
        escalation_id uuid not null references escalation on delete cascade,
        kind text not null,
        level int not null,
        pool text not null,
        state text not null default 'due',
        attempts int not null default 0,
        due_at timestamptz,
        created_at timestamptz not null
      ) with (fillfactor = 70);
      create index escalation_notice_due on escalation_notice (due_at) where state = 'due';
      create index escalation_notice_of on escalation_notice (escalation_id);
      create table escalation_attempt (
        notice_id uuid not null references escalation_notice on delete cascade,
        number int not null,
        at timestamptz not null,
        duration_ms int not null,
        status int,
        result text not null,
        primary key (notice_id, number)
      );

      -- Records whose flags can only be told from several messages: an amendment, a version let through by a person.
      create table escalation_recheck (
        source text not null,
        record_id text not null,
        message_id bigint not null,
        primary key (source, record_id)
      );
    `.execute(db);
  },
  async down(db) {
    await sql`drop table escalation_recheck, escalation_attempt, escalation_notice, escalation_event, escalation`.execute(
      db,
    );
  },
};
