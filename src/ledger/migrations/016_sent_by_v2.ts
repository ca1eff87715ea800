/** What of a link a later HL7 v2 message must repeat (core/model.ts, SentByV2). */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const sentByV2016: Migration = {
  async up(db) {
    await sql`alter table link add column sent jsonb`.execute(db);
  },
  async down(db) {
    await sql`alter table link drop column sent`.execute(db);
  },
};
