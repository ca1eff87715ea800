/** Alarms of laboratory results: messages about one result may come in any order. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const labAlarms015: Migration = {
  async up(db) {
    await sql`
      -- When what it shows was reported; what was reported before changes nothing. Null: versions come in order.
      alter table escalation add column as_of timestamptz;
    `.execute(db);
  },
  async down(db) {
    await sql`alter table escalation drop column as_of`.execute(db);
  },
};
