/**
 * Story 4: the EHR is down. Other routes go on, nothing is lost, a red flag reaches its pool by the alternate route
 * without a byte of the patient, and the backlog goes out in order once the EHR is back.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { freePort } from '../../src/postgres/port.ts';
import { type Program, sourceFile, startProgram } from '../../src/prove/program.ts';
import { until } from '../../src/prove/until.ts';
import { aSite, type Answer, key, listed, type Site } from './tejido.ts';

jest.setTimeout(180_000);

const secret = `whsec_${Buffer.from('a secret of the tests, 32 bytes!').toString('base64')}`;
const visit = JSON.parse(readFileSync('schemas/examples/contact.phone.json', 'utf8')) as Record<string, unknown>;
const canary = 'CanarioRojo';
const mrn = 'SYN-10023';
const dob = '1961-03-02';

const measure = (value: number) => ({
  key: 'v1',
  activityType: 'vital.measure',
  details: { kind: 'glucose-capillary', value, unit: 'mg/dL', method: 'chw-device' },
});
const record = (recordId: string, more: Record<string, unknown> = {}) => ({
  ...visit,
  subject: { sourcePatientId: `p-${canary}`, mrn, dob },
  source: { systemId: 'ejemplo', recordId, recordVersion: 1 },
  narrative: { es: `Vive en la calle ${canary} 7.` },
  components: [],
  ...more,
});

type Got = { readonly headers: Record<string, string>; readonly body: string; readonly all: string };

/** The pool's end of the alternate route. `answer` may be changed. */
class Pool {
  readonly got: Got[] = [];
  answer = 204;
  readonly server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const headers = req.headers as Record<string, string>;
      this.got.push({
        headers,
        body,
        all: `${req.method ?? ''} ${req.url ?? ''}\n${req.rawHeaders.join('\n')}\n${body}`,
      });
      res.writeHead(this.answer).end();
    });
  });
  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/alerts`;
  }
}

type Escalation = {
  readonly id: string;
  readonly state: string;
  readonly recordId: string;
  readonly code?: string;
  readonly inChart: boolean;
  readonly acknowledgedBy?: string;
};

describe('the EHR is down', () => {
  let site: Site;
  let ehr: Program | undefined;
  let ehrPort: number;
  const pool = new Pool();

  const startEhr = async () => {
    ehr = await startProgram({
      name: 'ehr',
      command: process.execPath,
      args: [sourceFile('sandbox/server'), '--port', String(ehrPort), '--journal', path.join(site.folder, 'ehr.ndjson'), '--patients', '50'], // prettier-ignore
      env: {},
      cwd: site.folder,
      log: path.join(site.folder, 'ehr.log'),
    });
    await until(
      async () =>
        (await fetch(`http://127.0.0.1:${String(ehrPort)}/fhir/metadata`).catch(() => undefined))?.ok === true
          ? true
          : undefined,
      30_000,
    );
  };
  const chart = async (search: string): Promise<readonly Record<string, unknown>[]> => {
    const answer = await fetch(`http://127.0.0.1:${String(ehrPort)}/fhir/${search}`);
    const { entry = [] } = (await answer.json()) as { entry?: { resource: Record<string, unknown> }[] };
    return entry.map(({ resource }) => resource);
  };
  const escalations = async (): Promise<readonly Escalation[]> =>
    ((await site.ask('/v1/escalations')).body as { escalations: readonly Escalation[] }).escalations;
  const send = async (body: unknown): Promise<Answer> => {
    const answer = await site.ask('/v1/activities', { method: 'POST', body });
    if (answer.status !== 202) throw new Error(answer.text);
    return answer;
  };
  const wait = async <T>(found: () => Promise<T | undefined>, what: string): Promise<T> => {
    const value = await until(found, 40_000);
    if (value === undefined) throw new Error(`${what} did not come about:\n${await site.log()}`);
    return value;
  };

  beforeAll(async () => {
    site = await aSite();
    ehrPort = await freePort();
    await site.configure(`
programme: { id: msep, name: Prueba, timeZone: America/Chicago, phone: 312-555-0100 }
destinations:
  - { id: sandbox, kind: sandbox }
  - id: ehr
    kind: fhir
    baseUrl: http://127.0.0.1:${String(ehrPort)}/fhir
    mrnSystem: urn:tejido:sandbox:mrn
    auth: { kind: none }
    timeoutMs: 2000
    retry: { attempts: 10000, baseMs: 200, capMs: 1000 }
progress: { sweepMs: 1000 }
redFlags:
  pools:
    - { id: nurses, name: Nurses, webhook: { url: '${await pool.listen()}', secret: '\${POOL_SECRET}' } }
  clock:
    stat: { levels: [{ pool: nurses, ackMinutes: 30 }] }
    urgent: { alternateAfterSeconds: 1, levels: [{ pool: nurses, ackMinutes: 60 }] }
    routine: { levels: [{ pool: nurses, ackMinutes: 600 }] }
  link: https://tejido.example/escalations
  lookSeconds: 0.2
  taskSeconds: 0.5
`);
    await site.start({ env: { POOL_SECRET: secret, LOG_LEVEL: 'debug' } });
  });
  afterAll(async () => {
    pool.server.close();
    if (ehr?.running() === true) {
      ehr.signal('SIGKILL');
      await ehr.ended;
    }
    await site.end();
  });

  test('a red flag reaches its pool by the alternate route, signed, and without a byte of the patient', async () => {
    pool.answer = 503;
    const { body } = await send(record('uno', { components: [measure(41)] }));
    const [receipt] = (body as { receipts: { id: string; escalations: Escalation[] }[] }).receipts;
    expect(receipt?.escalations).toMatchObject([{ severity: 'stat', state: 'open' }]);
    await wait(async () => (pool.got.length > 0 ? true : undefined), 'The first attempt');
    pool.answer = 204;
    await wait(async () => (pool.got.length > 1 ? true : undefined), 'The second attempt');
    const [first, second] = pool.got;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    for (const { headers, body: sent } of pool.got) new Webhook(secret).verify(sent, headers);
    expect(JSON.parse(second?.body ?? '')).toMatchObject({
      type: 'escalation.alert',
      data: {
        escalation: receipt?.escalations[0]?.id,
        severity: 'stat',
        phone: '312-555-0100',
        link: `https://tejido.example/escalations/${receipt?.escalations[0]?.id ?? ''}`,
      },
    });
  });

  test('also of a patient whom nobody knows, and of text that is held', async () => {
    await send(record('dos', { subject: { sourcePatientId: 'nadie' }, components: [measure(320)] }));
    await send(record('tres', { narrative: { es: `${canary} es indocumentada` }, components: [measure(330)] }));
    await wait(async () => {
      const told = new Set(
        pool.got.map(({ body }) => (JSON.parse(body) as { data: { escalation: string } }).data.escalation),
      );
      return told.size >= 3 ? true : undefined;
    }, 'The notices');
  });

  test('other routes flow, and nothing is lost', async () => {
    for (const n of [1, 2, 3]) {
      await send({ ...record('cuatro', { narrative: { es: `Versión ${String(n)}` } }), source: { systemId: 'ejemplo', recordId: `c${String(n)}`, recordVersion: 1 } }); // prettier-ignore
    }
    await wait(async () => ((await site.chart('Encounter')).length >= 4 ? true : undefined), 'The other route');
    const open = (await listed(site)).filter(({ state }) => state === 'received' || state === 'filing');
    expect(open).toHaveLength(4);
    expect((await escalations()).every(({ inChart }) => typeof inChart === 'boolean')).toBe(true);
  });

  test('no byte that went to the pool is the patient’s, nor tells what was found', () => {
    expect(pool.got.length).toBeGreaterThanOrEqual(4);
    for (const { all: whole } of pool.got) {
      // Ids, times and signatures may hold any figures.
      const all = whole.replaceAll(
        /[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|v1,[\w+/=]+|\b\d{5,}\b|content-length\n\d+/gi,
        '…',
      );
      for (const secretText of [
        canary,
        mrn,
        dob,
        'nadie',
        'uno',
        'ejemplo',
        'glucose',
        'gluc',
        '"41"',
        ':41',
        '320',
        'mg/dL',
        'Patient',
        key,
      ]) {
        expect(all).not.toContain(secretText);
      }
    }
  });

  test('once the EHR is back the backlog goes out in order, and the CHW learns that somebody has seen it', async () => {
    await startEhr();
    await wait(
      async () =>
        (await listed(site)).every(({ state }) => state !== 'received' && state !== 'filing') ? true : undefined,
      'The backlog',
    );
    const notes = (await chart('DocumentReference?_count=100')).map(({ content }) => {
      const [first] = content as readonly { attachment: { data: string } }[];
      return Buffer.from(first?.attachment.data ?? '', 'base64').toString('utf8');
    });
    expect(notes.flatMap((note) => /Versión (\d)/.exec(note)?.[1] ?? [])).toHaveLength(3);
    const stories = await Promise.all(
      (await listed(site))
        .filter(({ state }) => state === 'filed')
        .map(async ({ id }) => (await site.ask(`/v1/messages/${id}`)).body as { id: string; links: { destination: string }[]; attempts: { destination: string; result: string; startedAt: string }[] }), // prettier-ignore
    );
    const filedAt = stories
      .toSorted((a, b) => Number(a.id) - Number(b.id))
      .map(({ attempts }) => attempts.find(({ destination, result }) => destination === 'ehr' && result === 'filed')?.startedAt ?? ''); // prettier-ignore
    expect(filedAt).toHaveLength(4);
    expect(filedAt).toEqual(filedAt.toSorted());
    const [two] = (await escalations()).filter(({ recordId }) => recordId === 'dos');
    const { status } = await site.ask(`/v1/escalations/${two?.id ?? ''}/ack`, {
      method: 'POST',
      body: { role: 'nurse' },
    });
    expect(status).toBe(200);
    expect((await site.ask('/v1/messages/2')).body).toMatchObject({
      escalations: [{ state: 'acknowledged', acknowledgedByRole: 'nurse' }],
    });
  });

  test('the Task that the EHR accepts is an acknowledgement', async () => {
    const tasks = (await chart('Task?_count=100')).filter(({ priority }) => priority === 'stat');
    expect(tasks).toHaveLength(1);
    const [task] = tasks;
    expect(task).toMatchObject({ status: 'requested', owner: { display: 'Nurses' } });
    const answer = await fetch(`http://127.0.0.1:${String(ehrPort)}/fhir/Task/${String(task?.['id'])}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ ...task, status: 'accepted' }),
    });
    expect(answer.status).toBe(200);
    const taken = await wait(
      async () => (await escalations()).find(({ recordId, state }) => recordId === 'uno' && state === 'acknowledged'),
      'The acknowledgement by the EHR',
    );
    expect(taken).toMatchObject({ acknowledgedBy: 'ehr:ehr', inChart: true });
    expect((await site.ask('/v1/messages/1')).body).toMatchObject({
      escalations: [{ acknowledgedByRole: 'care team' }],
    });
  });

  test('the log has none of it either', async () => {
    const text = await site.log();
    expect(text).toContain('escalation.told');
    for (const secretText of [canary, mrn, dob, 'glucose-very']) expect(text).not.toContain(secretText);
  });
});
