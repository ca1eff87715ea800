import { expect, test } from '@jest/globals';
import { request } from 'node:http';
import { faultTable } from '../../src/sandbox/faults.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import { bench, bundleOf, once, patient } from './support.ts';
import { until } from './hook.ts';

const dice = { next: 0 };
const { server, call } = await bench({ random: () => dice.next });
const { admin } = server.sandbox;

type Wire = { readonly status?: number; readonly body: string; readonly broke?: string; readonly length?: number };

/** One POST on a connection of its own, told as it happened on the wire; given up after `patienceMs`. */
function wire(fault: string, patienceMs = 3000): Promise<Wire> {
  return new Promise((resolve) => {
    let body = '';
    let status: number | undefined;
    let length: number | undefined;
    const done = (broke?: string) => {
      sent.destroy();
      resolve({
        body,
        ...(status === undefined ? {} : { status }),
        ...(length === undefined ? {} : { length }),
        ...(broke === undefined ? {} : { broke }),
      });
    };
    const headers = { 'content-type': 'application/fhir+json', 'x-sandbox-fault': fault };
    const sent = request(`${server.url}/`, { method: 'POST', headers, agent: false }, (answer) => {
      status = answer.statusCode ?? 0;
      length = Number(answer.headers['content-length']);
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (body += part));
      answer.on('end', () => done());
      answer.on('error', () => done('in the answer'));
    });
    sent.on('error', () => done('without an answer'));
    sent.setTimeout(patienceMs, () => done('silence'));
    sent.end(JSON.stringify(bundleOf([once(patient())])));
  });
}

const shows: Record<FaultKind, () => Promise<void>> = {
  latency: async () => {
    const began = Date.now();
    expect((await wire('latency=120')).status).toBe(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(118);
  },
  status: async () => {
    for (const status of [500, 502, 503, 429]) expect((await wire(`status=${status}`)).status).toBe(status);
    expect(admin.counts()).toEqual({});
  },
  'drop-before-commit': async () => {
    expect(await wire('drop-before-commit')).toEqual({ body: '', broke: 'without an answer' });
    expect(admin.counts()).toEqual({});
  },
  'drop-after-commit': async () => {
    expect(await wire('drop-after-commit')).toEqual({ body: '', broke: 'without an answer' });
    expect(admin.counts()).toEqual({ Patient: 1 });
  },
  'half-response': async () => {
    const { status, body, broke, length } = await wire('half-response');
    expect([status, broke, admin.counts()]).toEqual([200, 'in the answer', { Patient: 1 }]);
    expect(body.length).toBeGreaterThan(0);
    expect(body.length).toBeLessThan(length ?? 0);
  },
  hang: async () => {
    expect((await wire('hang', 150)).broke).toBe('silence');
    expect(admin.counts()).toEqual({});
  },
  'hang-after-commit': async () => {
    expect((await wire('hang-after-commit', 300)).broke).toBe('silence');
    await until(() => admin.counts()['Patient'] === 1);
  },
  'html-200': async () => {
    const { status, body } = await wire('html-200');
    expect([status, body.startsWith('<!doctype html>'), admin.counts()]).toEqual([200, true, {}]);
  },
};

test.each(Object.entries(faultTable))('%s: %s', async (kind) => {
  await shows[kind as FaultKind]();
});

test('a fault set for a number of times strikes so often, and only where it is meant to', async () => {
  await call('PUT', '/$sandbox/faults', {
    body: { fault: 'status', value: 502, times: 2, on: 'write', path: 'Patient' },
  });
  const post = async () => (await call('POST', '/Patient', { body: patient() })).status;
  expect((await call('GET', '/Patient')).status).toBe(200);
  expect((await call('POST', '/Observation', { body: {} })).status).toBe(400);
  expect([await post(), await post(), await post()]).toEqual([502, 502, 201]);
  expect((await call('GET', '/$sandbox/faults')).json['on']).toEqual([]);
});

test('a fault with a chance asks the dice', async () => {
  admin.faults.add({ fault: 'status', value: 500, p: 0.1 });
  dice.next = 0.05;
  expect((await call('GET', '/Patient')).status).toBe(500);
  dice.next = 0.5;
  expect((await call('GET', '/Patient')).status).toBe(200);
});

test('a fault can ride in the quirk header, and an unknown one is refused', async () => {
  expect((await call('GET', '/Patient', { quirk: 'no-total, fault=status:503;times=1' })).status).toBe(503);
  expect((await call('GET', '/Patient', { fault: 'earthquake' })).status).toBe(400);
});
