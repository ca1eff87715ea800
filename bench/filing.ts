/** How fast accepted activities stand in the EHR, beside a bare HTTP loop that posts the same bundles to the same sink. */
import { spawn } from 'node:child_process';
import { Client } from 'pg';
import { Pool } from 'undici';
import { activity } from './activities.ts';
import { cpuSeconds, ended, freePort, freshSite, key, postgresCpuSeconds, startTejido, until } from './stack.ts';

const patients = 200;

async function startSink(): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['src/sandbox/server.ts', '--port', String(port), '--patients', String(patients)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const url = `http://127.0.0.1:${String(port)}/fhir`;
  await until('the sink is ready', async () => (await fetch(`${url}/metadata`)).ok);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

async function send(url: string, count: number, first = 0): Promise<void> {
  const http = new Pool(url, { connections: 4 });
  for (let from = 0; from < count; from += 500) {
    const items = Array.from({ length: Math.min(500, count - from) }, (_, k) => activity(first + from + k, patients));
    const answer = await http.request({
      path: '/v1/activities',
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: `[${items.join(',')}]`,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 202)
      throw new Error(`The door answered ${String(answer.statusCode)}: ${text.slice(0, 300)}`);
  }
  await http.close();
}

/** `count` activities of 200 patients; 8 lanes at once, as the default is; the bare loop has 8 requests in flight too. */
export async function benchFiling(options: {
  readonly count: number;
  readonly env?: Record<string, string>;
}): Promise<void> {
  const site = await freshSite();
  const [sink, bareSink] = [await startSink(), await startSink()];
  try {
    const tejido = await startTejido(site, {
      ehr: sink.url,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const client = new Client(tejido.databaseUrl);
    await client.connect();
    const filed = async (): Promise<number> => {
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from message where state = 'filed'`,
      );
      return rows[0]?.n ?? 0;
    };
    // Warm: patients matched, code compiled, the EHR's habits learnt.
    await send(tejido.url, patients);
    await until('the warm-up is filed', async () => (await filed()) === patients);

    await client.query(
      `insert into destination (id, paused) values ('ehr', true) on conflict (id) do update set paused = true`,
    );
    await send(tejido.url, options.count + patients);
    await client.query(`update destination set paused = false where id = 'ehr'`);
    // What arrives wakes the lanes: a pause that ends in the ledger alone is noticed at the next look.
    await send(tejido.url, 1, options.count + patients);
    const before = await filed();
    const { rows: backends } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const backend = backends[0]?.pid ?? 0;
    const cpu = async () => ({ node: await cpuSeconds(tejido.pid), postgres: await postgresCpuSeconds(backend) });
    const cpuBefore = await cpu();
    const began = performance.now();
    await until('all is filed', async () => (await filed()) >= before + options.count, 600_000);
    const filing = options.count / ((performance.now() - began) / 1_000);
    const cpuAfter = await cpu();
    const ms = (seconds: number): string => ((seconds * 1_000) / options.count).toFixed(2);

    const { rows } = await client.query<{ exchanges: Buffer }>(
      `select exchanges from attempt where result = 'filed' order by started_at desc limit ${String(options.count)}`,
    );
    const { gunzipSync } = await import('node:zlib');
    const bodies = rows.flatMap(({ exchanges }) =>
      (JSON.parse(gunzipSync(exchanges).toString()) as { method: string; url: string; requestBody?: string }[])
        .filter((one) => one.method === 'POST' && one.requestBody?.startsWith('{"resourceType":"Bundle"') === true)
        .map((one) => one.requestBody ?? '')
        .slice(0, 1),
    );
    const bare = await bareLoop(bareSink.url, bodies);
    console.log(
      `filing · ${String(options.count)} activities of ${String(patients)} patients, ${String(bodies.length)} bundles for the bare loop`,
    );
    console.log(`  end to end (read, match, gate, map, validate, file, record)  ${filing.toFixed(0)}/s`);
    console.log(
      `  CPU a message: ${ms(cpuAfter.node - cpuBefore.node)} ms (Node), ${ms(cpuAfter.postgres - cpuBefore.postgres)} ms (Postgres)`,
    );
    console.log(`  bare loop, 8 in flight, same bundles, no ledger              ${bare.toFixed(0)}/s`);
    console.log(`  ratio: ${(filing / bare).toFixed(2)} (aim 0.6)\n`);
    await client.end();
    await tejido.stop();
  } finally {
    await sink.stop();
    await bareSink.stop();
    await site.remove();
  }
}

async function bareLoop(url: string, bodies: readonly string[]): Promise<number> {
  const found = (await (await fetch(`${url}/Patient?_count=${String(patients)}`)).json()) as {
    entry: { resource: { id: string } }[];
  };
  if (found.entry.length === 0) throw new Error('The sink has no patients.');
  const http = new Pool(new URL(url).origin, { connections: 8 });
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (;;) {
        const body = bodies[next];
        next += 1;
        if (body === undefined) return;
        const answer = await http.request({
          path: '/fhir',
          method: 'POST',
          headers: { 'content-type': 'application/fhir+json' },
          body,
        });
        const text = await answer.body.text();
        if (answer.statusCode !== 200)
          throw new Error(`The sink answered ${String(answer.statusCode)}: ${text.slice(0, 300)}`);
      }
    }),
  );
  const perSecond = bodies.length / ((performance.now() - began) / 1_000);
  await http.close();
  return perSecond;
}
