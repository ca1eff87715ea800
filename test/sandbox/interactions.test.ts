import { describe, expect, test } from '@jest/globals';
import { at, bench, observation, patient } from './support.ts';

const { server, call } = await bench();
const { admin } = server.sandbox;

describe('one resource', () => {
  test('a create answers 201 with Location, ETag and Last-Modified, and the resource can be read at its version', async () => {
    const made = await call('POST', '/Patient', { body: patient() });
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBe('W/"1"');
    expect(made.headers.get('last-modified')).toBeTruthy();
    const location = made.headers.get('location') ?? '';
    expect(location).toBe(`${server.url}/Patient/${String(made.json['id'])}/_history/1`);
    expect((await call('GET', location)).json).toEqual(made.json);
    expect((await call('GET', `/Patient/${String(made.json['id'])}`)).json).toEqual(made.json);
  });

  test('an update makes a new version, and history lists both, newest first, at every read', async () => {
    const { json } = await call('POST', '/Patient', { body: patient() });
    const url = `/Patient/${String(json['id'])}`;
    const updated = await call('PUT', url, { body: { ...json, gender: 'female' }, headers: { 'if-match': 'W/"1"' } });
    expect([updated.status, updated.headers.get('etag')]).toEqual([200, 'W/"2"']);
    for (let i = 0; i < 3; i++) {
      const history = await call('GET', `${url}/_history`);
      expect([0, 1].map((n) => at(history.json, 'entry', n, 'resource', 'meta', 'versionId'))).toEqual(['2', '1']);
    }
    expect(at((await call('GET', `${url}/_history/1`)).json, 'gender')).toBeUndefined();
  });

  test.each(['PUT', 'PATCH', 'DELETE'])('%s with a stale If-Match answers 412 and changes nothing', async (method) => {
    const { json } = await call('POST', '/Patient', { body: patient() });
    const url = `/Patient/${String(json['id'])}`;
    await call('PUT', url, { body: { ...json, gender: 'female' } });
    const body = method === 'PUT' ? { ...json, gender: 'male' } : [{ op: 'replace', path: '/gender', value: 'male' }];
    for (const stale of ['W/"1"', '1']) {
      const refused = await call(method, url, {
        ...(method === 'DELETE' ? {} : { body }),
        headers: { 'if-match': stale },
      });
      expect(refused.status).toBe(412);
    }
    expect(at((await call('GET', url)).json, 'gender')).toBe('female');
  });

  test('a JSON Patch is applied, and one that does not fit is refused whole', async () => {
    const { json } = await call('POST', '/Patient', { body: patient() });
    const url = `/Patient/${String(json['id'])}`;
    const patched = await call('PATCH', url, { body: [{ op: 'add', path: '/gender', value: 'female' }] });
    expect([patched.status, patched.json['gender']]).toEqual([200, 'female']);
    const failed = await call('PATCH', url, {
      body: [
        { op: 'replace', path: '/gender', value: 'male' },
        { op: 'remove', path: '/photo/0' },
      ],
    });
    expect(failed.status).toBe(422);
    expect((await call('GET', url)).json['gender']).toBe('female');
  });

  test('a deleted resource is gone (410), one that never was is not found (404), and a PUT revives the deleted one', async () => {
    const { json } = await call('POST', '/Patient', { body: patient() });
    const url = `/Patient/${String(json['id'])}`;
    expect((await call('DELETE', url)).status).toBe(204);
    expect((await call('GET', url)).status).toBe(410);
    expect((await call('DELETE', url)).status).toBe(204);
    expect((await call('GET', '/Patient/nobody')).status).toBe(404);
    expect((await call('GET', '/Patient?identifier=urn:t|1')).json['total']).toBe(0);
    const revived = await call('PUT', url, { body: json });
    expect([revived.status, revived.headers.get('etag')]).toEqual([200, 'W/"3"']);
    expect(at((await call('GET', `${url}/_history`)).json, 'entry', 1, 'request', 'method')).toBe('DELETE');
  });

  test('a PUT to an id of the client is refused', async () => {
    expect((await call('PUT', '/Patient/mine', { body: patient('1', { id: 'mine' }) })).status).toBe(404);
    expect(admin.counts()).toEqual({});
  });

  test('Prefer decides what comes back', async () => {
    const ask = (prefer: string) =>
      call('POST', '/Patient', { body: patient(), headers: { prefer: `return=${prefer}` } });
    expect((await ask('minimal')).text).toBe('');
    expect((await ask('representation')).json['resourceType']).toBe('Patient');
    expect((await ask('OperationOutcome')).json['resourceType']).toBe('OperationOutcome');
  });
});

describe('conditions', () => {
  test('a conditional create makes it once, then answers 200, and 412 when two match', async () => {
    const headers = { 'if-none-exist': 'identifier=urn:t|1' };
    expect((await call('POST', '/Patient', { body: patient(), headers })).status).toBe(201);
    expect((await call('POST', '/Patient', { body: patient(), headers })).status).toBe(200);
    expect(admin.counts()).toEqual({ Patient: 1 });
    await call('POST', '/Patient', { body: patient() });
    expect((await call('POST', '/Patient', { body: patient(), headers })).status).toBe(412);
    expect(admin.counts()).toEqual({ Patient: 2 });
  });

  test('of fifty conditional creates at once, one creates', async () => {
    const headers = { 'if-none-exist': 'identifier=urn:t|1' };
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => call('POST', '/Patient', { body: patient(), headers })),
    );
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(admin.counts()).toEqual({ Patient: 1 });
  });

  test('a conditional update creates, updates, or refuses', async () => {
    const put = () => call('PUT', '/Patient?identifier=urn:t|1', { body: patient() });
    expect((await put()).status).toBe(201);
    expect((await put()).status).toBe(200);
    await call('POST', '/Patient', { body: patient() });
    expect((await put()).status).toBe(412);
  });

  test('conditional patch and delete act on the one match; without criteria they are refused', async () => {
    await call('POST', '/Patient', { body: patient() });
    const patch = [{ op: 'add', path: '/gender', value: 'female' }];
    expect((await call('PATCH', '/Patient?identifier=urn:t|1', { body: patch })).json['gender']).toBe('female');
    expect((await call('PATCH', '/Patient?identifier=urn:t|2', { body: patch })).status).toBe(404);
    expect((await call('DELETE', '/Patient')).status).toBe(412);
    expect((await call('DELETE', '/Patient?identifier=urn:t|2')).status).toBe(204);
    expect(admin.counts()).toEqual({ Patient: 1 });
    expect((await call('DELETE', '/Patient?identifier=urn:t|1')).status).toBe(204);
    expect(admin.counts()).toEqual({});
  });
});

describe('what is refused, and how', () => {
  test.each([
    ['malformed JSON', 400, () => call('POST', '/Patient', { body: '{"resourceType":' })],
    ['another type than the address', 400, () => call('POST', '/Patient', { body: observation() })],
    ['a list instead of a resource', 400, () => call('POST', '/Patient', { body: '[]' })],
    [
      'a wrong content type',
      415,
      () => call('POST', '/Patient', { body: '<Patient/>', headers: { 'content-type': 'application/fhir+xml' } }),
    ],
    ['XML asked for', 406, () => call('GET', '/Patient', { headers: { accept: 'application/fhir+xml' } })],
    ['XML asked for by _format', 406, () => call('GET', '/Patient?_format=xml')],
    ['an unknown type', 404, () => call('GET', '/Nothing')],
    ['an unknown parameter', 400, () => call('GET', '/Patient?colour=green')],
    [
      'a reference that leads nowhere',
      400,
      () => call('POST', '/Observation', { body: observation('o', { subject: { reference: 'Patient/nobody' } }) }),
    ],
    ['a patch that is no list', 400, () => call('PATCH', '/Patient/1', { body: {} })],
    ['an unknown quirk', 400, () => call('GET', '/Patient', { quirk: 'colour' })],
    ['an address that is not well encoded', 400, () => call('GET', '/Patient/%E0%A4%A')],
  ] as const)('%s: %i with an OperationOutcome', async (_, status, ask) => {
    const reply = await ask();
    expect([reply.status, reply.json['resourceType']]).toEqual([status, 'OperationOutcome']);
    expect(admin.counts()).toEqual({});
  });
});

describe('what it says of itself', () => {
  test('metadata lists what it does', async () => {
    const { json } = await call('GET', '/metadata');
    expect([json['resourceType'], json['fhirVersion'], at(json, 'rest', 0, 'interaction', 0, 'code')]).toEqual([
      'CapabilityStatement',
      '4.0.1',
      'transaction',
    ]);
    const resources = at(json, 'rest', 0, 'resource');
    const task = Array.isArray(resources) ? resources.find((one) => at(one, 'type') === 'Task') : undefined;
    expect(task).toMatchObject({ conditionalCreate: true, updateCreate: false, versioning: 'versioned-update' });
  });

  test('smart-configuration names the token endpoint', async () => {
    expect((await call('GET', '/.well-known/smart-configuration')).json['token_endpoint']).toBe(
      `${server.url}/oauth/token`,
    );
  });
});
