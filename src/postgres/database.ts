/** The first connection: that the server is ours, takes our password, and has Tejido's database. */
import { realpath } from 'node:fs/promises';
import { Client } from 'pg';
import { roleName } from './cluster.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';

/** SQLSTATE of a database that another process made a moment ago. */
const alreadyMade = new Set(['42P04', '23505']);

/**
 * @throws EmbeddedPostgresError `password`, `in-use` (another cluster answers on this port), `disk-full`.
 */
export async function ensureDatabase(of: { port: number; password: string; clusterDir: string }): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port: of.port,
    user: roleName,
    password: of.password,
    database: 'postgres',
    connectionTimeoutMillis: 10_000,
  });
  // The server may die while we are connected; the query then rejects, and that is enough.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string; found: boolean }>(
      `select current_setting('data_directory') as folder, exists (select from pg_database where datname = $1) as found`,
      [roleName],
    );
    const [row] = rows;
    if (!row || (await realpath(row.folder)) !== of.clusterDir) {
      throw new EmbeddedPostgresError(
        'in-use',
        `Another Postgres answers on port ${of.port} of 127.0.0.1, not the one of ${of.clusterDir}.`,
      );
    }
    if (!row.found) await client.query(`create database ${roleName} template template0`);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    const code = errnoOf(error) ?? '';
    if (alreadyMade.has(code)) return;
    throw refused(code, of, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function refused(code: string, of: { port: number; clusterDir: string }, error: unknown): EmbeddedPostgresError {
  const on = `The Postgres on ${of.clusterDir} (port ${of.port})`;
  if (code === '28P01' || code === '28000') {
    return new EmbeddedPostgresError(
      'password',
      `${on} does not take the password of postgres.json. Restore that file from a backup; or stop every Tejido of this data ` +
        'folder and start one: it then sets the password anew.',
      error,
    );
  }
  if (code === '53100')
    return new EmbeddedPostgresError('disk-full', `${on} has no room to write. Free some space.`, error);
  // Starting up, shutting down, too many connections, or gone again: worth another try.
  return new EmbeddedPostgresError(
    'in-use',
    `${on} does not take connections now (${code || 'no answer'}). Try again.`,
    error,
  );
}
