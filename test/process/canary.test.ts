/** A patient's data goes into every corner of the program; none of it comes out where it may not. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../../src/postgres/port.ts';
import { type Program, startProgram } from '../../src/prove/program.ts';
import { answers, contents, redisInstalled } from '../../src/prove/redis.ts';
import { until } from '../../src/prove/until.ts';
import { queueContents } from '../../src/wake/contents.ts';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(120_000);
const canary = 'CanarioAmarillo';
const mrn = 'SYN-10023';
const visit = JSON.parse(readFileSync('schemas/examples/contact.home.json', 'utf8')) as Record<string, unknown>;
const subject = { sourcePatientId: `p-${canary}`, mrn, dob: '1961-03-02' };
const record = (recordId: string, more: Record<string, unknown> = {}) => ({
  ...visit,
  subject,
  source: { systemId: 'ejemplo', recordId, recordVersion: 1 },
  narrative: { es: `Vive en la calle ${canary} 7.` },
  ...more,
});
/** What no log, metric, error or queue may hold. */
const clean = (text: string): void => {
  expect(text).not.toContain(canary);
  expect(text).not.toContain('1961-03-02');
  expect(text).not.toContain(mrn);
};

/** Filed, filed with trouble, held, refused, malformed: every way that a text can go wrong. */
async function everything(site: Site): Promise<void> {
  await site.ask('/sandbox/fhir/$sandbox/faults', {
    method: 'PUT',
    body: [
      { fault: 'status', value: 500, times: 2 },
      { fault: 'drop-after-commit', times: 2, on: 'write' },
      { fault: 'half-response', times: 1 },
      { fault: 'html-200', times: 1 },
    ],
  });
  const bodies: readonly unknown[] = [
    record('uno'),
    record('dos', { narrative: { es: `${canary} es indocumentada` } }),
    record('tres', { subject: { ...subject, mrn: `X-${canary}`, sourcePatientId: 'otra' } }),
    record('cuatro', { activityType: canary }),
    record('cinco', { components: [{ key: canary, activityType: 'vital.measure', details: { kind: canary } }] }),
    record('seis', { occurredAt: canary, subject: canary }),
    `{"narrative": "${canary}`,
    `{"nota": "${canary}", "nota": "${canary}"}`,
  ];
  for (const body of bodies) {
    const { status, text } = await site.ask('/v1/activities', { method: 'POST', body });
    expect([202, 422]).toContain(status);
    clean(text);
  }
  for (const at of [
    `/v1/messages/${canary}`,
    `/v1/messages?patient=${canary}`,
    `/v1/messages?cause=${canary}`,
    `/${canary}`,
  ]) {
    const { status, text } = await site.ask(at);
    expect(status).toBeGreaterThanOrEqual(400);
    clean(text);
  }
  const { text } = await site.ask('/v1/activities', {
    method: 'POST',
    body: record('siete'),
    headers: { authorization: `Bearer ${canary}` },
  });
  clean(text);
}

describe('on Postgres alone', () => {
  let site: Site;
  beforeAll(async () => {
    site = await aSite();
    await site.start({ env: { LOG_LEVEL: 'debug' } });
    await everything(site);
    await settled(site);
  });
  afterAll(() => site.end());

  test('the chart has the patient’s data: the canary was really there', async () => {
    expect(JSON.stringify(await site.chart('Encounter'))).toContain('Patient/syn-10023');
    const [note] = await site.chart('DocumentReference');
    const [content] = (note?.['content'] ?? []) as readonly { attachment: { data: string } }[];
    expect(Buffer.from(content?.attachment.data ?? '', 'base64').toString('utf8')).toContain(canary);
  });

  test('the log has none of it, at the most talkative level', async () => {
    expect(await site.log()).toContain('"event":"tejido.started"');
    clean(await site.log());
  });

  test('the metrics have none of it', async () => {
    const { text } = await site.ask('/metrics');
    expect(text).toContain('tejido_filed_total');
    clean(text);
  });

  test('the queue in Postgres has none of it', async () => {
    const text = await queueContents(await site.databaseUrl());
    expect(text).toContain('bullmq');
    clean(text);
  });

  test('the log of Postgres has none of it', () => {
    clean(readFileSync(path.join(site.folder, 'data', 'postgres.log'), 'utf8'));
  });

  test('what the commands print about it has none of it, unless bodies are asked for', async () => {
    for (const args of [['messages', 'list'], ['messages', 'list', '--json', '--state', 'held'], ['reconcile']]) {
      const { text } = await site.run(args);
      expect(text.length).toBeGreaterThan(100);
      clean(text);
    }
  });
});

test('a fault that nobody caught ends the program with 1, and its last words hold no patient’s data', async () => {
  const site = await aSite();
  try {
    const preload = path.join(site.folder, 'fault.mjs');
    await writeFile(
      preload,
      `process.on('SIGUSR2', () => { throw Object.assign(new TypeError('cannot read ${canary} of ${mrn}'), { code: '22P02', detail: '${canary}' }); });\n`,
    );
    const program = await site.start({ node: ['--import', preload] });
    program.signal('SIGUSR2');
    expect(await program.ended).toEqual({ code: 1, signal: null });
    const log = await site.log();
    expect(log).toContain('"event":"process.uncaught-exception"');
    clean(log);
  } finally {
    await site.end();
  }
});

const wanted = redisInstalled() || process.env['CI'] === 'true';
if (!wanted) process.stderr.write('notice: redis-server is not installed; the canary in Redis is skipped\n');
(wanted ? test : test.skip)('the queue in Redis has none of it', async () => {
  const site = await aSite();
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let redis: Program | undefined;
  try {
    redis = await startProgram({
      name: 'redis',
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      env: {},
      cwd: site.folder,
      log: path.join(site.folder, 'redis.log'),
    });
    expect(await until(() => answers(url), 15_000)).toBe(true);
    await site.start({ env: { REDIS_URL: url } });
    await everything(site);
    const seen = await contents(url);
    await settled(site);
    const after = await contents(url);
    expect(after).toContain('bull');
    clean(seen);
    clean(after);
  } finally {
    await site.end();
    redis?.signal('SIGKILL');
    await redis?.ended;
  }
});
