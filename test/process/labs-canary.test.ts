/** A patient's data in every field of laboratory results, by both doors: none of it comes out where it may not. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { until } from '../../src/prove/until.ts';
import { queueContents } from '../../src/wake/contents.ts';
import { type Ehr, patient, startEhr } from '../connections/support/ehr.ts';
import { aReport, aResult } from '../support/fhir-labs.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

const canary = 'CanarioVerde';
const mrn = 'SYN-10023';
const clean = (text: string): void => {
  expect(text).not.toContain(canary);
  expect(text).not.toContain(canary.toUpperCase());
  expect(text).not.toContain('19610302');
  expect(text).not.toContain('1961-03-02');
  expect(text).not.toContain(mrn);
};

let site: Site;
let lab: Ehr;
/** What the door answered. */
const answers: string[] = [];

/** One block over a connection of its own; what is answered within a moment. */
const transmit = (bytes: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(site.mllpPort, '127.0.0.1', () =>
      socket.write(Buffer.concat([Buffer.of(0x0b), bytes, Buffer.of(0x1c, 0x0d)])),
    );
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      answers.push(text);
      socket.end();
      resolve(/MSA\|(\w\w)/.exec(text)?.[1] ?? text);
    });
    socket.on('error', reject);
  });

/** The canary in every field; `n` keeps them apart. */
const oru = (
  n: number,
  {
    pid3 = `${mrn}^^^SANDBOX^MR`,
    obx = 'OBX|1|NM|4548-4^A1c^LN||7.1|%',
    type = 'ORU^R01',
    obr = `OBR|1|P${String(n)}${canary}|F${String(n)}${canary}|${canary}^${canary}^L`,
  } = {},
): Buffer =>
  // prettier-ignore
  Buffer.from(
    [
      `MSH|^~\\&|${canary}|${canary}|${canary}|${canary}|20260310101500-0600|${canary}|${type}|N${String(n)}|P|2.5.1|||||${canary}`,
      `PID|1|${canary}|${pid3}~${canary}^^^${canary}^XX||${canary}^${canary}||19610302|F|${canary}||Calle ${canary}||${canary}`,
      `PV1|1|${canary}|${canary}|||||${canary}`,
      `${obr}|||20260309083000-0600|||${canary}|||${canary}||${canary}^${canary}||||||20260310101000-0600||CH|F`,
      `NTE|1|${canary}|${canary}`,
      `${obx}|${canary}|${canary}|||F||${canary}|20260309083000-0600|${canary}|${canary}^${canary}`,
      `NTE|1|${canary}|${canary}`,
      `SPM|1|${canary}^${canary}||${canary}^${canary}`,
      `ZZZ|${canary}`,
    ].join('\r'),
  );

beforeAll(async () => {
  [site, lab] = await Promise.all([aSite(), startEhr()]);
  lab.admin.seed([{ ...patient('p1', mrn), name: [{ family: canary, given: [canary] }] }]);
  await site.configure(`
labSources:
  - name: county-lab
    kind: fhir
    baseUrl: ${lab.baseUrl}
    mrnSystems: [urn:example:mrn]
    everyMs: 86400000
    aloneAfterMs: 0
labs: { release: { delayMs: 0, everyMs: 200 } }
`);
  await site.start({ env: { LOG_LEVEL: 'debug' } });
  await site.ask('/sandbox/fhir/$sandbox/faults', {
    method: 'PUT',
    body: [
      { fault: 'status', value: 500, times: 2 },
      { fault: 'drop-after-commit', times: 2, on: 'write' },
      { fault: 'half-response', times: 1 },
      { fault: 'html-200', times: 1 },
    ],
  });
  const unreadable = Buffer.concat([oru(90), Buffer.from(`\r${canary}\u0001`)]);
  const blocks: readonly (readonly [Buffer, string])[] = [
    [oru(1), 'AA'],
    [oru(2, { pid3: `${canary}^^^${canary}^MR` }), 'AA'],
    [oru(3, { obx: `OBX|1|CWE|56888-1^HIV^LN||${canary}^${canary}^L|` }), 'AA'],
    [oru(4, { obx: `OBX|1|NM|2823-3^K^LN||1.1|mmol/L` }), 'AA'],
    [oru(5, { obx: `OBX|1|ED|11502-2^${canary}^LN||${canary}^${canary}^PDF^Base64^!!${canary}|` }), 'AA'],
    [oru(6, { obr: `OBR|${canary}` }), 'AA'],
    [oru(7, { type: `${canary}^${canary}` }), 'AA'],
    [oru(8, { pid3: `1^^^SANDBOX^MR~2^^^SANDBOX^MR` }), 'AA'],
    [unreadable, 'AA'],
    [Buffer.from(`MSH|${canary}`), 'AR'],
    [Buffer.from(canary), 'AR'],
    // The same control id with other content.
    [Buffer.from(oru(1).toString().replace('||7.1|', '||8.1|')), 'AR'],
  ];
  for (const [bytes, code] of blocks) expect(await transmit(bytes)).toBe(code);
  // Several in one batch, whose counts are wrong.
  await transmit(Buffer.from(`BHS|^~\\&|${canary}\r${oru(20).toString()}\r${oru(21).toString()}\rBTS|${canary}`));
  const note = { note: [{ text: canary }], performer: [{ display: canary }] };
  lab.admin.seed([
    aResult('o1', 9.9, note),
    aReport('r1', ['o1'], { conclusion: canary }),
    aResult('o2', 9.9, { ...note, modifierExtension: [{ url: `urn:${canary}`, valueString: canary }] }),
    aReport('r2', ['o2'], { conclusion: canary }),
  ]);
  await site.ask('/v1/lab-sources/county-lab/notify', { method: 'POST', body: { type: 'heartbeat' } });
  const all = await until(async () => ((await listed(site)).length >= blocks.length + 4 ? true : undefined), 60_000);
  expect(all).toBe(true);
});
afterAll(async () => {
  await Promise.all([site.end(), lab.close()]);
});

test('the chart has the data: the canary was really there, and every way out was taken', async () => {
  const messages = await settled(site);
  const causes = new Set(messages.map(({ cause }) => cause));
  expect(JSON.stringify(await site.chart('Observation?_count=200'))).toContain(canary);
  for (const cause of [
    undefined,
    'source/unreadable',
    'source/unsupported',
    'source/control-id-reused',
    'match/conflict',
    'lab/no-order',
    'mapping/failed',
  ])
    // prettier-ignore
    expect([...causes]).toContain(cause);
});

test('the log has none of it, at the most talkative level', async () => {
  const log = await site.log();
  expect(log).toContain('"event":"mllp.control-id-reused"');
  clean(log);
});

test('neither have the metrics, readiness, the queue, and the log of Postgres', async () => {
  const { text } = await site.ask('/metrics');
  expect(text).toContain('tejido_filed_total');
  clean(text);
  clean((await site.ask('/readyz')).text);
  clean(await queueContents(await site.databaseUrl()));
  clean(readFileSync(path.join(site.folder, 'data', 'postgres.log'), 'utf8'));
});

test('an answer of the door has of a message only its header, and that for its own sender', () => {
  for (const answer of answers) {
    const [, ...segments] = answer.split('\r');
    clean(segments.filter((one) => !/^(?:MSH|BHS|FHS)/.test(one)).join('\r'));
  }
});

test('what the commands and the list of messages print has none of it', async () => {
  for (const args of [
    ['messages', 'list'],
    ['messages', 'list', '--json', '--state', 'held'],
    ['reconcile'],
    ['check'],
  ]) {
    const { text } = await site.run(args);
    clean(text);
  }
  for (const { id } of (await listed(site)).filter(({ state }) => state === 'held')) {
    const { body } = await site.ask(`/v1/messages/${id}`);
    const { events } = body as { readonly events: unknown };
    clean(JSON.stringify(events));
  }
});
