/** A migrated ledger on a fresh database, and incoming items to put into it. */
import { createHash } from 'node:crypto';
import type { DestinationId } from '../../src/core/model.ts';
import type { Incoming } from '../../src/core/ports.ts';
import { createAcceptor, type Acceptor } from '../../src/ledger/accept.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { freshDatabase } from '../support/postgres.ts';
import { policy } from '../support/red-flags.ts';

export const ehr = 'ehr' as DestinationId;

export type TestLedger = Database & { readonly acceptor: Acceptor; end(): Promise<void> };

export async function aLedger(): Promise<TestLedger> {
  const fresh = await freshDatabase();
  const database = openDatabase({ url: fresh.url, log: () => undefined });
  await migrate(database.db);
  return {
    ...database,
    acceptor: createAcceptor({
      pool: database.pool,
      destinations: [ehr],
      escalation: policy,
      onAccepted: () => undefined,
    }),
    end: async () => {
      await database.close();
      await fresh.drop();
    },
  };
}

/** One activity as the door hands it over; `content` stands for what the hash is over. */
export function anItem(
  given: Partial<Incoming> & { recordId?: string; version?: number; content?: string } = {},
): Incoming {
  const { recordId = 'r1', version = 1, content = `${recordId} v${String(version)}`, ...more } = given;
  return {
    raw: Buffer.from(content),
    contentType: 'application/json',
    source: 'app',
    format: 'activity',
    kind: 'contact.phone',
    actor: 'test',
    record: { id: recordId, version, contentHash: createHash('sha256').update(content).digest('hex') },
    patient: { source: 'app', sourcePatientId: 'p1', mrn: 'M1', dob: '1961-03-02' },
    ...more,
  };
}
