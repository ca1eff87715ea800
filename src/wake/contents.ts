/** Everything BullMQ keeps on the ledger's Postgres, as text: for the proof that it holds no patient's data. */
import { Client } from 'pg';

/** One row of one table a line. Rejects when the server does not answer. */
export async function queueContents(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  // The query that meets it tells.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 'bullmq%' or tablename like 'bullmq%'`,
    );
    const lines: string[] = [];
    for (const { name } of rows) {
      const found = await client.query<{ line: string }>(`select to_jsonb(t)::text as line from ${name} as t`);
      lines.push(...found.rows.map(({ line }) => `${name} ${line}`));
    }
    return lines.join('\n');
  } finally {
    await client.end();
  }
}
