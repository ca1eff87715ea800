/** SMART Backend Services against a token endpoint in this process that verifies signatures. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import type { JWTPayload, JSONWebKeySet } from 'jose';
import type { FhirAuth, SmartKey } from '../../src/connections/fhir/config.ts';
import { observation, plan, put, startEhr } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

const clientId = 'tejido';

async function key(kid: string, alg: 'RS384' | 'ES384', as: 'pem' | 'jwk' = 'pem'): Promise<SmartKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  if (as === 'jwk') return { kid, alg, jwk: { ...(await exportJWK(privateKey)) } };
  return { kid, alg, pem: await exportPKCS8(privateKey) };
}

type Endpoint = {
  readonly url: string;
  readonly assertions: { payload: JWTPayload; kid: string | undefined; alg: string }[];
  trusts: JSONWebKeySet;
  lifeSeconds: number;
  now: () => Date;
  granted: string;
  /** Answers instead of a token. */
  refuse: { status: number; body: unknown } | undefined;
  readonly close: () => Promise<void>;
};

async function tokenEndpoint(): Promise<Endpoint> {
  const app = express();
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const endpoint: Endpoint = {
    url,
    assertions: [],
    trusts: { keys: [] },
    lifeSeconds: 300,
    now: () => new Date(),
    granted: 'system/*.cruds',
    refuse: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  app.post('/token', express.urlencoded(), async (request, response) => {
    if (endpoint.refuse !== undefined) {
      response.status(endpoint.refuse.status).json(endpoint.refuse.body);
      return;
    }
    const form = request.body as Record<string, string>;
    try {
      const { payload, protectedHeader } = await jwtVerify(
        form['client_assertion'] ?? '',
        createLocalJWKSet(endpoint.trusts),
        {
          issuer: clientId,
          subject: clientId,
          audience: url,
          algorithms: ['RS384', 'ES384'],
          maxTokenAge: 300,
          currentDate: endpoint.now(),
          requiredClaims: ['jti', 'exp'],
        },
      );
      endpoint.assertions.push({ payload, kid: protectedHeader.kid, alg: protectedHeader.alg });
      response.json({
        access_token: 'good-token',
        token_type: 'Bearer',
        expires_in: endpoint.lifeSeconds,
        scope: endpoint.granted,
      });
    } catch {
      response.status(401).json({ error: 'invalid_client' });
    }
  });
  return endpoint;
}

let endpoint: Endpoint;
let ehr: Ehr;
beforeEach(async () => {
  endpoint = await tokenEndpoint();
  ehr = await startEhr({ auth: { required: true, tokens: ['good-token'] } });
});
afterEach(async () => {
  await ehr.close();
  await endpoint.close();
});

const smart = (
  privateKeys: readonly SmartKey[],
  more: Partial<Extract<FhirAuth, { kind: 'smart' }>> = {},
): FhirAuth => ({
  kind: 'smart',
  clientId,
  tokenUrl: endpoint.url,
  privateKeys,
  scope: 'system/*.cruds',
  ...more,
});
const one = (artifact: string) => plan([put(artifact, observation('a', 1))]);

describe.each(['RS384', 'ES384'] as const)('an assertion signed with %s', (alg) => {
  test.each(['pem', 'jwk'] as const)('from a %s buys a token that files', async (as) => {
    const destination = ehr.destination({ auth: smart([await key('k1', alg, as)]) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    const filing = await destination.file(one('a.o'));
    expect(filing.failure).toBeUndefined();
    const [assertion] = endpoint.assertions;
    expect(assertion).toMatchObject({ kid: 'k1', alg, payload: { iss: clientId, sub: clientId, aud: endpoint.url } });
    const { exp = 0, iat = 0 } = assertion?.payload ?? {};
    expect(exp - iat).toBeLessThanOrEqual(300);
  });
});

describe('tokens', () => {
  test('are asked for once by many at the same time, and used until shortly before their end', async () => {
    let now = Date.now();
    endpoint.now = () => new Date(now);
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) }, { clock: () => new Date(now) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    await Promise.all(['a', 'b', 'c'].map((each) => destination.file(one(each))));
    expect(endpoint.assertions).toHaveLength(1);
    now += 265_000;
    await destination.file(one('d'));
    expect(endpoint.assertions).toHaveLength(1);
    now += 6_000;
    await Promise.all(['e', 'f', 'g'].map((each) => destination.file(one(each))));
    expect(endpoint.assertions).toHaveLength(2);
  });

  test('row 17: a fresh jti each time', async () => {
    endpoint.lifeSeconds = 1;
    let now = Date.now();
    endpoint.now = () => new Date(now);
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) }, { clock: () => new Date(now) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    for (const each of ['a', 'b', 'c']) {
      expect((await destination.file(one(each))).failure).toBeUndefined();
      now += 1000;
    }
    expect(endpoint.assertions.length).toBeGreaterThanOrEqual(3);
    expect(new Set(endpoint.assertions.map(({ payload }) => payload.jti)).size).toBe(endpoint.assertions.length);
  });

  test('that the EHR no longer takes are renewed once, and filing goes on', async () => {
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    await destination.file(one('a'));
    ehr.admin.faults.add({ fault: 'status', value: 401, times: 1, on: 'write' });
    expect((await destination.file(one('b'))).failure).toBeUndefined();
    expect(endpoint.assertions).toHaveLength(2);
  });

  test('the endpoint is discovered when it is not configured', async () => {
    const { tokenUrl: _none, ...auth } = smart([await key('k1', 'ES384')]) as Extract<FhirAuth, { kind: 'smart' }>;
    const destination = ehr.destination({ auth });
    const filing = await destination.file(one('a'));
    const asked = filing.exchanges.map(({ url }) => url.replace(ehr.baseUrl, ''));
    expect(asked[0]).toBe('/.well-known/smart-configuration');
    expect(asked[1]).toContain('token');
  });

  test('leave no secret in what is recorded', async () => {
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    const filing = await destination.file(one('a'));
    const recorded = JSON.stringify(filing.exchanges);
    expect(recorded).toContain('client_credentials');
    expect(recorded).not.toContain('good-token');
    expect(recorded).not.toContain('eyJ');
  });
});

describe('credentials that are refused', () => {
  test.each([
    ['row 15: 400 invalid_request', 400, { error: 'invalid_request' }],
    ['400 invalid_client', 400, { error: 'invalid_client' }],
    ['401', 401, { error: 'invalid_client' }],
    ['403', 403, {}],
  ])('%s pauses the destination, once, until it is resumed', async (_name, status, body) => {
    endpoint.refuse = { status, body };
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    expect((await destination.file(one('a'))).failure?.cause).toBe('send/auth');
    expect(destination.state()).toMatchObject({ state: 'paused', cause: 'send/auth' });
    expect(await destination.file(one('a'))).toMatchObject({ exchanges: [], failure: { cause: 'send/auth' } });
    endpoint.refuse = undefined;
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    destination.resume();
    expect((await destination.file(one('a'))).failure).toBeUndefined();
  });

  test.each([500, 503, 429])('a token endpoint that answers %i is passing', async (status) => {
    endpoint.refuse = { status, body: {} };
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    expect((await destination.file(one('a'))).failure?.cause).toBe(
      status === 429 ? 'send/throttled' : 'send/unavailable',
    );
    expect(destination.state().state).toBe('closed');
  });

  test('a wrong static token pauses too', async () => {
    const destination = ehr.destination({ auth: { kind: 'bearer', token: 'wrong' } });
    expect((await destination.file(one('a'))).failure?.cause).toBe('send/auth');
    expect(destination.state().state).toBe('paused');
  });

  test('a private key that cannot be read says which one', async () => {
    const destination = ehr.destination({ auth: smart([{ kid: 'k9', alg: 'ES384', pem: 'nonsense' }]) });
    expect((await destination.file(one('a'))).failure).toMatchObject({
      cause: 'send/auth',
      detail: expect.stringContaining('k9') as unknown,
    });
  });
});

describe('keys', () => {
  test('in rotation are all published, public halves only, and the first signs', async () => {
    const keys = [await key('new', 'ES384'), await key('old', 'RS384'), await key('older', 'RS384', 'jwk')];
    const destination = ehr.destination({ auth: smart(keys) });
    const published = (await destination.jwks?.()) ?? { keys: [] };
    expect(published.keys.map(({ kid, alg }) => [kid, alg])).toEqual([
      ['new', 'ES384'],
      ['old', 'RS384'],
      ['older', 'RS384'],
    ]);
    for (const each of published.keys)
      expect(Object.keys(each).filter((part) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].includes(part))).toEqual(
        [],
      );
    endpoint.trusts = published;
    await destination.file(one('a'));
    expect(endpoint.assertions[0]?.kid).toBe('new');
  });
});

describe('scopes', () => {
  test('that were not granted are a problem in the report', async () => {
    endpoint.granted = 'system/Patient.rs system/Observation.cruds';
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    const report = await destination.report();
    const problem = report.problems.find(({ detail }) => detail.includes('do not let us write'));
    expect(problem?.detail).toContain('Encounter');
    expect(problem?.detail).not.toContain('Observation');
    expect(report.auth).toContain('system/Patient.rs');
  });

  test('that were not granted leave a type to a person, unasked, and the destination open for others', async () => {
    endpoint.granted = 'system/Patient.rs system/Observation.cruds';
    const destination = ehr.destination({ auth: smart([await key('k1', 'ES384')]) });
    endpoint.trusts = (await destination.jwks?.()) ?? { keys: [] };
    const task = put('a.t', { resourceType: 'Task', status: 'requested', intent: 'order' });
    const filing = await destination.file(plan([task]));
    expect(filing.failure).toBeUndefined();
    expect(filing.links).toMatchObject([{ artifact: 'a.t', resourceType: 'Task', tier: 'work-list' }]);
    expect(filing.workList).toMatchObject([{ do: 'enter', artifact: 'a.by-hand' }]);
    expect(destination.state().state).toBe('closed');
    expect((await destination.file(one('a'))).failure).toBeUndefined();
  });
});
