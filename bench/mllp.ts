/**
 * Laboratory results by the HL7 v2 door: how fast they are acknowledged, and how fast they stand in the EHR; beside a
 * bare loop from MLLP to HTTP that keeps nothing, in the same run, with the same messages and an EHR of the same kind.
 */
import { loadavg } from 'node:os';
import { Client } from 'pg';
import { measure, type Measured, row } from './load.ts';
import { startBareLoop } from './mllp/bare-loop.ts';
import { authority, type Corpus, corpus, facility } from './mllp/corpus.ts';
import { mrnSystem, startEhr } from './mllp/ehr.ts';
import { openConnection } from './mllp/sender.ts';
import { cpuSeconds, freshSite, postgresCpuSeconds, residentMb, startTejido, type Tejido, until } from './stack.ts';

export type MllpOptions = {
  /** Length of each measurement of the door. */
  readonly seconds: number;
  /** Messages that are filed end to end. */
  readonly count: number;
  readonly patients: number;
  readonly connections: readonly number[];
  readonly env?: Record<string, string>;
  readonly print: (line: string) => void;
};

/** The connections of the aims. */
const usual = 8;

export async function benchMllp(options: MllpOptions): Promise<void> {
  const { patients, print } = options;
  const site = await freshSite();
  const [ehr, bareEhr] = [await startEhr(patients), await startEhr(patients)];
  try {
    const tejido = await startTejido(site, {
      ehr: ehr.url,
      mrnSystem,
      configuration: [
        'mllp:',
        '  senders:',
        `    - { name: bench, match: { facility: ${facility} }, mrnAuthorities: [${authority}], timeZone: America/Chicago }`,
      ],
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const port = tejido.mllpPort;
    const ledger = await openLedger(tejido);
    print(
      `mllp · ${bytesOf(corpus(patients, 'X'))} bytes a message, ${patients} patients, load ${loadavg()[0]?.toFixed(1) ?? '?'}`,
    );

    const loop = await startBareLoop(bareEhr.url);
    await run(loop.port, corpus(patients, 'W'), { connections: usual, count: 500 });
    const bareCpu = await cpuSeconds(loop.pid);
    const bare = await timed(loop.port, corpus(patients, 'B'), usual, options.seconds);
    const bareMs = (((await cpuSeconds(loop.pid)) - bareCpu) * 1_000) / bare.count;
    print(row(`  bare loop, ${usual} connections`, bare));
    print(`  bare loop: ${bareMs.toFixed(2)} ms of CPU a message`);
    await loop.stop();

    // Warm: patients matched, code compiled, the EHR's habits learnt.
    await run(port, corpus(patients, 'V'), { connections: usual, count: Math.max(patients, 500) });
    await ledger.settled();

    await ledger.pause(true);
    for (const connections of options.connections) {
      const door = await timed(port, corpus(patients, `D${connections}C`), connections, options.seconds);
      const aim = connections === usual ? '   (aim 2000/s, p99 20 ms)' : '';
      print(row(`  acknowledged, ${connections} connections`, door) + aim);
    }
    await ledger.pause(false);
    await ledger.settled();

    const before = { node: await cpuSeconds(tejido.pid), postgres: await ledger.cpu(), filed: await ledger.filed() };
    const began = performance.now();
    await run(port, corpus(patients, 'E'), { connections: usual, count: options.count });
    const accepted = performance.now() - began;
    await ledger.settled();
    const seconds = (performance.now() - began) / 1_000;
    const filed = (await ledger.filed()) - before.filed;
    if (filed !== options.count) throw new Error(`${filed} of ${options.count} are filed.`);
    const ms = (used: number): string => ((used * 1_000) / filed).toFixed(2);
    const perSecond = filed / seconds;
    print(
      `  end to end: ${perSecond.toFixed(0)}/s filed (aim 800), accepted in ${(accepted / 1_000).toFixed(1)} of ${seconds.toFixed(1)} s`,
    );
    print(
      `  CPU a message: ${ms((await cpuSeconds(tejido.pid)) - before.node)} ms (Node; aim 1), ${ms((await ledger.cpu()) - before.postgres)} ms (Postgres)`,
    );
    print(`  resident memory ${(await residentMb(tejido.pid)).toFixed(0)} MB (aim 250)`);
    print(`  ratio to the bare loop: ${(perSecond / bare.perSecond).toFixed(2)}`);
    print(`  stands in the EHR: ${JSON.stringify(await ehr.count())}\n`);
    await ledger.close();
    await tejido.stop();
  } finally {
    await ehr.stop();
    await bareEhr.stop();
    await site.remove();
  }
}

const bytesOf = (of: Corpus): number => Buffer.byteLength(of.message(1));

async function timed(port: number, of: Corpus, connections: number, seconds: number): Promise<Measured> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const free = [...open];
  let n = 0;
  const measured = await measure(connections, seconds * 1_000, async () => {
    const mine = free.pop();
    if (mine === undefined) throw new Error('More in flight than connections.');
    const which = (n += 1);
    expectAccepted(await mine.send(of.message(which), of.controlId(which)));
    free.push(mine);
  });
  for (const one of open) one.close();
  return measured;
}

/** So many messages, one in flight on each connection; those of one patient one after another, over one connection. */
async function run(port: number, of: Corpus, options: { readonly connections: number; readonly count: number }) {
  const { connections, count } = options;
  await Promise.all(
    Array.from({ length: connections }, async (_, mine) => {
      const connection = await openConnection(port);
      for (let n = 0; n < count; n += 1)
        if ((n % of.patients) % connections === mine)
          expectAccepted(await connection.send(of.message(n), of.controlId(n)));
      connection.close();
    }),
  );
}

function expectAccepted(code: string): void {
  if (code !== 'AA') throw new Error(`The door answered ${code}.`);
}

async function openLedger(tejido: Tejido) {
  const client = new Client(tejido.databaseUrl);
  await client.connect();
  const one = async (text: string): Promise<number> => (await client.query<{ n: number }>(text)).rows[0]?.n ?? 0;
  const backend = await one('select pg_backend_pid() as n');
  return {
    filed: () => one(`select count(*)::int as n from message where state = 'filed'`),
    cpu: () => postgresCpuSeconds(backend),
    settled: () =>
      until(
        'all is filed',
        async () =>
          (await one(
            `select ((select count(*) from hl7_intake) + (select count(*) from message where state in ('received', 'held', 'failed')))::int as n`,
          )) === 0,
        600_000,
      ),
    pause: (paused: boolean) =>
      client.query(
        `insert into destination (id, paused) values ('ehr', $1) on conflict (id) do update set paused = excluded.paused`,
        [paused],
      ),
    close: () => client.end(),
  };
}
