/** Whether a message costs the same when a hundred thousand wait as when a thousand do, and what the process weighs then. */
import { Client } from 'pg';
import { Pool } from 'undici';
import { activity } from './activities.ts';
import { cpuSeconds, freshSite, key, residentMb, startTejido } from './stack.ts';

export async function benchBacklog(options: {
  readonly steps: readonly number[];
  readonly env?: Record<string, string>;
}): Promise<void> {
  const site = await freshSite();
  try {
    const tejido = await startTejido(site, options.env === undefined ? {} : { env: options.env });
    const client = new Client(tejido.databaseUrl);
    await client.connect();
    await client.query(
      `insert into destination (id, paused, reason) values ('ehr', true, 'bench') on conflict (id) do update set paused = true`,
    );
    const http = new Pool(tejido.url, { connections: 4 });
    console.log('backlog · accepted in arrays of 500, 4,000 patients');
    let sent = 0;
    for (const step of options.steps) {
      const [before, beganAt, from] = [await cpuSeconds(tejido.pid), performance.now(), sent];
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          while (sent < step) {
            const items = Array.from({ length: Math.min(500, step - sent) }, (_, k) => activity(sent + k, 4_000));
            sent += items.length;
            const answer = await http.request({
              path: '/v1/activities',
              method: 'POST',
              headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
              body: `[${items.join(',')}]`,
            });
            await answer.body.dump();
            if (answer.statusCode !== 202) throw new Error(`The door answered ${String(answer.statusCode)}.`);
          }
        }),
      );
      const count = sent - from;
      const seconds = (performance.now() - beganAt) / 1_000;
      const cpu = ((await cpuSeconds(tejido.pid)) - before) / count;
      const claim = await claimMs(client);
      console.log(
        `  to ${String(step).padStart(6)}: ${(count / seconds).toFixed(0).padStart(5)}/s · ${(cpu * 1e6).toFixed(0)} µs of CPU a message (Node) · claim of 8 lanes ${claim.toFixed(2)} ms · ${(await residentMb(tejido.pid)).toFixed(0)} MB (aim 300)`,
      );
    }
    await http.close();
    await client.end();
    await tejido.stop();
  } finally {
    await site.remove();
  }
}

/** The read that a worker's claim begins with, median of 50. */
async function claimMs(client: Client): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 50; n += 1) {
    const began = performance.now();
    await client.query(`select l.patient_key, d.message_id from
      (select patient_key from lane where destination = 'ehr' and due_at <= clock_timestamp() order by due_at limit 8) l
      cross join lateral (select message_id from delivery where destination = 'ehr' and lane = l.patient_key
        and state in ('due', 'filing') order by message_id limit 8) d`);
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[25] ?? Number.NaN;
}
