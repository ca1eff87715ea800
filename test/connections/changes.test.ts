import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { configFor, depsForTests, type Ehr, patient, startEhr } from './support/ehr.ts';
import { fhirDestination } from '../../src/connections/fhir/destination.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

const appointment = (id: string, more: Record<string, unknown> = {}) => ({
  resourceType: 'Appointment',
  id,
  status: 'noshow',
  participant: [{ actor: { reference: 'Patient/p1' }, status: 'accepted' }],
  ...more,
});

describe('what has changed since', () => {
  test('is found over all pages, each once, though pages overlap', async () => {
    ehr.admin.seed(Array.from({ length: 23 }, (_, index) => appointment(`a${index}`)));
    ehr.admin.quirks.set('page-size', 5);
    ehr.admin.quirks.set('pages-overlap');
    const found = await ehr.destination().changedSince('Appointment', new Date(Date.now() - 60_000));
    if (!found.ok) throw new Error(found.failure.detail);
    expect(found.value.map(({ reference }) => reference).toSorted()).toEqual(
      Array.from({ length: 23 }, (_, index) => `Appointment/a${index}`).toSorted(),
    );
    expect(found.value[0]).toMatchObject({ patient: 'Patient/p1', versionId: '1', lastUpdated: expect.any(Date) });
    const later = await ehr.destination().changedSince('Appointment', new Date(Date.now() + 60_000));
    expect(later).toEqual({ ok: true, value: [] });
  });

  test('leaves out what is about no patient of this server', async () => {
    ehr.admin.seed([
      patient('p2', 'MRN-2'),
      appointment('own', { participant: [{ actor: { reference: `${ehr.baseUrl}/Patient/p2` }, status: 'accepted' }] }),
      appointment('none', { participant: [{ actor: { display: 'x' }, status: 'accepted' }] }),
    ]);
    const found = await ehr.destination().changedSince('Appointment', new Date(Date.now() - 60_000));
    expect(found.ok && found.value.map(({ reference, patient: of }) => [reference, of])).toEqual([
      ['Appointment/own', 'Patient/p2'],
    ]);
  });
});

test('a server that does not heed _lastUpdated is not believed', async () => {
  const old = { ...appointment('old'), meta: { versionId: '1', lastUpdated: '2020-01-01T00:00:00Z' } };
  const server = createServer((_, res) => {
    res.setHeader('content-type', 'application/fhir+json');
    res.end(JSON.stringify({ resourceType: 'Bundle', type: 'searchset', entry: [{ resource: old }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const destination = fhirDestination(configFor(baseUrl), depsForTests);
  const found = await destination.changedSince('Appointment', new Date('2026-05-06T00:00:00Z'));
  expect(found).toMatchObject({ ok: false, failure: { cause: 'send/unsupported' } });
  await destination.close();
  server.closeAllConnections();
  server.close();
});
