/** What was deleted in the EHR is filed anew only when somebody decided so. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const heal010: Migration = {
  async up(db) {
    await sql`alter table delivery add column anew boolean not null default false`.execute(db);
  },
  async down(db) {
    await sql`alter table delivery drop column anew`.execute(db);
  },
};
