/** One at a time over all processes: a session lock of the ledger's Postgres, which dies with its connection. */
import type pg from 'pg';

/** Runs `run` unless it runs already somewhere; then it does nothing. Returns whether it ran. */
export async function runAlone(pool: pg.Pool, name: string, run: () => Promise<void>): Promise<boolean> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock(hashtext($1)) as mine', [
      `tejido.${name}`,
    ]);
    if (rows[0]?.mine !== true) return false;
    try {
      await run();
    } finally {
      await client.query('select pg_advisory_unlock(hashtext($1))', [`tejido.${name}`]).catch((error: unknown) => {
        // A connection that may still hold the lock must not go back to the pool.
        broken = error instanceof Error ? error : new Error('unlock');
      });
    }
    return true;
  } finally {
    client.release(broken);
  }
}
