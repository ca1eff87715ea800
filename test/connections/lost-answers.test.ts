/** The answer is lost, late, or no answer at all: nothing is filed twice, and nothing is forgotten. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import { causeOf } from '../../src/core/causes.ts';
import type { Filing } from '../../src/core/ports.ts';
import { fhirDestination } from '../../src/connections/fhir/destination.ts';
import {
  artifactSystem,
  configFor,
  depsForTests,
  observation,
  ours,
  plan,
  put,
  startEhr,
  visit,
} from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

/** As the pipeline does: again while it is ambiguous or passing, in doubt after the first. */
async function untilSettled(file: (doubt: boolean) => Promise<Filing>, times = 6): Promise<Filing> {
  let filing = await file(false);
  for (let round = 0; round < times && filing.failure !== undefined; round += 1) filing = await file(true);
  return filing;
}

const afterTheRequest: readonly FaultKind[] = [
  'drop-before-commit',
  'drop-after-commit',
  'half-response',
  'hang',
  'hang-after-commit',
  'html-200',
];

describe.each(afterTheRequest)('a write that meets %s', (fault) => {
  test.each([
    ['in a transaction', []],
    ['one by one, without conditional create', ['no-transaction', 'no-batch', 'no-conditional-create']],
  ] as const)('is filed once (%s)', async (_how, quirks) => {
    for (const quirk of quirks) ehr.admin.quirks.set(quirk);
    const destination = ehr.destination({ timeoutMs: 150 }, { circuit: { failures: 99, baseMs: 1, capMs: 1 } });
    ehr.admin.faults.add({ fault, times: 2, on: 'write' });
    const filing = await untilSettled((doubt) => destination.file(plan(visit('v'), doubt)));
    expect(filing.failure).toBeUndefined();
    expect(filing.links).toHaveLength(3);
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
  });
});

describe('a lost answer', () => {
  test('is settled within one call when the EHR answers again', async () => {
    ehr.admin.faults.add({ fault: 'drop-after-commit', times: 1, on: 'POST', path: '' });
    const filing = await ehr.destination().file(plan(visit('v')));
    expect(filing.failure).toBeUndefined();
    expect(filing.exchanges.some(({ error }) => error === 'send/connection-lost')).toBe(true);
    expect(filing.links.map(({ action }) => action)).toEqual(['created', 'created', 'created']);
  });

  test.each(['drop-before-commit', 'drop-after-commit'] as const)(
    'does not make what stood before pass for what was sent (%s)',
    async (fault) => {
      const destination = ehr.destination();
      await destination.file(plan([put('a.o', observation('a', 1)), put('a.p', observation('b', 1))]));
      ehr.admin.faults.add({ fault, times: 1, on: 'POST', path: '' });
      // No known links: an earlier version was filed, and the worker died before it could say so.
      const filing = await destination.file(plan([put('a.o', observation('a', 2)), put('a.p', observation('b', 2))]));
      expect(filing.failure).toBeUndefined();
      expect(ours(ehr, 'Observation').map((one) => one['valueQuantity'])).toEqual([
        expect.objectContaining({ value: 2 }),
        expect.objectContaining({ value: 2 }),
      ]);
    },
  );

  test('that came too late is a timeout, in doubt, and leaves the links it found', async () => {
    ehr.admin.faults.add({ fault: 'hang', times: 1, on: 'write' });
    const filing = await ehr.destination({ timeoutMs: 200 }).file(plan(visit('v')));
    expect(filing.failure?.cause).toBe('send/timeout');
  });

  test('is looked for again while the index lags', async () => {
    ehr.admin.quirks.set('search-lags', 300);
    ehr.admin.quirks.set('no-conditional-create');
    ehr.admin.faults.add({ fault: 'drop-after-commit', times: 1, on: 'write' });
    const destination = ehr.destination({ quirks: { lookAgainMs: [150, 300] } });
    const filing = await destination.file(plan(visit('v')));
    expect(filing.failure).toBeUndefined();
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
  });

  test('to an update is settled by reading', async () => {
    const destination = ehr.destination();
    const first = await destination.file(plan([put('a.o', observation('a', 1))]));
    const known = first.links[0];
    ehr.admin.faults.add({ fault: 'drop-after-commit', times: 1, on: 'PUT' });
    const steps = known === undefined ? [] : [put('a.o', observation('a', 2), known)];
    const second = await destination.file(plan(steps));
    expect(second.failure).toBeUndefined();
    expect(second.links).toMatchObject([{ action: 'updated', versionId: '2' }]);
  });

  test('where the EHR drops our identifiers is not answered by writing again', async () => {
    ehr.admin.quirks.set('drops-identifier');
    const destination = ehr.destination();
    expect((await destination.file(plan([put('a.o', observation('a', 1))]))).failure).toBeUndefined();
    ehr.admin.faults.add({ fault: 'drop-after-commit', times: 1, on: 'POST' });
    const filing = await destination.file(plan([put('b.o', observation('b', 1))]));
    expect(filing.failure).toMatchObject({ cause: 'send/unsupported' });
    expect(ehr.admin.all('Observation')).toHaveLength(2);
    expect((await destination.report()).problems.map(({ cause }) => cause)).toContain('send/duplicates-found');
  });
});

describe('a write that arrives late', () => {
  test('beside the one that was made in doubt of it is found, and marked entered-in-error', async () => {
    ehr.admin.quirks.set('ifnoneexist-ignored');
    const destination = ehr.destination({ quirks: { lookAgainMs: [] } });
    await destination.report();
    ehr.admin.faults.add({ fault: 'latency', value: 200, times: 1, on: 'POST' });
    const seen = ehr.admin.requests().length;
    const filing = destination.file(plan([put('a.o', observation('a', 1))], true));
    while (ehr.admin.requests().length === seen) await new Promise((resolve) => setImmediate(resolve));
    ehr.admin.seed([{ ...observation('a', 1), identifier: [{ system: artifactSystem, value: 'a.o' }] }]);
    expect((await filing).failure).toBeUndefined();
    expect(ehr.admin.counts()).toMatchObject({ Observation: 2 });
    expect(ours(ehr, 'Observation').map((each) => `Observation/${each.id}`)).toEqual([
      (await filing).links[0]?.reference,
    ]);
  });
});

describe('a server in trouble', () => {
  test('a 500 that wrote nothing is found to have written nothing, and is passing', async () => {
    ehr.admin.faults.add({ fault: 'status', value: 500, on: 'write' });
    const filing = await ehr.destination().file(plan(visit('v')));
    expect(filing.failure?.cause).toBe('send/unavailable');
    expect(filing.links).toEqual([]);
  });

  test('a 503 with nothing to look for is passing at once', async () => {
    ehr.admin.faults.add({ fault: 'status', value: 503, on: 'write' });
    const filing = await ehr.destination().file(plan(visit('v')));
    expect(filing.failure?.cause).toBe('send/unavailable');
    expect(filing.exchanges.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('a failure while looking keeps the doubt', async () => {
    await ehr.destination().report();
    const destination = ehr.destination();
    await destination.report();
    ehr.admin.faults.add({ fault: 'status', value: 503, on: 'read' });
    const filing = await destination.file(plan(visit('v'), true));
    expect(causeOf(filing.failure?.cause ?? 'send/auth').class).toBe('ambiguous');
  });

  test('behind a proxy that answers 404 with a page while it is away is not taken for one that cannot search', async () => {
    let away = false;
    const relay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (away) {
        response.writeHead(404, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Error</title>');
        return;
      }
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk as Buffer);
      const method = request.method ?? 'GET';
      const answer = await fetch(new URL(request.url ?? '/', ehr.baseUrl), {
        method,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/fhir+json' },
        ...(method === 'GET' ? {} : { body: Buffer.concat(body) }),
      });
      response.writeHead(answer.status, { 'content-type': 'application/fhir+json' }).end(await answer.text());
    };
    const proxy = createHttpServer((request, response) => void relay(request, response));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const destination = fhirDestination(configFor(`http://127.0.0.1:${port}/fhir`), depsForTests);
    try {
      await destination.report();
      away = true;
      const during = await destination.file(plan(visit('v'), true));
      expect(causeOf(during.failure?.cause ?? 'send/auth').class).toBe('ambiguous');
      away = false;
      const after = await destination.file(plan(visit('v'), true));
      expect(after.failure).toBeUndefined();
      // It still searches by identifier: nothing was learned from the page.
      expect(after.exchanges.some(({ url }) => url.includes('_search'))).toBe(false);
    } finally {
      await destination.close();
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  test('that is away is passing, opens the circuit, and is then not asked at all until a probe', async () => {
    const closedPort = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    let now = 0;
    const destination = fhirDestination(configFor(`http://127.0.0.1:${closedPort}/fhir`), {
      ...depsForTests,
      clock: () => new Date(now),
      circuit: { failures: 2, baseMs: 1000, capMs: 1000 },
    });
    const once = (): Promise<Filing> => destination.file(plan(visit('v')));
    expect((await once()).failure?.cause).toBe('send/connection-refused');
    await once();
    expect(destination.state().state).toBe('open');
    const held = await once();
    expect(held).toMatchObject({ exchanges: [], failure: { cause: 'send/unavailable' } });
    expect(held.failure?.retryAfterMs).toBeGreaterThan(0);
    now = 5000;
    expect((await once()).exchanges).toHaveLength(1);
    expect(destination.state().state).toBe('open');
    await destination.close();
  });

  test('that is not asked at all, or cannot be reached, leaves a doubt standing', async () => {
    const destination = ehr.destination();
    ehr.admin.faults.add({ fault: 'status', value: 429, times: 1 });
    const unreached = await destination.file(plan(visit('v'), true));
    destination.pause('maintenance');
    const unasked = await destination.file(plan(visit('v'), true));
    for (const { failure } of [unreached, unasked])
      expect(causeOf(failure?.cause ?? 'send/auth').class).toBe('ambiguous');
    expect(unasked.failure?.retryAfterMs).toBeGreaterThan(0);
  });

  test('a pause holds everything until it is resumed', async () => {
    const destination = ehr.destination();
    destination.pause('maintenance');
    expect(await destination.file(plan(visit('v')))).toMatchObject({
      exchanges: [],
      failure: { cause: 'send/unavailable' },
    });
    expect((await destination.findPatient({ source: 's', mrn: 'MRN-1' })).outcome.ok).toBe(false);
    destination.resume();
    expect((await destination.file(plan(visit('v')))).failure).toBeUndefined();
  });

  test('a stop in the middle of a write is in doubt, not lost', async () => {
    const destination = ehr.destination();
    await destination.report();
    ehr.admin.faults.add({ fault: 'hang-after-commit', times: 1, on: 'write' });
    const stop = new AbortController();
    const filing = destination.file(plan(visit('v')), stop.signal);
    while (ehr.writes().length === 0 && ours(ehr, 'Encounter').length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    const ended = await filing;
    expect(causeOf(ended.failure?.cause ?? 'send/auth').class).toBe('ambiguous');
    expect(destination.state().state).toBe('closed');
    expect((await destination.file(plan(visit('v'), true))).links).toHaveLength(3);
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
  });
});
