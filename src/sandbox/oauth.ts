/**
 * The token endpoint of SMART Backend Services: client_credentials with a signed assertion (private_key_jwt), or with
 * a secret; and the bearer check of the FHIR routes.
 */
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../core/ports.ts';
import type { Answer } from './http.ts';
import { problem } from './outcome.ts';
import type { Quirks } from './quirks.ts';

export type Client = {
  readonly clientId: string;
  /** Inline public keys, or where they are published. */
  readonly jwks?: JSONWebKeySet;
  readonly jwksUri?: string;
  readonly secret?: string;
  /** The most it is granted, `system/Observation.cruds` for instance; all that it asks for when absent. */
  readonly scopes?: readonly string[];
};

type Token = { readonly scopes: readonly string[]; readonly expiresAt: number };

export type Authorization = {
  readonly register: (client: Client) => void;
  /** Answers a request to the token endpoint. */
  readonly token: (form: URLSearchParams, basic: string | undefined, quirks: Quirks) => Promise<Answer>;
  /** Throws a 401 without a valid bearer token, a 403 when its scope does not cover the action. */
  readonly check: (authorization: string | undefined, type: string | undefined, action: Action) => void;
  readonly reset: () => void;
};

/** SMART v2 letters: create, read, update, delete, search. */
export type Action = 'c' | 'r' | 'u' | 'd' | 's';

const same = (a: string, b: string): boolean => {
  const hash = (one: string) => createHash('sha256').update(one).digest();
  return timingSafeEqual(hash(a), hash(b));
};

const v1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** Whether scopes cover an action on a type (SMART 2.0 `.cruds`, and 1.0 `.read`, `.write`, `.*`). */
function covers(scopes: readonly string[], type: string | undefined, action: Action): boolean {
  return scopes.some((scope) => {
    const [, resource, permission] = /^system\/(\w+|\*)\.([a-z*]+)$/.exec(scope) ?? [];
    if (resource === undefined || permission === undefined) return false;
    if (resource !== '*' && type !== undefined && resource !== type) return false;
    return (v1[permission] ?? permission).includes(action);
  });
}

export function createAuthorization(options: {
  readonly audience: readonly string[];
  readonly clock: Clock;
  readonly clients: readonly Client[];
  readonly staticTokens: readonly string[];
}): Authorization {
  const clients = new Map<string, Client>();
  const tokens = new Map<string, Token>();
  const used = new Map<string, number>();
  const register = (client: Client): void => void clients.set(client.clientId, client);
  options.clients.forEach(register);

  const refuse = (status: number, error: string, description: string): Answer => ({
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ error, error_description: description }),
  });
  const unauthenticated = (quirks: Quirks, why: string): Answer =>
    quirks.has('bad-secret-400') ? refuse(400, 'invalid_request', why) : refuse(401, 'invalid_client', why);

  const byAssertion = async (assertion: string, quirks: Quirks): Promise<Client | string> => {
    let claimed: string | undefined;
    try {
      claimed = decodeJwt(assertion).iss;
    } catch {
      return 'The assertion is not a JWT.';
    }
    const client = clients.get(claimed ?? '');
    const keys = client?.jwks
      ? createLocalJWKSet(client.jwks)
      : client?.jwksUri
        ? createRemoteJWKSet(new URL(client.jwksUri), { cooldownDuration: 0 })
        : undefined;
    if (!client || !keys) return 'The client is not registered with keys.';
    try {
      const now = options.clock();
      const { payload } = await jwtVerify(assertion, keys, {
        algorithms: ['RS384', 'ES384'],
        issuer: client.clientId,
        subject: client.clientId,
        audience: [...options.audience],
        requiredClaims: ['exp', 'jti'],
        currentDate: now,
        clockTolerance: 5,
      });
      const seconds = now.getTime() / 1000;
      if ((payload.exp ?? 0) > seconds + 305) return 'exp is more than five minutes ahead.';
      for (const [jti, until] of used) if (until < seconds) used.delete(jti);
      const jti = `${client.clientId} ${payload.jti ?? ''}`;
      if (used.has(jti) && !quirks.has('assertion-replay-accepted')) return 'This assertion was used before.';
      used.set(jti, payload.exp ?? 0);
      return client;
    } catch (error) {
      return error instanceof errors.JOSEError
        ? `The assertion is not valid (${error.code}).`
        : 'The keys could not be read.';
    }
  };

  const bySecret = (form: URLSearchParams, basic: string | undefined): Client | string => {
    const [fromHeader, secretFromHeader] = Buffer.from((basic ?? '').replace(/^Basic /i, ''), 'base64')
      .toString('utf8')
      .split(':', 2);
    const id = form.get('client_id') ?? fromHeader ?? '';
    const secret = form.get('client_secret') ?? secretFromHeader ?? '';
    const client = clients.get(id);
    return client?.secret !== undefined && same(client.secret, secret) ? client : 'Invalid client or secret.';
  };

  return {
    register,
    async token(form, basic, quirks) {
      if (form.get('grant_type') !== 'client_credentials')
        return refuse(400, 'unsupported_grant_type', 'Only client_credentials is supported.');
      const assertion = form.get('client_assertion');
      if (
        assertion !== null &&
        form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      )
        return refuse(400, 'invalid_request', 'client_assertion_type must be jwt-bearer.');
      const client = assertion === null ? bySecret(form, basic) : await byAssertion(assertion, quirks);
      if (typeof client === 'string') return unauthenticated(quirks, client);
      const asked = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
      const scopes = client.scopes ? asked.filter((scope) => client.scopes?.includes(scope)) : asked;
      if (scopes.length === 0) return refuse(400, 'invalid_scope', 'None of the scopes asked for can be granted.');
      const token = randomBytes(24).toString('base64url');
      const seconds = quirks.number('token-seconds') ?? 300;
      tokens.set(token, { scopes, expiresAt: options.clock().getTime() + seconds * 1000 });
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
        body: JSON.stringify({
          access_token: token,
          token_type: 'bearer',
          expires_in: seconds,
          scope: scopes.join(' '),
        }),
      };
    },
    check(authorization, type, action) {
      const [, bearer] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? [];
      if (bearer !== undefined && options.staticTokens.some((token) => same(token, bearer))) return;
      const token = bearer === undefined ? undefined : tokens.get(bearer);
      if (!token || token.expiresAt <= options.clock().getTime())
        throw problem(401, 'login', token ? 'The access token has expired.' : 'A valid access token is required.');
      if (!covers(token.scopes, type, action))
        throw problem(403, 'forbidden', 'The scope granted does not cover this.');
    },
    reset() {
      tokens.clear();
      used.clear();
    },
  };
}
