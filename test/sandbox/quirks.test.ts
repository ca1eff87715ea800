import { describe, expect, test } from '@jest/globals';
import { quirkTable } from '../../src/sandbox/quirks.ts';
import type { QuirkName } from '../../src/sandbox/quirks.ts';
import { startSandboxServer } from '../../src/sandbox/server.ts';
import { at, bench, bundleOf, clientOf, observation, once, patient, statuses } from './support.ts';
import type { Json } from './support.ts';
import { startHook, until } from './hook.ts';

const { server, call } = await bench({
  random: (() => {
    let n = 0;
    return () => (n = (n + 0.37) % 1);
  })(),
  validate: (resource) =>
    resource['status'] === 'odd' ? [{ where: 'status', what: 'unknown code', code: 'code-invalid' }] : [],
});
const { admin } = server.sandbox;

const seeded = (more: Json = {}): string => {
  admin.seed([{ resourceType: 'Patient', id: 'x', ...patient('x'), ...more }]);
  return '/Patient/x';
};
const post = (body: Json, quirk: string, headers: Readonly<Record<string, string>> = {}) =>
  call('POST', '/', { body, quirk, headers });
const many = (n: number) => Array.from({ length: n }, (_, i) => once(patient(String(i))));
const gets = (path: string, quirk?: string) => call('GET', path, quirk === undefined ? {} : { quirk });

/** What each switch does, against what happens without it. The type makes the table complete. */
const shows: Record<QuirkName, () => Promise<void>> = {
  'conditional-race': async () => {
    const at8 = await Promise.all(many(8).map((entry) => post(bundleOf([entry]), 'conditional-race=0.9')));
    const failed = at8.filter(({ status }) => status !== 200);
    expect(failed.length).toBeGreaterThan(1);
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([400, 409]));
    expect(failed.every(({ text }) => /Assigned ID is already in use|could not serialize/.test(text))).toBe(true);
    expect(admin.counts()).toEqual({ Patient: 8 - failed.length });
    expect((await post(bundleOf([once(patient('alone'))]), 'conditional-race=1')).status).toBe(200);
  },
  'transaction-entry-limit': async () => {
    expect((await post(bundleOf(many(8)), 'transaction-entry-limit')).status).toBe(200);
    const refused = await post(bundleOf(many(9)), 'transaction-entry-limit');
    expect([refused.status, /strict isolation/.test(refused.text)]).toEqual([400, true]);
    expect((await post(bundleOf(many(9)), '-transaction-entry-limit')).status).toBe(200);
  },
  'put-limit': async () => {
    const puts = (n: number) =>
      bundleOf(
        Array.from({ length: n }, (_, i) => ({
          method: 'PUT',
          url: `Patient?identifier=urn:t|${i}`,
          resource: patient(String(i)),
        })),
      );
    expect((await post(puts(3), 'put-limit=3')).status).toBe(200);
    expect((await post(puts(4), 'put-limit=3')).status).toBe(400);
  },
  'transaction-as-batch': async () => {
    const mixed = bundleOf([once(patient('1')), once(observation('o', { subject: { reference: 'Patient/nobody' } }))]);
    expect((await post(mixed, '')).status).toBe(400);
    const reply = await post(mixed, 'transaction-as-batch');
    expect([reply.status, reply.json['type'], ...statuses(reply)]).toEqual([200, 'transaction-response', '201', '400']);
    expect(admin.counts()).toEqual({ Patient: 1 });
  },
  'no-failing-entry': async () => {
    const reply = await post(
      bundleOf([once(patient('1')), { resource: { resourceType: 'Nothing' } }]),
      'no-failing-entry',
    );
    expect([reply.status, at(reply.json, 'issue', 0, 'expression')]).toEqual([404, undefined]);
  },
  'no-entry-etag': async () => {
    const reply = await post(bundleOf(many(1)), 'no-entry-etag');
    expect(Object.keys(at(reply.json, 'entry', 0, 'response') as Json).toSorted()).toEqual(['location', 'status']);
  },
  'minimal-empty-body': async () => {
    const reply = await post(bundleOf(many(1)), 'minimal-empty-body', { prefer: 'return=minimal' });
    expect([reply.status, reply.text, admin.counts()]).toEqual([200, '', { Patient: 1 }]);
    expect((await post(bundleOf(many(1)), '', { prefer: 'return=minimal' })).json['type']).toBe('transaction-response');
  },
  'ifnoneexist-ignored': async () => {
    for (let i = 0; i < 2; i++) expect(statuses(await post(bundleOf(many(1)), 'ifnoneexist-ignored'))).toEqual(['201']);
    await call('POST', '/Patient', {
      body: patient('0'),
      headers: { 'if-none-exist': 'identifier=urn:t|0' },
      quirk: 'ifnoneexist-ignored',
    });
    expect(admin.counts()).toEqual({ Patient: 3 });
  },
  'conditional-create-duplicates-race': async () => {
    const headers = { 'if-none-exist': 'identifier=urn:t|0' };
    const quirk = 'conditional-create-duplicates-race';
    const replies = await Promise.all([
      post(bundleOf(many(1)), quirk),
      post(bundleOf(many(1)), quirk),
      call('POST', '/Patient', { body: patient('0'), headers, quirk }),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 201]);
    expect(admin.counts()).toEqual({ Patient: 3 });
    expect((await call('POST', '/Patient', { body: patient('0'), headers, quirk })).status).toBe(412);
  },
  'if-match-ignored': async () => {
    const url = seeded();
    const quirk = 'if-match-ignored';
    const patch = [{ op: 'add', path: '/gender', value: 'female' }];
    expect((await call('PATCH', url, { body: patch, headers: { 'if-match': 'W/"9"' }, quirk })).status).toBe(200);
    expect(
      (await call('PUT', url, { body: { ...patient(), id: 'x' }, headers: { 'if-match': '9' }, quirk })).status,
    ).toBe(200);
    expect(
      (await call('PUT', url, { body: { ...patient(), id: 'x' }, headers: { 'if-match': 'W/"9"' }, quirk })).status,
    ).toBe(412);
    expect((await call('DELETE', url, { headers: { 'if-match': 'W/"9"' }, quirk })).status).toBe(204);
  },
  'noop-put-keeps-version': async () => {
    const { json } = await call('GET', seeded());
    expect((await call('PUT', '/Patient/x', { body: json, quirk: 'noop-put-keeps-version' })).headers.get('etag')).toBe(
      'W/"1"',
    );
    expect(
      (
        await call('PUT', '/Patient/x', { body: { ...json, active: true }, quirk: 'noop-put-keeps-version' })
      ).headers.get('etag'),
    ).toBe('W/"2"');
  },
  'noop-put-bumps-version': async () => {
    const { json } = await call('GET', seeded());
    const quirk = 'noop-put-keeps-version, noop-put-bumps-version';
    expect((await call('PUT', '/Patient/x', { body: json, quirk })).headers.get('etag')).toBe('W/"2"');
  },
  'client-ids-refused': async () => {
    const put = (quirk: string) => call('PUT', '/Patient/new', { body: { ...patient(), id: 'new' }, quirk });
    expect([(await put('client-ids-refused')).status, (await put('client-ids-refused=400')).status]).toEqual([
      404, 400,
    ]);
  },
  'client-ids-accepted': async () => {
    expect(
      (await call('PUT', '/Patient/new', { body: { ...patient(), id: 'new' }, quirk: 'client-ids-accepted' })).status,
    ).toBe(201);
    expect((await gets('/Patient/new')).status).toBe(200);
  },
  'bindings-unchecked': async () => {
    const body = observation('o', { status: 'odd' });
    expect((await call('POST', '/Observation', { body })).status).toBe(422);
    expect((await call('POST', '/Observation', { body, quirk: 'bindings-unchecked' })).status).toBe(201);
  },
  'dangling-refs-accepted': async () => {
    const urn = 'urn:uuid:00000000-0000-4000-8000-000000000009';
    for (const reference of ['Patient/nobody', urn]) {
      const body = bundleOf([once(observation(reference, { subject: { reference } }))]);
      expect([(await post(body, '')).status, (await post(body, 'dangling-refs-accepted')).status]).toEqual([400, 200]);
    }
    expect(admin.all('Observation').map((one) => at(one, 'subject', 'reference'))).toEqual(['Patient/nobody', urn]);
  },
  'conditional-refs-as-text': async () => {
    seeded();
    const reference = 'Patient?identifier=urn:t|x';
    await post(bundleOf([once(observation('1', { subject: { reference } }))]), 'conditional-refs-as-text');
    await post(bundleOf([once(observation('2', { subject: { reference } }))]), '');
    expect(admin.all('Observation').map((one) => at(one, 'subject', 'reference'))).toEqual([reference, 'Patient/x']);
  },
  'deleted-404': async () => {
    await call('DELETE', seeded());
    expect((await gets('/Patient/x', 'deleted-404')).status).toBe(404);
  },
  'deleted-410': async () => {
    await call('DELETE', seeded());
    expect((await gets('/Patient/x', 'deleted-404, deleted-410')).status).toBe(410);
  },
  quota: async () => {
    admin.quirks.set('quota', 250);
    const replies = [];
    for (let i = 0; i < 3; i++) replies.push(await call('POST', '/Patient', { body: patient(String(i)) }));
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 429]);
    const header = replies[2]?.headers;
    expect(header?.get('ratelimit')).toMatch(/;r=50;t=(60|59)$/);
    expect(header?.get('retry-after')).toBeNull();
  },
  'retry-after': async () => {
    const reply = await call('GET', '/Patient', { quirk: 'quota=0, retry-after=7' });
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '7']);
    expect(
      (await call('GET', '/Patient', { quirk: 'retry-after=7', fault: 'status=429' })).headers.get('retry-after'),
    ).toBe('7');
  },
  'bad-secret-400': async () => {
    const wrong = (quirk?: string) =>
      call('POST', '/oauth/token', {
        body: 'grant_type=client_credentials&client_id=a&client_secret=b',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(quirk ? { quirk } : {}),
      });
    const [usual, odd] = [await wrong(), await wrong('bad-secret-400')];
    expect([usual.status, usual.json['error'], odd.status, odd.json['error']]).toEqual([
      401,
      'invalid_client',
      400,
      'invalid_request',
    ]);
  },
  'tracing-extension': async () => {
    const reply = await gets('/Patient/none', 'tracing-extension');
    expect(at(reply.json, 'extension', 0, 'extension', 0, 'url')).toBe('requestId');
  },
  'token-seconds': async () => {
    admin.register({ clientId: 'a', secret: 'b' });
    const ask = (quirk: string) =>
      call('POST', '/oauth/token', {
        body: 'grant_type=client_credentials&client_id=a&client_secret=b&scope=system/*.rs',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        quirk,
      });
    expect([(await ask('')).json['expires_in'], (await ask('token-seconds')).json['expires_in']]).toEqual([300, 3600]);
  },
  'assertion-replay-accepted': async () => {
    // Needs real keys: see oauth.test.ts.
    expect(quirkTable.some(({ name }) => name === 'assertion-replay-accepted')).toBe(true);
  },
  'unknown-param-ignored': async () => {
    seeded();
    const reply = await gets('/Patient?colour=green', 'unknown-param-ignored');
    expect([reply.status, reply.json['total'], at(reply.json, 'link', 0, 'url')]).toEqual([
      200,
      1,
      `${server.url}/Patient`,
    ]);
    const condition = {
      body: patient('new'),
      headers: { 'if-none-exist': 'colour=green' },
      quirk: 'unknown-param-ignored',
    };
    expect((await call('POST', '/Patient', condition)).status).toBe(200);
  },
  'unknown-param-refused': async () => {
    expect((await gets('/Patient?colour=green', 'unknown-param-ignored, unknown-param-refused')).status).toBe(400);
  },
  'last-updated-before-commit': async () => {
    const slow = call('POST', '/Patient', { body: patient('slow'), quirk: 'last-updated-before-commit=150' });
    const sentAt = new Date(Date.now() + 40).toISOString();
    await until(() => new Date().toISOString() > sentAt);
    const quick = await call('POST', '/Patient', { body: patient('quick') });
    const cursor = String(at(quick.json, 'meta', 'lastUpdated'));
    const { json } = await slow;
    expect(String(at(json, 'meta', 'lastUpdated')) < cursor).toBe(true);
    expect((await gets(`/Patient?_lastUpdated=gt${cursor}`)).json['total']).toBe(0);
    expect(admin.counts()).toEqual({ Patient: 2 });
  },
  'hook-delay': async () => {
    const hook = await startHook();
    await call('POST', '/Subscription', { body: hook.subscription('Patient') });
    const began = Date.now();
    await call('POST', '/Patient', { body: patient(), quirk: 'hook-delay=120' });
    await until(() => hook.got.length === 1);
    expect(Date.now() - began).toBeGreaterThanOrEqual(118);
    await hook.close();
  },
  'hooks-lost': async () => {
    const hook = await startHook();
    await call('POST', '/Subscription', { body: hook.subscription('Patient') });
    await call('POST', '/Patient', { body: patient('lost'), quirk: 'hooks-lost' });
    await call('POST', '/Patient', { body: patient('told') });
    await until(() => hook.got.length > 0);
    expect(hook.got.map(({ body }) => at(body, 'identifier', 0, 'value'))).toEqual(['told']);
    await hook.close();
  },
  'hook-deletes-silent': async () => {
    const hook = await startHook();
    await call('POST', '/Subscription', { body: hook.subscription('Patient') });
    seeded();
    await call('DELETE', '/Patient/x', { quirk: 'hook-deletes-silent' });
    await call('PUT', '/Patient/x', { body: { ...patient('back'), id: 'x' } });
    await until(() => hook.got.length === 2);
    expect(new Set(hook.got.map(({ body }) => at(body, 'identifier', 0, 'value')))).toEqual(new Set(['back', 'x']));
    await hook.close();
  },
  'no-history': async () => {
    seeded();
    expect([
      (await gets('/Patient/x/_history', 'no-history')).status,
      (await gets('/Patient/x/_history/1', 'no-history')).status,
    ]).toEqual([404, 404]);
    expect((await gets('/Patient/x/_history')).status).toBe(200);
  },
  'no-total': async () => {
    seeded();
    expect((await gets('/Patient', 'no-total')).json['total']).toBeUndefined();
    expect((await gets('/Patient?_total=accurate', 'no-total')).json['total']).toBe(1);
  },
  'page-size': async () => {
    admin.seed(Array.from({ length: 5 }, (_, i) => ({ resourceType: 'Patient', id: `p${i}` })));
    const reply = await gets('/Patient?_count=100', 'page-size=2');
    expect([at(reply.json, 'entry', 'length'), at(reply.json, 'link', 1, 'relation')]).toEqual([2, 'next']);
  },
  'history-order-flip': async () => {
    seeded();
    await call('PUT', '/Patient/x', { body: { ...patient('x'), id: 'x' } });
    const first = async () =>
      at((await gets('/Patient/x/_history', 'history-order-flip')).json, 'entry', 0, 'resource', 'meta', 'versionId');
    const orders = [await first(), await first(), await first()];
    expect(orders[0]).not.toBe(orders[1]);
    expect(orders[0]).toBe(orders[2]);
  },
  'drops-identifier': async () => {
    expect(
      (await call('POST', '/Patient', { body: patient(), quirk: 'drops-identifier' })).json['identifier'],
    ).toBeUndefined();
    expect((await gets('/Patient?identifier=urn:t|1')).json['total']).toBe(0);
  },
  'drops-tags': async () => {
    const { json } = await call('POST', '/Patient', {
      body: patient('1', { meta: { tag: [{ code: 'a' }], source: 'urn:s' } }),
      quirk: 'drops-tags',
    });
    expect([at(json, 'meta', 'tag'), at(json, 'meta', 'source')]).toEqual([undefined, 'urn:s']);
  },
  'search-lags': async () => {
    await call('POST', '/Patient', { body: patient() });
    expect((await gets('/Patient?identifier=urn:t|1', 'search-lags=60000')).json['total']).toBe(0);
    expect((await gets('/Patient?identifier=urn:t|1')).json['total']).toBe(1);
    expect(
      (
        await call('POST', '/Patient', {
          body: patient(),
          headers: { 'if-none-exist': 'identifier=urn:t|1' },
          quirk: 'search-lags=60000',
        })
      ).status,
    ).toBe(200);
  },
  'conditional-lags': async () => {
    await call('POST', '/Patient', { body: patient() });
    expect(
      (
        await call('POST', '/Patient', {
          body: patient(),
          headers: { 'if-none-exist': 'identifier=urn:t|1' },
          quirk: 'conditional-lags=60000',
        })
      ).status,
    ).toBe(201);
  },
  'no-conditional-create': async () => {
    seeded();
    const make = () =>
      call('POST', '/Patient', {
        body: patient('x'),
        headers: { 'if-none-exist': 'identifier=urn:t|x' },
        quirk: 'no-conditional-create',
      });
    expect((await make()).status).toBe(201);
    expect(
      at((await gets('/metadata', 'no-conditional-create')).json, 'rest', 0, 'resource', 0, 'conditionalCreate'),
    ).toBe(false);
  },
  'no-transaction': async () => {
    expect((await post(bundleOf(many(1)), 'no-transaction')).status).toBe(400);
    expect((await gets('/metadata', 'no-transaction')).text).not.toContain('"transaction"');
    expect((await post({ ...bundleOf(many(1)), type: 'batch' }, 'no-transaction')).status).toBe(200);
  },
  'no-batch': async () => {
    expect((await post({ ...bundleOf(many(1)), type: 'batch' }, 'no-batch')).status).toBe(400);
    expect((await post(bundleOf(many(1)), 'no-batch')).status).toBe(200);
  },
  'read-only': async () => {
    const quirk = 'read-only=Goal+Patient';
    expect((await call('POST', '/Patient', { body: patient(), quirk })).status).toBe(405);
    expect((await post(bundleOf(many(1)), quirk)).status).toBe(405);
    expect((await call('POST', '/Observation', { body: observation(), quirk })).status).toBe(201);
  },
  'pages-overlap': async () => {
    admin.seed(Array.from({ length: 5 }, (_, i) => ({ resourceType: 'Patient', id: `p${i}` })));
    const first = await gets('/Patient?_count=2', 'pages-overlap');
    const second = await gets(String(at(first.json, 'link', 1, 'url')), 'pages-overlap');
    expect(at(second.json, 'entry', 0, 'resource', 'id')).toBe(at(first.json, 'entry', 1, 'resource', 'id'));
  },
  'not-acceptable-empty': async () => {
    const reply = await call('GET', '/Patient', { headers: { accept: 'text/csv' }, quirk: 'not-acceptable-empty' });
    expect([reply.status, reply.text]).toEqual([406, '']);
  },
};

describe('each quirk does what its line in the table says', () => {
  test.each(quirkTable.map(({ name, says }) => [name, says] as const))('%s: %s', async (name) => {
    await shows[name]();
  });
});

test('quirks are switched on for everyone through $sandbox, listed with the table, and switched off', async () => {
  seeded();
  const put = await call('PUT', '/$sandbox/quirks', { body: { 'no-total': true, 'page-size': 3 } });
  expect(put.json['on']).toEqual({ 'no-total': true, 'page-size': 3 });
  expect((await gets('/Patient')).json['total']).toBeUndefined();
  expect((await gets('/Patient', '-no-total')).json['total']).toBe(1);
  const wrong = await call('PUT', '/$sandbox/quirks', { body: { 'page-size': false, colour: true } });
  expect([wrong.status, (await gets('/$sandbox/quirks')).json['on']]).toEqual([
    400,
    { 'no-total': true, 'page-size': 3 },
  ]);
  await call('DELETE', '/$sandbox/quirks');
  expect((await gets('/Patient')).json['total']).toBe(1);
});

test('it can wear the statement of a real EHR: what that one does not list is refused', async () => {
  const epic: Json = {
    resourceType: 'CapabilityStatement',
    rest: [
      {
        mode: 'server',
        resource: [
          { type: 'Task', interaction: [{ code: 'read' }, { code: 'update' }] },
          {
            type: 'Patient',
            interaction: [{ code: 'create' }, { code: 'search-type' }],
            searchParam: [{ name: 'identifier', type: 'token' }],
          },
        ],
      },
    ],
  };
  const worn = await startSandboxServer({ capability: epic as never });
  const ask = clientOf(worn.url);
  expect((await ask('GET', '/metadata')).json).toEqual(epic);
  expect((await ask('POST', '/Task', { body: { resourceType: 'Task' } })).status).toBe(405);
  expect((await ask('POST', '/CarePlan', { body: { resourceType: 'CarePlan' } })).status).toBe(404);
  expect((await ask('POST', '/', { body: bundleOf([once(patient())]) })).status).toBe(405);
  const twice = { body: patient(), headers: { 'if-none-exist': 'identifier=urn:t|1' } };
  expect([(await ask('POST', '/Patient', twice)).status, (await ask('POST', '/Patient', twice)).status]).toEqual([
    201, 201,
  ]);
  expect((await ask('GET', '/Patient?birthdate=1961')).status).toBe(400);
  await worn.close();
});
