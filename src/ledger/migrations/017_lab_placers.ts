/** The placer's number beside the filler's: a laboratory may tell its own only later. Orders are looked up for one person. */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const labPlacers017: Migration = {
  async up(db) {
    await sql`
      alter table lab_version add column placer_value text, add column placer_system text;
      create index lab_version_placer on lab_version (placer_value, patient_key) where placer_value is not null;
      create index lab_version_number on lab_version (order_value, patient_key);
      drop index lab_version_order;
    `.execute(db);
  },
  async down(db) {
    await sql`
      create index lab_version_order on lab_version (order_value);
      drop index lab_version_number;
      drop index lab_version_placer;
    `.execute(db);
    await sql`alter table lab_version drop column placer_value, drop column placer_system`.execute(db);
  },
};
