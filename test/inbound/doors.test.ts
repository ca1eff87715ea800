import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { MessageFilter } from '../../src/core/story.ts';
import type { SourceConfig } from '../../src/sources/config.ts';
import {
  adminKey,
  anActivity,
  closeDoors,
  LedgerUnavailable,
  openDoor,
  problemIn,
  type Body,
  type Door,
} from './door.ts';

const sources = (parse(readFileSync('examples/commcare/tejido.yaml', 'utf8')) as { sources: SourceConfig[] }).sources;
const form = readFileSync('examples/commcare/visita-domiciliaria.json', 'utf8');
const asked: MessageFilter[] = [];

let door: Door;
beforeAll(async () => {
  door = await openDoor({
    sources,
    deps: {
      messages: {
        list: (filter) => {
          asked.push(filter);
          return Promise.resolve({ messages: [], next: '7' as never });
        },
        story: (id) =>
          Promise.resolve(
            id === ('7' as never)
              ? ({
                  id,
                  state: 'filed',
                  source: 's',
                  kind: 'contact.phone',
                  receivedAt: new Date(0),
                  events: [],
                  attempts: [],
                  links: [],
                } as never)
              : undefined,
          ),
        raw: () => Promise.resolve({ body: Buffer.from('{"a":1}') }),
        workList: () => Promise.resolve([]),
        finishWork: () => Promise.resolve({ ok: true }),
        unmapped: () =>
          Promise.resolve([
            {
              id: '1',
              conceptMap: 'urn:cm',
              code: 'stones',
              policy: 'hold',
              firstSeenAt: new Date(0),
              lastSeenAt: new Date(0),
              messages: 2,
              waiting: 1,
              messageIds: [],
            },
          ]),
        retry: () => Promise.resolve({ ok: true, state: 'received' }),
        release: () => Promise.resolve({ ok: true, state: 'received' }),
        void: () => Promise.resolve({ ok: false, refused: 'It stands in the chart.' }),
      },
    },
  });
});
afterAll(closeDoors);

const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${adminKey}` }) =>
  fetch(door.url + path, { headers });

describe('POST /v1/sources/{name}', () => {
  const deliver = (body: Body, headers: Record<string, string>, to = '/v1/sources/commcare-alivio', method = 'POST') =>
    fetch(door.url + to, { method, body, headers });

  test.each([
    ['a bearer key', { authorization: `Bearer ${adminKey}` }],
    ['the key as a Basic password', { authorization: `Basic ${btoa(`anybody:${adminKey}`)}` }],
    ['X-API-Key', { 'x-api-key': adminKey }],
  ])('takes a form from %s and answers 202 with a receipt', async (_name, headers) => {
    const response = await deliver(form, { ...headers, 'content-type': 'text/xml' });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ receipts: [{ id: expect.any(String), state: 'received' }] });
    const kept = door.accepted.at(-1);
    expect(kept).toMatchObject({ source: 'commcare-alivio', format: 'commcare', kind: 'contact.home', actor: 'admin' });
    expect(Buffer.from(kept?.raw ?? []).toString()).toBe(form);
  });

  test('takes PUT, gzip, and two keys while they are rotated', async () => {
    door.keys.set('old-key-of-commcare', { id: 'o', name: 'commcare', scopes: ['sources:write:commcare-alivio'] });
    door.keys.set('new-key-of-commcare', { id: 'n', name: 'commcare', scopes: ['sources:write:commcare-alivio'] });
    for (const key of ['old-key-of-commcare', 'new-key-of-commcare']) {
      const response = await deliver(
        gzipSync(form),
        { 'x-api-key': key, 'content-encoding': 'gzip' },
        undefined,
        'PUT',
      );
      expect(response.status).toBe(202);
    }
  });

  test.each([
    ['what cannot be read', 'María <<<', 'source/unreadable'],
    ['what nobody mapped', '{"id":"1","form":{"@xmlns":"x"}}', 'mapping/no-route'],
    ['nothing at all', '', 'source/unreadable'],
  ])('%s is 202 and held', async (_name, body, cause) => {
    const response = await deliver(body, { 'x-api-key': adminKey });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ receipts: [{ state: 'held' }] });
    expect(door.accepted.at(-1)?.hold?.cause).toBe(cause);
  });

  test('only who has a key learns which sources there are', async () => {
    expect((await deliver(form, {}, '/v1/sources/nobody')).status).toBe(401);
    expect((await deliver(form, { 'x-api-key': adminKey }, '/v1/sources/nobody')).status).toBe(404);
    door.keys.set('kobo-only-key', { id: 'k', name: 'kobo', scopes: ['sources:write:kobo'] });
    const response = await deliver(form, { 'x-api-key': 'kobo-only-key' });
    expect(response.status).toBe(403);
    expect(await problemIn(response)).toMatchObject({ scope: 'sources:write:commcare-alivio' });
  });

  test('a body beyond the limit is 413', async () => {
    expect((await deliver('x'.repeat(10_000_001), { 'x-api-key': adminKey })).status).toBe(413);
  });

  test('a compressed body may not unfold beyond the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(60_000_000, 0x20));
    const response = await deliver(bomb, { 'x-api-key': adminKey, 'content-encoding': 'gzip' });
    expect(response.status).toBe(413);
  });

  test('a ledger that cannot commit is 503, which the sender repeats', async () => {
    const down = await openDoor({ sources, deps: { accept: () => Promise.reject(new LedgerUnavailable('down')) } });
    expect((await down.post('/v1/sources/commcare-alivio', form)).status).toBe(503);
    await down.close();
  });
});

describe('keys', () => {
  test.each([
    ['none', {}],
    ['an unknown one', { authorization: 'Bearer tjd_xxxxxxxxxxxx_wrong' }],
    ['a Basic one, which only sources take', { authorization: `Basic ${btoa(`x:${adminKey}`)}` }],
    ['a broken header', { authorization: 'Bearer a b' }],
  ])('%s is 401 with the way to authenticate', async (_name, headers) => {
    const response = await fetch(`${door.url}/v1/activities`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="tejido"/);
    await problemIn(response);
  });

  test('a key that verification cannot reach is 503, not 401', async () => {
    const down = await openDoor({ deps: { keys: { verify: () => Promise.reject(new LedgerUnavailable('down')) } } });
    expect((await down.post('/v1/activities', '{}')).status).toBe(503);
    await down.close();
  });

  test('a key without the scope is 403 and is told which is needed', async () => {
    door.keys.set('reader-of-messages', { id: 'r', name: 'reader', scopes: ['messages:read'] });
    const response = await door.post('/v1/activities', '{}', { authorization: 'Bearer reader-of-messages' });
    expect(response.status).toBe(403);
    expect(await problemIn(response)).toMatchObject({ scope: 'activities:write' });
    expect(
      (
        await fetch(`${door.url}/v1/messages/7/retry`, {
          method: 'POST',
          headers: { authorization: 'Bearer reader-of-messages' },
        })
      ).status,
    ).toBe(403);
  });

  test('a key sends only for its systems', async () => {
    door.keys.set('key-of-one-system', { id: 's', name: 'one', scopes: ['activities:write'], systemIds: ['kobo-x'] });
    const headers = { authorization: 'Bearer key-of-one-system' };
    expect((await door.post('/v1/activities', JSON.stringify(anActivity()), headers)).status).toBe(403);
    const own = anActivity({ source: { systemId: 'kobo-x', recordId: '1' } });
    const response = await door.post('/v1/activities', JSON.stringify([anActivity(), own]), headers);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ receipts: [{ error: { status: 403 } }, { state: 'received' }] });
  });
});

describe('limits', () => {
  test('past its limit a key is told when to come back, and another key is not', async () => {
    const limited = await openDoor({ deps: { limits: { activitiesPerMinute: 2 } } });
    limited.keys.set('another-key-here', { id: 'b', name: 'b', scopes: ['activities:write'] });
    const send = (key: string) =>
      limited.post('/v1/activities', JSON.stringify(anActivity()), { authorization: `Bearer ${key}` });
    const first = await send(adminKey);
    expect(first.headers.get('ratelimit')).toMatch(/r=1/);
    expect((await send(adminKey)).status).toBe(202);
    const third = await send(adminKey);
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    await problemIn(third);
    expect((await send('another-key-here')).status).toBe(202);
    await limited.close();
  });

  test('who guesses keys is slowed down', async () => {
    const guarded = await openDoor({ deps: { limits: { refusalsPerMinute: 2 } } });
    const guess = () => guarded.post('/v1/activities', '{}', { authorization: 'Bearer guess' });
    expect([await guess(), await guess(), await guess()].map(({ status }) => status)).toEqual([401, 401, 429]);
    expect((await guarded.post('/v1/activities', JSON.stringify(anActivity()))).status).toBe(202);
    await guarded.close();
  });

  test('slow clients are cut off and others are served meanwhile', async () => {
    const slow = await openDoor({ listen: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
    const { port } = new URL(slow.url);
    const head = `POST /v1/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminKey}\r\n`;
    const open = (text: string): Socket => {
      const socket = createConnection(Number(port), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(text);
      return socket;
    };
    const clients = [
      ...Array.from({ length: 50 }, () => open(head)),
      ...Array.from({ length: 50 }, () => open(`${head}Content-Length: 1000\r\n\r\n{`)),
    ];
    const ended = Promise.all(clients.map((socket) => once(socket, 'close')));
    expect((await slow.post('/v1/activities', JSON.stringify(anActivity()))).status).toBe(202);
    await ended;
    expect((await slow.post('/v1/activities', JSON.stringify(anActivity()))).status).toBe(202);
    expect(slow.accepted).toHaveLength(2);
    await slow.close();
  });

  test('bodies that together would be too much are asked to wait', async () => {
    const small = await openDoor({ deps: { limits: { bodyBytesInFlight: 1_500 } } });
    const socket = createConnection(Number(new URL(small.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminKey}\r\nContent-Length: 1400\r\n\r\n{`,
    );
    const send = () => small.post('/v1/activities', JSON.stringify(anActivity()));
    let response = await send();
    for (const until = Date.now() + 5_000; response.status !== 503 && Date.now() < until;) response = await send();
    expect(response.status).toBe(503);
    socket.destroy();
    for (const until = Date.now() + 5_000; response.status !== 202 && Date.now() < until;) response = await send();
    expect(response.status).toBe(202);
    await small.close();
  });
});

describe('messages', () => {
  test('the filter of a list reaches the ledger', async () => {
    const response = await get(
      '/v1/messages?state=held&cause=mapping/no-route&source=s&kind=contact.home&recordId=r&receivedFrom=2026-05-01T00:00:00Z&before=9&limit=10&patient=00000000-0000-4000-8000-000000000000',
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ messages: [], next: '7' });
    expect(asked.at(-1)).toEqual({
      state: 'held',
      cause: 'mapping/no-route',
      source: 's',
      kind: 'contact.home',
      recordId: 'r',
      receivedFrom: new Date('2026-05-01T00:00:00Z'),
      before: '9',
      limit: 10,
      patientKey: '00000000-0000-4000-8000-000000000000',
    });
  });

  test.each([
    'state=lost',
    'cause=x',
    'limit=0',
    'limit=1e9',
    'receivedFrom=yesterday',
    'mrn=SYN-1',
    'state=held&state=filed',
    'patient=SYN-1',
  ])('a query with %s is 400', async (query) => {
    const response = await get(`/v1/messages?${query}`);
    expect(response.status).toBe(400);
    await problemIn(response);
  });

  test('one message is shown, with its raw bytes only when asked for', async () => {
    expect(await (await get('/v1/messages/7')).json()).not.toHaveProperty('raw');
    expect(await (await get('/v1/messages/7?raw=true')).json()).toMatchObject({ raw: { text: '{"a":1}' } });
    expect((await get('/v1/messages/8')).status).toBe(404);
    expect(await (await get('/v1/unmapped')).json()).toMatchObject({ unmapped: [{ code: 'stones', waiting: 1 }] });
    door.keys.set('writer', { id: 'w', name: 'writer', scopes: ['activities:write'] });
    const refused = await fetch(`${door.url}/v1/unmapped`, { headers: { authorization: 'Bearer writer' } });
    expect(refused.status).toBe(403);
  });

  test('an action is done or told why not', async () => {
    const act = (id: string, action: string) => door.post(`/v1/messages/${id}/${action}`, '');
    expect(await (await act('7', 'retry')).json()).toEqual({ id: '7', state: 'received' });
    const refused = await act('7', 'void');
    expect(refused.status).toBe(409);
    expect((await problemIn(refused)).detail).toBe('It stands in the chart.');
    expect((await act('8', 'retry')).status).toBe(404);
  });
});

describe('operations', () => {
  test('health and readiness are told by status', async () => {
    expect((await get('/healthz', {})).status).toBe(200);
    const ready = await get('/readyz', {});
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ok: false, ledger: 'down' });
  });

  test('metrics are open to this machine, and not through a proxy on it', async () => {
    expect(await (await get('/metrics', {})).text()).toBe('up 1\n');
    expect((await get('/metrics', { 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
    expect(
      (await get('/metrics', { 'x-forwarded-for': '203.0.113.9', authorization: `Bearer ${adminKey}` })).status,
    ).toBe(200);
  });

  test('the OpenAPI document has every route and no dangling reference, and its schemas compile', async () => {
    const document = (await (await get('/openapi.json', {})).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: object }>>;
      components: { schemas: Record<string, object> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/activities', '/v1/sources/{name}', '/v1/messages/{id}/retry', '/readyz']),
    );
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target ?? '');
    for (const target of new Set(references)) {
      let node: unknown = document;
      for (const token of target.replace('#/', '').split('/'))
        node = (node as Record<string, unknown> | undefined)?.[token];
      expect([target, typeof node]).toEqual([target, 'object']);
    }
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'openapi:', ...document });
    const validate = ajv.compile({ $ref: 'openapi:#/components/schemas/Activity' });
    expect(validate(anActivity())).toBe(true);
    expect(validate(anActivity({ details: { outcome: 'nonsense' } }))).toBe(false);
  });

  test('the pages are whole, escaped and need nothing from elsewhere', async () => {
    for (const path of ['/', '/docs']) {
      const response = await get(path, {});
      const html = await response.text();
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(html).not.toMatch(/<script|<style|style=|src="http|undefined|\[object/);
    }
    const docs = await (await get('/docs', {})).text();
    expect(docs).toContain('curl -sS -X POST http://127.0.0.1:8080/v1/activities');
    for (const [, target] of docs.matchAll(/href="#([^"]+)"/g)) expect(docs).toContain(`id="${target}"`);
  });

  test('other methods are 405 with Allow, OPTIONS says what there is, HEAD is GET without a body', async () => {
    const response = await fetch(`${door.url}/v1/activities`, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('OPTIONS, POST');
    const options = await fetch(`${door.url}/v1/messages/1`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const head = await fetch(`${door.url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('what is not there is a problem, without a trace of how it is made', async () => {
    for (const path of ['/nowhere', '/v1/nowhere', '/v1/messages/%E0%A4%A', '/..%2f..%2fetc/passwd']) {
      const response = await get(path);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(response.headers.get('x-powered-by')).toBeNull();
      expect(await problemIn(response)).toHaveProperty('requestId');
    }
  });

  test('the log has routes and statuses, and nothing that was sent', async () => {
    await door.post('/v1/activities?x=MARIA', '{"narrative":{"es":"GUADALUPE"}}', { 'idempotency-key': 'k' });
    const logged = JSON.stringify(door.logged);
    expect(logged).toContain('"route":"/v1/activities"');
    expect(logged).not.toMatch(/MARIA|GUADALUPE|SYN-10023|tjd_/);
  });

  test('closing lets a running request finish and takes no new one', async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const closing = await openDoor({
      deps: {
        accept: async (items) => {
          entered.resolve();
          await gate.promise;
          return items.map(() => ({ id: '1' as never, state: 'received' as const }));
        },
      },
    });
    const running = closing.post('/v1/activities', JSON.stringify(anActivity()));
    await entered.promise;
    const closed = closing.close(5_000);
    await expect(closing.post('/v1/activities', '{}')).rejects.toThrow();
    gate.resolve();
    expect((await running).status).toBe(202);
    await closed;
  });
});
