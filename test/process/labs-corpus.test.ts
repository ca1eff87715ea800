/**
 * Every HL7 v2 message of the test data through the real socket, as if each file came from a laboratory of its own: filed and
 * valid against US Core, or held with a true reason. docs/labs.md counts them (`WRITE_COUNTS=1` writes the table anew).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { causes, isCause } from '../../src/core/causes.ts';
import type { PatientIdentifiers, Resource } from '../../src/core/ports.ts';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { peekHeader } from '../../src/hl7v2/header.ts';
import { identifyHl7 } from '../../src/hl7v2/identify.ts';
import { until } from '../../src/prove/until.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { aSite, listed, type Site } from './tejido.ts';

const shared = path.resolve('../shared/data');
const folder = path.join(shared, 'hl7v2');
const present = existsSync(folder);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
if (!present) process.stderr.write('notice: ../shared/data/hl7v2 is absent; its messages are not sent\n');

jest.setTimeout(300_000);

const page = 'docs/labs.md';

type Sent = { readonly file: string; readonly raw: Uint8Array };
type Row = { source: string; kind: string; state: string; cause: string | null };

const files = present
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:hl7|mllp|txt)$/.test(file))
      .toSorted()
  : [];
const messages = files.flatMap((file): Sent[] =>
  splitBatch(readFileSync(path.join(folder, file))).messages.map((raw) => ({ file, raw })),
);

/** The same bytes from the same sender are one message; an acknowledgement of nothing is none. */
const distinct = new Set(
  messages
    .filter(({ raw }) => typeOf(raw) !== 'ACK')
    .map(({ file, raw }) => `${file} ${Buffer.from(raw).toString('latin1')}`),
);

function typeOf(raw: Uint8Array): string | undefined {
  const header = peekHeader(raw);
  return header.ok ? header.value.type : undefined;
}

/** All of 127.0.0.0/8 is this machine: each laboratory has an address. */
const addressOf = (file: string): string => {
  const n = files.indexOf(file);
  return `127.1.${String(Math.floor(n / 200))}.${String((n % 200) + 1)}`;
};

/** Whoever assigned a number in a PID-3 of the data is the clinic here. */
const authorities = [
  ...new Set(
    messages.flatMap(({ raw }) =>
      Buffer.from(raw)
        .toString('latin1')
        .split(/[\r\n]+/)
        .filter((line) => line.startsWith('PID|'))
        .flatMap((line) => (line.split('|')[3] ?? '').split('~'))
        .flatMap((number) => (number.split('^')[3] ?? '').split('&'))
        .filter((name) => name !== ''),
    ),
  ),
];

const clinic = {
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: authorities,
  bareMrn: true,
  systems: {},
  processing: ['P', 'T', 'D'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
} as const;

/** The patients that the messages name by number: they stand in the EHR before. */
function patientsNamed(): readonly PatientIdentifiers[] {
  const found = new Map<string, PatientIdentifiers>();
  for (const { raw } of messages)
    for (const { patient } of identifyHl7({ raw, source: { ...clinic, name: 'any' }, actor: 'test' }))
      if (patient?.mrn !== undefined && !found.has(patient.mrn)) found.set(patient.mrn, patient);
  return [...found.values()];
}

/** Sends what it is given, each once the one before was answered; those that want no answer are not waited for. */
async function sendAll(site: Site): Promise<readonly { readonly file: string; readonly code: string | undefined }[]> {
  const answers: { file: string; code: string | undefined }[] = [];
  for (const file of files) {
    const socket = net.connect({ port: site.mllpPort, host: '127.0.0.1', localAddress: addressOf(file) });
    socket.setEncoding('latin1');
    let heard = '';
    socket.on('data', (text: string) => (heard += text));
    for (const { raw } of messages.filter((one) => one.file === file)) {
      socket.write(Buffer.concat([Buffer.from([0x0b]), raw, Buffer.from([0x1c, 0x0d])]));
      if (wantsNone(raw)) {
        answers.push({ file, code: undefined });
        continue;
      }
      const answer = await until(async () => {
        const [one, ...rest] = heard.split('\u001c\r');
        if (rest.length === 0) return undefined;
        heard = rest.join('\u001c\r');
        return Promise.resolve(one);
      }, 10_000);
      answers.push({ file, code: /\rMSA.([A-Z]{2})/.exec(answer ?? '')?.[1] ?? 'none' });
    }
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
  }
  return answers;
}

/** MSH-15 says never, or it is an acknowledgement itself. */
function wantsNone(raw: Uint8Array): boolean {
  const header = peekHeader(raw);
  return header.ok && (header.value.acceptAck === 'NE' || header.value.type === 'ACK');
}

async function rowsOf(site: Site): Promise<readonly Row[]> {
  const client = new Client({ connectionString: await site.databaseUrl() });
  await client.connect();
  try {
    return (await client.query<Row>('select source, kind, state, cause from message order by id')).rows;
  } finally {
    await client.end();
  }
}

async function allOf(site: Site, type: string): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  let next: string | undefined = `/sandbox/fhir/${type}?_count=200`;
  while (next !== undefined) {
    const { body } = await site.ask(next);
    const { entry = [], link = [] } = body as {
      entry?: readonly { resource: Resource }[];
      link?: readonly { relation: string; url: string }[];
    };
    found.push(...entry.map(({ resource }) => resource));
    const url: string | undefined = link.find(({ relation }) => relation === 'next')?.url;
    next = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
  }
  return found;
}

function tableOf(rows: readonly Row[]): string {
  // Which of two messages about one result finds that the other has filed it follows from who came first.
  const taken = (state: string): string => (state === 'superseded' ? 'filed' : state);
  const counted = Map.groupBy(rows, ({ kind, state, cause }) => [kind, taken(state), cause ?? ''].join('\n'));
  const lines = [...counted]
    .toSorted(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    .map(([label, of]) => {
      const [kind = '', state = '', cause = ''] = label.split('\n');
      const says = isCause(cause) ? causes[cause].says : '';
      return `| ${String(of.length)} | ${kind} | ${state} | ${cause === '' ? '' : `\`${cause}\``} | ${says} |`;
    });
  return ['| Messages | Type | State | Cause | |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}

const plain = (text: string): string => text.replaceAll(/ +\|/g, ' |').replaceAll(/-+/g, '-');

(present ? describe : describe.skip)('every message of the test data', () => {
  let site: Site;
  let answers: Awaited<ReturnType<typeof sendAll>>;
  let rows: readonly Row[] = [];

  beforeAll(async () => {
    site = await aSite();
    const { name: _, match: __, timeZone: ___, ...about } = { name: '', ...clinic };
    const senders = files.map((file, n) => ({
      name: `lab-${String(n)}`,
      match: { address: addressOf(file) },
      ...about,
    }));
    await site.configure(JSON.stringify({ mllp: { senders } }));
    await site.start();
    for (const { mrn, dob } of patientsNamed()) {
      await site.ask('/sandbox/fhir/Patient', {
        method: 'POST',
        body: {
          resourceType: 'Patient',
          active: true,
          identifier: [{ system: 'urn:tejido:sandbox:mrn', value: mrn }],
          name: [{ family: 'Ejemplo' }],
          ...(dob === undefined ? {} : { birthDate: dob }),
        },
      });
    }
    answers = await sendAll(site);
    const done = await until(async () => {
      const waiting = await Promise.all(['received', 'filing'].map((state) => listed(site, `&state=${state}`)));
      rows = await rowsOf(site);
      return waiting.every((each) => each.length === 0) && rows.length >= distinct.size ? true : undefined;
    }, 120_000);
    if (done !== true) throw new Error(`It does not settle:\n${tableOf(rows)}`);
  });
  afterAll(() => site.end());

  test('is answered as it asked to be', () => {
    expect(answers.filter(({ code }) => code === 'none')).toEqual([]);
    const refused = answers.filter(({ code }) => code !== undefined && code.endsWith('R'));
    // What does not begin with MSH, or has no MSH-10.
    expect(
      refused.map(({ file }) => file).filter((file) => !/invalid|bad|no-control-id|valid_basic_oru/i.test(file)),
    ).toEqual([]);
  });

  test('is filed, or stands with a true reason; none is a fault of ours', () => {
    expect(rows.filter(({ state }) => !['filed', 'held', 'superseded'].includes(state))).toEqual([]);
    const ours = rows.filter(({ cause }) => cause !== null && /^(?:mapping|validation|internal|send)\//.test(cause));
    expect(ours).toEqual([]);
    expect(rows.filter(({ state }) => state === 'filed').length).toBeGreaterThan(200);
  });

  test('is valid against US Core where it is filed', async () => {
    const usCore = await loadValidator({ profileFolders: [path.join(shared, 'us-core/6.1.0')], igPackages: [] });
    const wrong: string[] = [];
    let looked = 0;
    for (const type of ['DiagnosticReport', 'Observation', 'Specimen']) {
      for (const resource of await allOf(site, type)) {
        looked += 1;
        const issues = usCore
          .validate(resource)
          .filter(({ severity }) => severity !== 'warning' && severity !== 'information');
        wrong.push(...issues.map(({ where, what }) => `${type}/${String(resource.id)} ${where}: ${what}`));
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(looked).toBeGreaterThan(1_000);
  });

  test('is counted in the docs', () => {
    const text = readFileSync(page, 'utf8');
    const table = tableOf(rows);
    const [before = '', after = ''] = text.split(/<!-- counts -->[\s\S]*<!-- \/counts -->/);
    const whole = `${before}<!-- counts -->\n\n${table}\n\n<!-- /counts -->${after}`;
    if (process.env['WRITE_COUNTS'] === '1') writeFileSync(page, whole);
    expect(plain(readFileSync(page, 'utf8'))).toContain(plain(table));
  });
});
