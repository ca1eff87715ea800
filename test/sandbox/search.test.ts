import { beforeEach, describe, expect, test } from '@jest/globals';
import { at, bench, observation, patient } from './support.ts';
import { until } from './hook.ts';
import type { Reply } from './support.ts';

const { server, call } = await bench();

const ids = (reply: Reply): readonly unknown[] => {
  const entries = reply.json['entry'];
  return Array.isArray(entries) ? entries.map((entry) => at(entry, 'resource', 'id')) : [];
};

beforeEach(() => {
  server.sandbox.admin.seed([
    {
      id: 'ana',
      resourceType: 'Patient',
      ...patient('1', { gender: 'female', meta: { tag: [{ system: 'urn:g', code: 'a' }] } }),
    },
    {
      id: 'luis',
      resourceType: 'Patient',
      ...patient('2', { name: [{ family: 'Peña', given: ['Luis'] }], birthDate: '1970-06-30' }),
    },
    {
      id: 'bp',
      resourceType: 'Observation',
      ...observation('o1', {
        subject: { reference: 'Patient/ana' },
        effectiveDateTime: '2026-05-06T18:05:00-05:00',
        valueQuantity: { value: 128, unit: 'mmHg' },
      }),
    },
    {
      id: 'hr',
      resourceType: 'Observation',
      ...observation('o2', {
        subject: { reference: 'Patient/luis' },
        effectiveDateTime: '2026-05-07',
        valueQuantity: { value: 70 },
      }),
    },
  ]);
});

test.each([
  ['Patient?identifier=urn:t|1', ['ana']],
  ['Patient?identifier=2', ['luis']],
  ['Patient?identifier=urn:t|1,urn:t|2', ['ana', 'luis']],
  ['Patient?identifier=urn:other|1', []],
  ['Patient?identifier=urn:t|1&birthdate=1961-03-02', ['ana']],
  ['Patient?identifier=urn:t|1&birthdate=1961-03-03', []],
  ['Patient?_id=luis', ['luis']],
  ['Patient?_tag=urn:g|a', ['ana']],
  ['Patient?family=nun', ['ana']],
  ['Patient?family:exact=nun', []],
  ['Patient?family:contains=EÑ', ['luis']],
  ['Patient?gender:missing=true', ['luis']],
  ['Patient?gender:not=female', ['luis']],
  ['Patient?birthdate=ge1962', ['luis']],
  ['Patient?birthdate=lt1962-01&birthdate=gt1960', ['ana']],
  ['Observation?patient=ana', ['bp']],
  ['Observation?patient=Patient/luis', ['hr']],
  ['Observation?subject:Patient=ana', ['bp']],
  ['Observation?patient.identifier=urn:t|2', ['hr']],
  ['Observation?code=http://loinc.org|8867-4&date=2026-05-06', ['bp']],
  ['Observation?date=ge2026-05-07', ['hr']],
  ['Observation?value-quantity=gt100', ['bp']],
  ['Observation?value-quantity=70', ['hr']],
  ['Observation?status=final,amended', ['bp', 'hr']],
] as const)('%s finds %j', async (query, expected) => {
  const reply = await call('GET', `/${query}`);
  expect(reply.status).toBe(200);
  expect(new Set(ids(reply))).toEqual(new Set<unknown>(expected));
  expect(ids(reply)).toHaveLength(expected.length);
  const [type = '', form = ''] = query.split('?');
  const posted = await call('POST', `/${type}/_search`, {
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(ids(posted)).toEqual(ids(reply));
});

describe('the answer', () => {
  test('the self link repeats the parameters that were understood', async () => {
    const strict = await call('GET', '/Patient?identifier=urn:t|1');
    expect(at(strict.json, 'link', 0, 'url')).toBe(`${server.url}/Patient?identifier=urn%3At%7C1`);
    const lenient = await call('GET', '/Patient?colour=green&gender=female', {
      headers: { prefer: 'handling=lenient' },
    });
    expect(at(lenient.json, 'link', 0, 'url')).toBe(`${server.url}/Patient?gender=female`);
  });

  test('included resources come with their mode, in both directions', async () => {
    const reply = await call('GET', '/Observation?patient=ana&_include=Observation:subject');
    expect([
      at(reply.json, 'entry', 1, 'resource', 'id'),
      at(reply.json, 'entry', 1, 'search', 'mode'),
      reply.json['total'],
    ]).toEqual(['ana', 'include', 1]);
    expect(ids(await call('GET', '/Patient?_id=luis&_revinclude=Observation:patient'))).toEqual(['luis', 'hr']);
  });

  test('what matched is not included once more', async () => {
    server.sandbox.admin.seed([
      {
        id: 'panel',
        resourceType: 'Observation',
        ...observation('o3', { hasMember: [{ reference: 'Observation/hr' }] }),
      },
    ]);
    const reply = await call('GET', '/Observation?_id=panel,hr&_include=Observation:has-member');
    expect(ids(reply)).toEqual(['panel', 'hr']);
  });

  test('_summary=count and _count=0 give the number alone', async () => {
    for (const query of ['_summary=count', '_count=0']) {
      const { json } = await call('GET', `/Observation?${query}`);
      expect([json['total'], json['entry']]).toEqual([2, undefined]);
    }
  });

  test('sorted pages follow each other by next links, without loss or repetition', async () => {
    server.sandbox.admin.seed(
      Array.from({ length: 45 }, (_, i) => ({ resourceType: 'Patient', id: `p${i}`, birthDate: `19${10 + i}-01-01` })),
    );
    const seen: unknown[] = [];
    let next: unknown = '/Patient?birthdate=lt1955&_sort=-birthdate&_count=10';
    for (let pages = 0; typeof next === 'string'; pages++) {
      const reply = await call('GET', next);
      seen.push(...ids(reply));
      const links = reply.json['link'];
      next = Array.isArray(links)
        ? at(
            links.find((link) => at(link, 'relation') === 'next'),
            'url',
          )
        : undefined;
      expect(pages).toBeLessThan(6);
    }
    expect(seen).toEqual(Array.from({ length: 45 }, (_, i) => `p${44 - i}`));
  });

  test('_lastUpdated gives what changed since, oldest first', async () => {
    const before = new Date(Date.now() + 1).toISOString();
    await until(() => new Date().toISOString() > before);
    await call('PUT', '/Patient/ana', { body: { ...patient('1'), id: 'ana' } });
    expect(ids(await call('GET', `/Patient?_lastUpdated=gt${before}&_sort=_lastUpdated`))).toEqual(['ana']);
    expect(ids(await call('GET', '/Patient?_sort=_lastUpdated'))).toEqual(['luis', 'ana']);
    expect(ids(await call('GET', '/Patient?_sort=-_lastUpdated'))).toEqual(['ana', 'luis']);
  });

  test('_elements cuts the resource down and says so', async () => {
    const { json } = await call('GET', '/Patient?_id=ana&_elements=birthDate');
    expect(at(json, 'entry', 0, 'resource')).toMatchObject({ id: 'ana', birthDate: '1961-03-02' });
    expect(at(json, 'entry', 0, 'resource', 'name')).toBeUndefined();
  });
});
