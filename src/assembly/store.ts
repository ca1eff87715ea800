/** The ledger, opened: the embedded Postgres or the configured one, with its schema up to date. */
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports.ts';
import { type Database, openDatabase } from '../ledger/database.ts';
import { migrate } from '../ledger/migrate.ts';
import { startEmbedded } from '../postgres/embedded.ts';

export type Store = Database & {
  readonly migrated: readonly string[];
  /** What an operator should know: where the data went, what was made. */
  readonly notices: readonly string[];
  readonly embedded: boolean;
};

/** Rejects with an error that says what to do (EmbeddedPostgresError, or that of the connection). */
export async function openStore(
  config: Pick<Config, 'database' | 'dataDir'>,
  log: Log,
  connections = 12,
): Promise<Store> {
  const embedded =
    config.database.kind === 'embedded' ? await startEmbedded({ dataDir: config.dataDir, log }) : undefined;
  const url = config.database.kind === 'url' ? config.database.url : (embedded?.url ?? '');
  const database = openDatabase({ url, connections, log });
  try {
    return {
      ...database,
      migrated: await migrate(database.db),
      notices: embedded?.notices ?? [],
      embedded: embedded !== undefined,
      close: async () => {
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await database.close();
    await embedded?.stop();
    throw error;
  }
}
