/** Brings the schema up to date. Safe to run twice and at once: Kysely's migrator holds an advisory lock. */
import { type Migration, Migrator } from 'kysely/migration';
import type { Db } from './database.ts';
import { ledger001 } from './migrations/001_ledger.ts';
import { keys002 } from './migrations/002_keys.ts';
import { maps003 } from './migrations/003_maps.ts';
import { people004 } from './migrations/004_people.ts';
import { facts005 } from './migrations/005_facts.ts';
import { rosters006 } from './migrations/006_rosters.ts';
import { disclosures007 } from './migrations/007_disclosures.ts';
import { escalations009 } from './migrations/009_escalations.ts';
import { changes011 } from './migrations/011_changes.ts';
import { heal010 } from './migrations/010_heal.ts';
import { worklist008 } from './migrations/008_worklist.ts';
import { intake012 } from './migrations/012_intake.ts';
import { labs013 } from './migrations/013_labs.ts';
import { labAlarms015 } from './migrations/015_lab_alarms.ts';
import { labNotices014 } from './migrations/014_lab_notices.ts';
import { sentByV2016 } from './migrations/016_sent_by_v2.ts';
import { ensurePartitions } from './partitions.ts';

const migrations: Record<string, Migration> = {
  '001_ledger': ledger001,
  '002_keys': keys002,
  '003_maps': maps003,
  '004_people': people004,
  '005_facts': facts005,
  '006_rosters': rosters006,
  '007_disclosures': disclosures007,
  '009_escalations': escalations009,
  '010_heal': heal010,
  '011_changes': changes011,
  '008_worklist': worklist008,
  '012_intake': intake012,
  '013_labs': labs013,
  '014_lab_notices': labNotices014,
  '015_lab_alarms': labAlarms015,
  '016_sent_by_v2': sentByV2016,
};

/** Returns the names of the migrations that were run now. */
export async function migrate(db: Db): Promise<readonly string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('The migration of the ledger failed.');
  await ensurePartitions(db);
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
}
