import { expect, test } from '@jest/globals';
import { at, bench, bundleOf, observation, once, patient, statuses } from './support.ts';

const { server, call } = await bench();
const { admin } = server.sandbox;
const urn = (n: number) => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`;

const visit = () =>
  bundleOf([
    once(observation('o1', { subject: { reference: urn(1) }, hasMember: [{ reference: urn(2) }] })),
    once(observation('o2', { subject: { reference: 'Patient?identifier=urn:t|1' } }), { fullUrl: urn(2) }),
    once(patient('1'), { fullUrl: urn(1) }),
  ]);

test('a transaction resolves references between its entries, and conditional ones to what it makes itself', async () => {
  const reply = await call('POST', '/', { body: visit() });
  expect([reply.status, reply.json['type'], ...statuses(reply)]).toEqual([
    200,
    'transaction-response',
    '201',
    '201',
    '201',
  ]);
  const who = at(admin.all('Patient'), 0, 'id');
  const [first, second] = ['o1', 'o2'].map((value) =>
    admin.all('Observation').find((one) => at(one, 'identifier', 0, 'value') === value),
  );
  expect(at(first, 'subject', 'reference')).toBe(`Patient/${String(who)}`);
  expect(at(second, 'subject', 'reference')).toBe(`Patient/${String(who)}`);
  expect(at(first, 'hasMember', 0, 'reference')).toBe(`Observation/${String(second?.id)}`);
  expect(at(reply.json, 'entry', 1, 'response', 'location')).toBe(`Observation/${String(second?.id)}/_history/1`);
  expect(at(reply.json, 'entry', 1, 'response', 'etag')).toBe('W/"1"');
});

test('sent again it answers 200 for each entry and writes nothing', async () => {
  const first = await call('POST', '/', { body: visit() });
  const again = await call('POST', '/', { body: visit() });
  expect(statuses(again)).toEqual(['200', '200', '200']);
  expect(at(again.json, 'entry', 0, 'response', 'location')).toBe(at(first.json, 'entry', 0, 'response', 'location'));
  expect(admin.counts()).toEqual({ Patient: 1, Observation: 2 });
});

test('two hundred at once leave one of each', async () => {
  await Promise.all(Array.from({ length: 200 }, () => call('POST', '/', { body: visit() })));
  expect(admin.counts()).toEqual({ Patient: 1, Observation: 2 });
});

test('when the last entry fails, nothing of the transaction stands, updates and deletions included, and the entry is named', async () => {
  const [kept, doomed] = admin.seed([
    { resourceType: 'Patient', ...patient('a') },
    { resourceType: 'Patient', ...patient('b') },
  ]);
  const before = JSON.stringify([admin.all(), admin.history('Patient', String(kept?.id)).length]);
  const reply = await call('POST', '/', {
    body: bundleOf([
      once(patient('c')),
      { method: 'PUT', url: `Patient/${String(kept?.id)}`, resource: { ...patient('changed'), id: kept?.id } },
      { method: 'DELETE', url: `Patient/${String(doomed?.id)}` },
      once(observation('o', { subject: { reference: 'Patient/nobody' } })),
    ]),
  });
  expect([reply.status, reply.json['resourceType']]).toEqual([400, 'OperationOutcome']);
  expect(JSON.stringify([admin.all(), admin.history('Patient', String(kept?.id)).length])).toBe(before);
  expect((await call('GET', '/Patient?identifier=urn:t|a')).json['total']).toBe(1);
  expect((await call('GET', '/Patient?identifier=urn:t|changed')).json['total']).toBe(0);
  const malformed = await call('POST', '/', {
    body: bundleOf([
      once(patient('d')),
      { method: 'PUT', url: 'Patient/none', resource: { ...patient(), id: 'none' } },
    ]),
  });
  expect([malformed.status, at(malformed.json, 'issue', 0, 'expression', 0)]).toEqual([404, 'Bundle.entry[1]']);
  expect(JSON.stringify([admin.all(), admin.history('Patient', String(kept?.id)).length])).toBe(before);
});

test('ifMatch holds for each entry', async () => {
  const [one] = admin.seed([{ resourceType: 'Patient', ...patient('a') }]);
  const put = (ifMatch: string) =>
    call('POST', '/', {
      body: bundleOf([
        { method: 'PUT', url: `Patient/${String(one?.id)}`, resource: { ...patient('a'), id: one?.id }, ifMatch },
        once(patient('b')),
      ]),
    });
  expect((await put('W/"7"')).status).toBe(412);
  expect(admin.counts()).toEqual({ Patient: 1 });
  expect(statuses(await put('W/"1"'))).toEqual(['200', '201']);
});

test.each([
  ['a urn that no entry has', [once(observation('o', { subject: { reference: urn(9) } }))], 400],
  [
    'a conditional reference that matches nothing',
    [once(observation('o', { subject: { reference: 'Patient?identifier=urn:t|9' } }))],
    412,
  ],
  ['an unknown parameter in a condition', [{ resource: patient(), ifNoneExist: 'colour=green' }], 400],
  [
    'two entries for one resource',
    [
      { method: 'DELETE', url: 'Patient/x' },
      { method: 'DELETE', url: 'Patient/x' },
    ],
    400,
  ],
  ['an unknown type', [{ resource: { resourceType: 'Nothing' } }], 404],
  ['an entry without a resource', [{ url: 'Patient' }], 400],
  ['no entries', [], 400],
])('%s refuses the whole', async (_, entries, status) => {
  admin.seed([{ resourceType: 'Patient', id: 'x' }]);
  const reply = await call('POST', '/', { body: bundleOf([...entries]) });
  expect([reply.status, reply.json['resourceType']]).toEqual([status, 'OperationOutcome']);
  expect(admin.counts()).toEqual({ Patient: 1 });
});

test('a transaction patches, updates by condition, reads and searches', async () => {
  admin.seed([{ resourceType: 'Patient', id: 'x', ...patient('x') }]);
  const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/gender', value: 'female' }])).toString('base64');
  const reply = await call('POST', '/', {
    body: bundleOf([
      { method: 'GET', url: 'Patient?gender=female' },
      {
        method: 'PATCH',
        url: 'Patient/x',
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
      },
      { method: 'PUT', url: 'Patient?identifier=urn:t|new', resource: patient('new') },
    ]),
    headers: { prefer: 'return=representation' },
  });
  expect(statuses(reply)).toEqual(['200', '200', '201']);
  expect(at(reply.json, 'entry', 0, 'resource', 'total')).toBe(1);
  expect(at(reply.json, 'entry', 1, 'resource', 'gender')).toBe('female');
});

test('a batch answers for each entry', async () => {
  const reply = await call('POST', '/', {
    body: bundleOf(
      [
        once(patient('1')),
        { url: 'Nothing', resource: { resourceType: 'Nothing' } },
        { method: 'GET', url: 'Patient/none' },
      ],
      'batch',
    ),
  });
  expect([reply.json['type'], ...statuses(reply)]).toEqual(['batch-response', '201', '404', '404']);
  expect(admin.counts()).toEqual({ Patient: 1 });
});
