/** Reading laboratory reports of servers that include nothing, refuse or ignore parameters, and close single resources. */
import { afterEach, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fhirDestination, type FhirDestination } from '../../src/connections/fhir/destination.ts';
import type { Resource } from '../../src/core/ports.ts';
import { aReport, aResult } from '../support/fhir-labs.ts';
import { configFor, depsForTests } from './support/ehr.ts';

type Answer = { readonly status?: number; readonly body: unknown };
type Script = (type: string, id: string | undefined, query: URLSearchParams) => Answer;

let server: Server | undefined;
let destination: FhirDestination | undefined;
afterEach(async () => {
  await destination?.close();
  server?.closeAllConnections();
  await new Promise<void>((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
});

/** A server that answers as it is told; what it was asked. */
async function scripted(script: Script) {
  const asked: string[] = [];
  const made = createServer((req, res) => {
    const url = new URL(req.url ?? '', 'http://x');
    asked.push(decodeURIComponent(`${url.pathname.slice(6)}${url.search}`));
    const [type = '', id] = url.pathname.slice(6).split('/');
    const { status = 200, body } = script(type, id, url.searchParams);
    res.writeHead(status, { 'content-type': 'application/fhir+json' });
    res.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    made.listen(0, '127.0.0.1', resolve);
  });
  server = made;
  const baseUrl = `http://127.0.0.1:${(made.address() as AddressInfo).port}/fhir`;
  destination = fhirDestination(configFor(baseUrl), depsForTests);
  return { asked, labs: destination.labs };
}

const bundle = (resources: readonly Resource[]): Answer => ({
  body: { resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) },
});
const outcome = (status: number): Answer => ({
  status,
  body: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: status === 410 ? 'deleted' : 'invalid' }],
  },
});
const at = (one: Resource, lastUpdated: string): Resource => ({ ...one, meta: { versionId: '1', lastUpdated } });
const since = new Date('2026-05-04T00:00:00Z');
const now = '2026-05-04T20:00:00Z';
const ask = { since, categories: ['LAB'] };

const matches = async (
  found: (take: (finds: { matches: readonly Resource[] }) => Promise<void>) => Promise<unknown>,
) => {
  const ids: unknown[] = [];
  const ended = await found((finds) => {
    ids.push(...finds.matches.map(({ id }) => id));
    return Promise.resolve();
  });
  return { ids, ended };
};

test('a server that refuses _include is asked without it, from then on', async () => {
  const { asked, labs } = await scripted((_, __, query) =>
    query.has('_include') ? outcome(400) : bundle([at(aReport('r1', ['o1']), now)]),
  );
  for (const _ of [1, 2]) {
    const { ids, ended } = await matches((take) => labs.changed('DiagnosticReport', ask, take));
    expect([ids, ended]).toEqual([['r1'], { ok: true, value: undefined }]);
  }
  expect(asked.map((one) => one.includes('_include'))).toEqual([true, false, false]);
});

test('a server that does not heed _lastUpdated is not believed, and nothing of it is taken', async () => {
  const { labs } = await scripted(() =>
    bundle([at(aReport('old', []), '2020-01-01T00:00:00Z'), at(aReport('r1', []), now)]),
  );
  const { ids, ended } = await matches((take) => labs.changed('DiagnosticReport', ask, take));
  expect(ids).toEqual([]);
  expect(ended).toMatchObject({ ok: false, failure: { cause: 'send/unsupported' } });
});

test('a server that does not heed the category shows other reports: they are left out', async () => {
  const radiology = { category: [{ coding: [{ system: 'urn:x', code: 'RAD' }] }] };
  const { labs } = await scripted(() => bundle([at(aReport('r1', []), now), at(aReport('x', [], radiology), now)]));
  const { ids } = await matches((take) => labs.changed('DiagnosticReport', ask, take));
  expect(ids).toEqual(['r1']);
});

test('a search that is not allowed is no refusal of the credentials: filing goes on', async () => {
  const { labs } = await scripted(() => outcome(403));
  const { ended } = await matches((take) => labs.changed('DiagnosticReport', ask, take));
  expect(ended).toMatchObject({ ok: false, failure: { cause: 'send/refused' } });
  expect(destination?.state()).toMatchObject({ state: 'closed' });
});

test('what did not come with a report is read, together where that works, and what is closed or gone is left out', async () => {
  const stands = new Map([aResult('o1', 7.9), aResult('o2', 8)].map((one) => [one.id, one]));
  const { asked, labs } = await scripted((type, id, query) => {
    if (type === 'Observation' && id === undefined)
      return bundle(query.get('_id')?.includes('o1') === true ? [aResult('o1', 7.9)] : []);
    if (id === 'o4') return outcome(410);
    if (type !== 'Observation') return outcome(403);
    const one = stands.get(id);
    return one === undefined ? outcome(403) : { body: one };
  });
  const got = await labs.around([aReport('r1', ['o1', 'o2', 'o3', 'o4'])], []);
  if (!got.ok) throw new Error(got.failure.detail);
  expect([...got.value.resources.keys()].toSorted()).toEqual([
    'DiagnosticReport/r1',
    'Observation/o1',
    'Observation/o2',
  ]);
  expect([...got.value.gone]).toEqual(['Observation/o4']);
  expect(asked.filter((one) => one === 'Observation/o1')).toEqual([]);
});

test('while a server cannot answer, nothing is taken for closed or gone', async () => {
  const { labs } = await scripted(() => outcome(503));
  expect(await labs.around([aReport('r1', ['o1'])], [])).toMatchObject({ ok: false });
});

test('a search by the result that is not heeded is no answer', async () => {
  const { labs } = await scripted(() => bundle([at(aReport('other', ['x']), now)]));
  const found = await labs.referring('DiagnosticReport', 'result', ['Observation/o1']);
  expect(found).toMatchObject({ ok: false, failure: { cause: 'send/unsupported' } });
});
