/** A server that ignores every search parameter, says nothing about it, and has many pages to show. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { fhirDestination } from '../../src/connections/fhir/destination.ts';
import type { FhirDestination } from '../../src/connections/fhir/destination.ts';
import { artifactSystem, configFor, depsForTests, observation, patient, plan, put } from './support/ehr.ts';

let server: Server;
let destination: FhirDestination;
let created = 0;
let searches = 0;
/** What a search by patient answers, when that is honoured. */
let byPatient: readonly unknown[] | undefined;

beforeEach(async () => {
  created = 0;
  searches = 0;
  byPatient = undefined;
  const app = express();
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const resource = ['Observation', 'Patient'].map((type) => ({
    type,
    interaction: ['read', 'create', 'update', 'search-type'].map((code) => ({ code })),
    searchParam: [{ name: 'patient' }],
  }));
  app.get(
    '/fhir/metadata',
    (_, response) =>
      void response.json({
        resourceType: 'CapabilityStatement',
        fhirVersion: '4.0.1',
        rest: [{ mode: 'server', resource }],
      }),
  );
  const everything = (type: string, page: number) => ({
    resourceType: 'Bundle',
    type: 'searchset',
    link: [{ relation: 'next', url: `${baseUrl}/${type}?page=${page + 1}` }],
    entry: [0, 1].map((index) => ({
      resource:
        type === 'Patient'
          ? patient(`x${page}-${index}`, `MRN-x${page}${index}`)
          : { ...observation('theirs', 1), id: `x${page}-${index}`, subject: { reference: 'Patient/px' } },
    })),
  });
  app.get('/fhir/:type', (request, response) => {
    searches += 1;
    response.json(everything(request.params.type, Number(request.query['page'] ?? 0)));
  });
  app.post('/fhir/:type/_search', express.urlencoded(), (request, response) => {
    searches += 1;
    const form = request.body as Record<string, string>;
    if (form['patient'] !== undefined && byPatient !== undefined) {
      response.json({
        resourceType: 'Bundle',
        type: 'searchset',
        entry: byPatient.map((each) => ({ resource: each })),
      });
    } else response.json(everything(request.params.type, 0));
  });
  app.post('/fhir/:type', (request, response) => {
    created += 1;
    response.status(201).location(`${baseUrl}/${request.params.type}/new${created}/_history/1`).json({});
  });
  app.get(
    '/fhir/:type/:id',
    (request, response) =>
      void response.json({
        ...observation('a', 1),
        id: request.params.id,
        identifier: [{ system: artifactSystem, value: 'a.o' }],
      }),
  );
  destination = fhirDestination(configFor(baseUrl), depsForTests);
});
afterEach(async () => {
  await destination.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('row 18: a search that matches everything', () => {
  test('is noticed on its first page, and nothing is written where nothing else can be searched by', async () => {
    const filing = await destination.file(plan([put('a.o', observation('a', 1))]));
    expect(filing.failure?.cause).toBe('send/unsupported');
    expect(created).toBe(0);
    expect(searches).toBe(2);
  });

  test('gives way to the patient’s own resources, read through for our identifier', async () => {
    byPatient = [{ ...observation('b', 1), id: 'o7' }];
    expect((await destination.file(plan([put('a.o', observation('a', 1))]))).links).toMatchObject([
      { action: 'created', reference: 'Observation/new1' },
    ]);
    byPatient = [{ ...observation('a', 1), id: 'new1', identifier: [{ system: artifactSystem, value: 'a.o' }] }];
    expect((await destination.file(plan([put('a.o', observation('a', 1))]))).links).toMatchObject([
      { action: 'unchanged', reference: 'Observation/new1' },
    ]);
    expect(created).toBe(1);
  });

  test('finds no patient', async () => {
    const { outcome } = await destination.findPatient({ source: 's', mrn: 'MRN-1' });
    expect(outcome).toMatchObject({ ok: false, failure: { cause: 'send/unsupported' } });
    expect(searches).toBe(1);
  });

  test('counts nothing for reconciliation', async () => {
    expect(await destination.standing([{ artifact: 'a.o', resourceType: 'Observation' }])).toMatchObject({
      ok: false,
      failure: { cause: 'send/unsupported' },
    });
  });
});
