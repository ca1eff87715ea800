/** How fast the door accepts, beside raw committed INSERTs of the same bytes into the same Postgres, same concurrency. */
import { Client, Pool as PgPool } from 'pg';
import { Pool } from 'undici';
import { activity } from './activities.ts';
import { measure, row } from './load.ts';
import { startBareDoor } from './bare-door.ts';
import { freshSite, key, startTejido } from './stack.ts';

export async function benchAccept(options: {
  readonly seconds: number;
  readonly env?: Record<string, string>;
}): Promise<void> {
  const site = await freshSite();
  try {
    // The destination is paused: only accepting is measured.
    const tejido = await startTejido(site, options.env === undefined ? {} : { env: options.env });
    const client = new Client(tejido.databaseUrl);
    await client.connect();
    await client.query(
      `insert into destination (id, paused, reason) values ('ehr', true, 'bench') on conflict (id) do update set paused = true`,
    );
    await client.query(
      'create table bench_raw (id bigint generated always as identity primary key, body bytea not null)',
    );
    console.log(
      `accept · ${String(Buffer.byteLength(activity(1, 500)))} bytes an activity · ready in ${tejido.readyMs.toFixed(0)} ms`,
    );
    let n = 0;
    const bareDoor = await startBareDoor();
    for (const clients of [1, 8, 64]) {
      const raw = new PgPool({ connectionString: tejido.databaseUrl, max: clients });
      const http = new Pool(tejido.url, { connections: clients, pipelining: 1 });
      const insert = async (): Promise<void> => {
        n += 1;
        await raw.query({
          name: 'raw',
          text: 'insert into bench_raw (body) values ($1)',
          values: [Buffer.from(activity(n, 500))],
        });
      };
      const bare = new Pool(bareDoor.url, { connections: clients, pipelining: 1 });
      const postTo = async (door: Pool): Promise<void> => {
        n += 1;
        const answer = await door.request({
          path: '/v1/activities',
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: activity(n, 500),
        });
        await answer.body.dump();
        if (answer.statusCode !== 202) throw new Error(`The door answered ${String(answer.statusCode)}.`);
      };
      const post = (): Promise<void> => postTo(http);
      await measure(clients, 1_000, insert);
      await measure(clients, 1_500, post);
      const empty = await measure(clients, 2_000, () => postTo(bare));
      console.log(row(`  an empty Express door, ${String(clients)} clients`, empty));
      const rows: { raw: number; door: number }[] = [];
      for (let round = 0; round < 2; round += 1) {
        const baseline = await measure(clients, (options.seconds / 2) * 1_000, insert);
        const door = await measure(clients, (options.seconds / 2) * 1_000, post);
        console.log(row(`  raw INSERTs, ${String(clients)} clients`, baseline));
        console.log(row(`  POST /v1/activities, ${String(clients)} clients`, door));
        rows.push({ raw: baseline.perSecond, door: door.perSecond });
      }
      const ratio = rows.reduce((sum, one) => sum + one.door, 0) / rows.reduce((sum, one) => sum + one.raw, 0);
      console.log(`  ratio at ${String(clients)} clients: ${ratio.toFixed(2)} (aim 0.5)\n`);
      await raw.end();
      await http.close();
      await bare.close();
    }
    await bareDoor.stop();
    await client.end();
    await tejido.stop();
  } finally {
    await site.remove();
  }
}
