/** One connection, one transaction: committed when `work` resolves, rolled back when it rejects. */
import type pg from 'pg';

export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: unknown;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = error;
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    // An error without SQLSTATE is one of the connection: do not use it again.
    const ofConnection = broken instanceof Error && !('code' in broken) ? broken : undefined;
    client.release(ofConnection);
  }
}
