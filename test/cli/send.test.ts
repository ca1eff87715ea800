import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { waitBefore } from '../../src/cli/post.ts';
import { tejido } from './fake-parts.ts';

let folder: string;
let server: Server;
let url: string;
let bodies: string[];
let keys: (string | undefined)[];
let answer: (body: string, res: ServerResponse, number: number) => void;

const accept = (body: string, res: ServerResponse): void => {
  const items = JSON.parse(body) as { n: number; bad?: true }[];
  const receipts = items.map(({ n, bad }) =>
    bad
      ? { error: { title: 'Not an activity', errors: [{ pointer: '/details/systolic', detail: 'must be a number' }] } }
      : { id: `m-${n}`, state: 'received', ...(n === 7 ? { duplicateOf: 'm-1' } : {}) },
  );
  res.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ receipts }));
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-send-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  bodies = [];
  keys = [];
  answer = accept;
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      keys.push(req.headers.authorization);
      answer(body, res, bodies.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const file = async (name: string, text: string): Promise<string> => {
  const at = path.join(folder, name);
  await writeFile(at, text);
  return at;
};

describe('tejido send', () => {
  test('sends one object, an array and NDJSON; what was written is sent as it was written', async () => {
    const one = await file('one.json', '{\n  "n": 1, "value": 1.10 }\n');
    const many = await file('many.json', '\uFEFF[{"n":2,"value":1e2}, {"n":3}]');
    const lines = await file('lines.ndjson', '{"n":4}\r\n\n{"n":7,"value":120.0}\n');
    const { code, out } = await tejido(['send', one, many, lines, '--url', url, '--key', 'k']);
    expect(code).toBe(0);
    expect(bodies).toEqual([
      '[{\n  "n": 1, "value": 1.10 },{"n":2,"value":1e2},{"n":3},{"n":4},{"n":7,"value":120.0}]',
    ]);
    expect(keys).toEqual(['Bearer k']);
    expect(out).toMatch(/accepted, received +4/);
    expect(out).toMatch(/known already +1/);
  });

  test('batches are bounded', async () => {
    const lines = await file('many.ndjson', Array.from({ length: 25 }, (_, n) => `{"n":${n}}`).join('\n'));
    expect((await tejido(['send', lines, '--url', url, '--batch', '10'])).code).toBe(0);
    expect(bodies.map((body) => (JSON.parse(body) as unknown[]).length)).toEqual([10, 10, 5]);
  });

  test('what is refused is told with its place, and makes the exit code 1; the rest is sent', async () => {
    const lines = await file('some.ndjson', '{"n":1}\n{"n":2,"bad":true}\n');
    const { code, out, err } = await tejido(['send', lines, '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('some.ndjson:2: /details/systolic must be a number');
    expect(out).toMatch(/refused +1/);
    const asJson = await tejido(['send', lines, '--url', url, '--json']);
    expect(JSON.parse(asJson.out)).toEqual([
      { at: lines + ':1', id: 'm-1', state: 'received' },
      { at: lines + ':2', refused: '/details/systolic must be a number' },
    ]);
  });

  test('a busy server is asked again, as it says', async () => {
    const waits: number[] = [];
    answer = (body, res, number) => {
      if (number === 1) res.writeHead(503, { 'retry-after': '2' }).end();
      else if (number === 2) res.writeHead(429).end();
      else if (number === 3) res.destroy();
      else accept(body, res);
    };
    const one = await file('busy.json', '{"n":1}');
    const ran = await tejido(['send', one, '--url', url], { pause: async (ms) => void waits.push(ms) });
    expect(ran.code).toBe(0);
    expect(bodies).toHaveLength(4);
    expect(waits).toEqual([2_000, 750, 1_500]);
  });

  test('a server that stays away is given up after the retries, and said to be', async () => {
    const one = await file('away.json', '{"n":1}');
    const { code, err } = await tejido(['send', one, '--url', 'http://127.0.0.1:1', '--retries', '2']);
    expect(code).toBe(1);
    expect(err).toContain('after 3 tries');
    expect(err).toContain('nothing is doubled');
  });

  test('a key that is not accepted ends it at once', async () => {
    answer = (_, res) => void res.writeHead(401).end();
    const one = await file('key.json', '{"n":1}');
    const { code, err } = await tejido(['send', one, '--url', url]);
    expect([code, bodies.length]).toEqual([1, 1]);
    expect(err).toContain('TEJIDO_API_KEY');
  });

  test.each([
    ['nothing', '', 'no activity'],
    ['no JSON', 'hola\n', 'neither JSON'],
    ['a number', '12', 'neither JSON'],
    ['a broken line', '{"n":1}\n{"n":\n', ':2 is not JSON'],
  ])('a file with %s is refused', async (_, text, says) => {
    const { code, err } = await tejido(['send', await file('odd', text), '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain(says);
  });

  test('a file that is absent is named', async () => {
    const { code, err } = await tejido(['send', path.join(folder, 'absent'), '--url', url]);
    expect([code, err]).toEqual([1, expect.stringContaining('ENOENT')]);
  });
});

test('waits grow to half a minute, and follow Retry-After in seconds or as a date', () => {
  const now = new Date('2026-03-31T12:00:00Z');
  expect([1, 2, 3, 20].map((attempt) => waitBefore(attempt, null, now, 1))).toEqual([500, 1_000, 2_000, 30_000]);
  expect(waitBefore(1, '7', now, 0)).toBe(7_000);
  expect(waitBefore(1, 'Tue, 31 Mar 2026 12:00:09 GMT', now, 0)).toBe(9_000);
  expect(waitBefore(1, 'soon', now, 0)).toBe(250);
});
