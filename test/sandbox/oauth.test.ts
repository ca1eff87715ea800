import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startSandboxServer } from '../../src/sandbox/server.ts';
import { clientOf, patient } from './support.ts';
import type { Reply } from './support.ts';

const server = await startSandboxServer({ auth: { required: true, tokens: ['static-token'] } });
const call = clientOf(server.url);
const keys: Record<string, CryptoKey> = {};
const published: { keys: object[] } = { keys: [] };
const jwksServer = createServer((_, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(published));
});

beforeAll(async () => {
  for (const alg of ['RS384', 'ES384', 'RS256']) {
    const pair = await generateKeyPair(alg, { extractable: true });
    keys[alg] = pair.privateKey;
    published.keys.push({ ...(await exportJWK(pair.publicKey)), kid: alg, alg, use: 'sig' });
  }
  jwksServer.listen(0, '127.0.0.1');
  await once(jwksServer, 'listening');
});
beforeEach(() => {
  server.sandbox.admin.reset();
  server.sandbox.admin.register({ clientId: 'tejido', jwks: published });
});
afterAll(async () => {
  await server.close();
  jwksServer.close();
  jwksServer.closeAllConnections();
});

type Claims = {
  readonly alg?: string;
  readonly by?: string;
  readonly aud?: string;
  readonly client?: string;
  readonly seconds?: number;
  readonly jti?: string;
};

const sign = ({
  alg = 'RS384',
  by = alg,
  aud = `${server.url}/oauth/token`,
  client = 'tejido',
  seconds = 240,
  jti = crypto.randomUUID(),
}: Claims = {}): Promise<string> =>
  new SignJWT({ jti })
    .setProtectedHeader({ alg, kid: by })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(aud)
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(keys[alg] as CryptoKey);

const token = (assertion: string, scope = 'system/*.cruds', quirk?: string): Promise<Reply> =>
  call('POST', '/oauth/token', {
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      scope,
    }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...(quirk === undefined ? {} : { quirk }),
  });

const bearer = (reply: Reply) => ({ authorization: `Bearer ${String(reply.json['access_token'])}` });

describe('SMART Backend Services', () => {
  test.each(['RS384', 'ES384'])('a %s assertion earns a short token that opens the FHIR routes', async (alg) => {
    const reply = await token(await sign({ alg }));
    expect([reply.status, reply.json['token_type'], reply.json['expires_in']]).toEqual([200, 'bearer', 300]);
    expect((await call('POST', '/Patient', { body: patient(), headers: bearer(reply) })).status).toBe(201);
  });

  test('keys published at a URL are fetched', async () => {
    const jwksUri = `http://127.0.0.1:${(jwksServer.address() as AddressInfo).port}/jwks`;
    server.sandbox.admin.register({ clientId: 'remote', jwksUri });
    expect((await token(await sign({ client: 'remote' }))).status).toBe(200);
  });

  test.each([
    ['another audience', { aud: 'https://elsewhere/token' }],
    ['an unknown client', { client: 'nobody' }],
    ['a life of ten minutes', { seconds: 600 }],
    ['an expired assertion', { seconds: -60 }],
    ['an algorithm that SMART does not allow', { alg: 'RS256' }],
    ['a key id that belongs to another key', { by: 'ES384' }],
  ] as const)('%s is refused with 401 invalid_client', async (_, claims) => {
    const reply = await token(await sign(claims));
    expect([reply.status, reply.json['error']]).toEqual([401, 'invalid_client']);
  });

  test('an assertion is good once, unless the quirk lets it be', async () => {
    const assertion = await sign();
    expect((await token(assertion)).status).toBe(200);
    expect((await token(assertion)).status).toBe(401);
    expect((await token(assertion, 'system/*.cruds', 'assertion-replay-accepted')).status).toBe(200);
  });

  test('the scope granted may be smaller than the one asked for, and binds', async () => {
    server.sandbox.admin.register({ clientId: 'tejido', jwks: published, scopes: ['system/Patient.rs'] });
    const reply = await token(await sign(), 'system/Patient.rs system/Observation.cruds');
    expect(reply.json['scope']).toBe('system/Patient.rs');
    expect((await call('GET', '/Patient', { headers: bearer(reply) })).status).toBe(200);
    expect((await call('POST', '/Patient', { body: patient(), headers: bearer(reply) })).status).toBe(403);
    expect((await call('GET', '/Observation', { headers: bearer(reply) })).status).toBe(403);
    expect((await token(await sign(), 'system/Goal.rs')).json['error']).toBe('invalid_scope');
  });
});

describe('the bearer check', () => {
  test('without a token, or with a wrong one, the answer is 401; the statement stays open', async () => {
    expect((await call('GET', '/Patient')).status).toBe(401);
    expect((await call('GET', '/Patient', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await call('GET', '/metadata')).status).toBe(200);
  });

  test('a token that was configured is always good', async () => {
    expect((await call('GET', '/Patient', { headers: { authorization: 'Bearer static-token' } })).status).toBe(200);
  });

  test('a token dies at its time', async () => {
    const reply = await token(await sign(), 'system/*.cruds', 'token-seconds=0');
    expect((await call('GET', '/Patient', { headers: bearer(reply) })).status).toBe(401);
  });
});
