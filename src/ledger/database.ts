/** Opens the ledger's Postgres. Every connection waits for fsync at commit, whatever the server's default says. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, types as pgTypes } from 'pg';
import type { Log } from '../core/ports.ts';

// bigint ids stay strings (MessageId); counts are cast to int in SQL.
const types = { getTypeParser: pgTypes.getTypeParser };

/** The ledger is queried in SQL text: rows are typed where they are read. */
export type Db = Kysely<Record<string, never>>;

export type Database = { readonly db: Db; readonly pool: Pool; readonly url: string; close(): Promise<void> };

/** `connections`: the most this process opens. A statement may take 30 s, a connection attempt 5 s. */
export function openDatabase(options: { url: string; connections?: number; log: Log }): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
    application_name: 'tejido',
    // Short statements only: compiling them would cost more than it saves.
    options: '-c synchronous_commit=on -c jit=off',
    // Statements of one transaction that do not wait for each other leave together.
    pipeline: true,
    types,
  });
  pool.on('error', (error) => options.log('warn', 'ledger.connection-lost', { error }));
  // A connection that breaks while it is in use says so to its query; unheard by itself it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
  return { db, pool, url: options.url, close: () => db.destroy() };
}

const storageCodes = new Set(['53100', '58030', '53200', '57P01', '57P02', '57P03', '08006', '08001', '25006']);

/** A door answers 503 (AE) on it: nothing was accepted; the sender tries again. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';
  readonly code: string;
  constructor(code: string, options?: { cause?: unknown }) {
    super(
      code === '53100'
        ? 'The disk that holds the ledger is full. Nothing was accepted. Make room; Tejido goes on by itself.'
        : 'The ledger cannot commit now. Nothing was accepted. Try again.',
      options,
    );
    this.code = code;
  }
}

/** Every error of the storage becomes a LedgerUnavailable with the SQLSTATE or the socket's code; no SQL text in it. */
export function asLedgerUnavailable(error: unknown): LedgerUnavailable {
  if (error instanceof LedgerUnavailable) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  return new LedgerUnavailable(code, { cause: storageCodes.has(code) ? undefined : error });
}

/** Whether the ledger commits a write now, answered within 2 s. */
export async function ledgerWritable(db: Db): Promise<boolean> {
  const write = sql`insert into destination (id, paused) values ('ledger-probe', false)
    on conflict (id) do update set since = clock_timestamp()`
    .execute(db)
    .then(() => true)
    .catch(() => false);
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), 2_000).unref();
  });
  return Promise.race([write, late]);
}
