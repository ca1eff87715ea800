import { expect, test } from '@jest/globals';
import { startHook, until } from './hook.ts';
import { at, bench, bundleOf, once, observation, patient } from './support.ts';
import type { Json } from './support.ts';

const { server, call } = await bench();
const { admin } = server.sandbox;
const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

test('a rest-hook fires on create, update and delete of what meets its criteria, and on nothing else', async () => {
  const hook = await startHook();
  const made = await call('POST', '/Subscription', { body: hook.subscription('Observation?status=final') });
  expect([made.status, made.json['status']]).toEqual([201, 'active']);
  await call('POST', '/', {
    body: bundleOf([once(patient()), once(observation('no', { status: 'preliminary' })), once(observation('yes'))]),
  });
  await until(() => hook.got.length === 1);
  const id = String(at(hook.got[0]?.body, 'id'));
  await call('PUT', `/Observation/${id}`, { body: { ...observation('yes', { issued: '2026-05-06T00:00:00Z' }), id } });
  await until(() => hook.got.length === 2);
  await call('DELETE', `/Observation/${id}`);
  await until(() => hook.got.length === 3);
  expect(at(hook.got[1]?.body, 'meta', 'versionId')).toBe('2');
  expect([hook.got[2]?.body, hook.got[2]?.headers['x-medplum-deleted-resource']]).toEqual([{}, `Observation/${id}`]);
  await hook.close();
});

test('a transaction that is rolled back tells nobody', async () => {
  const hook = await startHook();
  await call('POST', '/Subscription', { body: hook.subscription('Patient') });
  await call('POST', '/', {
    body: bundleOf([once(patient('lost')), once(observation('o', { subject: { reference: 'Patient/nobody' } }))]),
  });
  await call('POST', '/Patient', { body: patient('told') });
  await until(() => hook.got.length > 0);
  expect(hook.got.map(({ body }) => at(body, 'identifier', 0, 'value'))).toEqual(['told']);
  await hook.close();
});

test('a hook that answers 500 is tried at about 0, 1.2 and 3.4 seconds, then given up', async () => {
  const hook = await startHook([500]);
  await call('POST', '/Subscription', { body: hook.subscription('Patient') });
  const began = Date.now();
  await call('POST', '/Patient', { body: patient() });
  await until(() => hook.got.length === 3);
  const times = hook.got.map(({ at }) => at - began);
  expect(times[0]).toBeLessThan(700);
  expect(times[1]).toBeGreaterThanOrEqual(1150);
  expect(times[2]).toBeGreaterThanOrEqual(3300);
  expect(times[2]).toBeLessThan(6000);
  await hook.close();
});

test('a backport subscription shakes hands, then sends ids only, counts its events, and answers $status', async () => {
  const hook = await startHook();
  const body: Json = {
    ...hook.subscription('https://tejido.dev/topics/patients', {
      payload: 'application/fhir+json',
      header: ['x-secret: abc'],
      _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode: 'id-only' }] },
    }),
    _criteria: { extension: [{ url: `${backport}/backport-filter-criteria`, valueString: 'Patient?gender=female' }] },
  };
  const { json } = await call('POST', '/Subscription', { body });
  await until(() => hook.got.length === 1);
  expect(at(hook.got[0]?.body, 'entry', 0, 'resource', 'parameter', 3, 'valueCode')).toBe('handshake');
  const [ana] = admin.seed([
    { resourceType: 'Patient', gender: 'female' },
    { resourceType: 'Patient', gender: 'male' },
  ]);
  await until(() => hook.got.length === 2);
  const notice = hook.got[1];
  expect([at(notice?.body, 'type'), notice?.headers['x-secret']]).toEqual(['history', 'abc']);
  expect(at(notice?.body, 'entry', 0, 'resource', 'parameter', 4, 'valueString')).toBe('1');
  expect(at(notice?.body, 'entry', 1, 'fullUrl')).toBe(`${server.url}/Patient/${String(ana?.id)}`);
  expect(at(notice?.body, 'entry', 1, 'resource')).toBeUndefined();
  const status = await call('GET', `/Subscription/${String(json['id'])}/$status`);
  expect(at(status.json, 'entry', 0, 'resource', 'parameter', 4, 'valueString')).toBe('1');
  await hook.close();
});

test.each([
  ['an address that is not loopback', { endpoint: 'https://example.org/hook' }],
  ['another channel', { type: 'email' }],
])('%s is refused', async (_, channel) => {
  const body = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'x',
    criteria: 'Patient',
    channel: { type: 'rest-hook', endpoint: 'http://127.0.0.1:1/', ...channel },
  };
  expect((await call('POST', '/Subscription', { body })).status).toBe(422);
  expect(admin.counts()).toEqual({});
});
