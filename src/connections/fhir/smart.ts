/**
 * SMART Backend Services (SMART App Launch 2, "Backend Services" and "Client Authentication: Asymmetric"): a signed
 * assertion buys a short-lived token. One request at a time; the token is renewed before it ends.
 */
import { createPrivateKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, importJWK, importPKCS8, SignJWT } from 'jose';
import type { CryptoKey, JWK, JSONWebKeySet } from 'jose';
import type { Exchange } from '../../core/model.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../core/ports.ts';
import type { HttpClient } from '../http.ts';
import { classifyAnswer } from './classify.ts';
import type { FhirAuth, SmartKey } from './config.ts';
import { isObject, parse, text } from './json.ts';

type RecordExchange = (exchange: Exchange) => void;

/** Whatever puts the Authorization header on a request. */
export type Authorizer = {
  /** The header's value, or undefined when none is needed. */
  readonly header: (record: RecordExchange) => Promise<Outcome<string | undefined>>;
  /** The EHR answered 401 to this header. True when asking for another may help. */
  readonly refused: (header: string | undefined) => boolean;
  /** Scopes as granted, which may be fewer than asked for. */
  readonly granted: () => readonly string[] | undefined;
  /** In words, for `tejido check`. */
  readonly says: string;
};

/** The assertion lives shorter than the 5 minutes allowed, so that a clock somewhat ahead of ours still takes it. */
const assertionSeconds = 240;
/** Renewed this long before the end, or after half its life if that comes first. */
const renewBeforeMs = 30_000;
const defaultTokenSeconds = 300;

type Token = { readonly header: string; readonly renewAt: number; readonly endsAt: number };

export function smartAuthorizer(
  auth: Extract<FhirAuth, { kind: 'smart' }>,
  baseUrl: string,
  deps: { readonly http: HttpClient; readonly clock: Clock; readonly uuid: () => string },
): Authorizer {
  let token: Token | undefined;
  let scopes: readonly string[] | undefined;
  let tokenUrl = auth.tokenUrl;
  let asking: Promise<Outcome<Token>> | undefined;

  const discover = async (record: RecordExchange): Promise<Outcome<string>> => {
    if (tokenUrl !== undefined) return ok(tokenUrl);
    const sent = await deps.http.send(
      { method: 'GET', url: `${baseUrl}/.well-known/smart-configuration`, headers: { accept: 'application/json' } },
      record,
    );
    if (!sent.ok) return fail('send/unavailable', `SMART configuration: ${sent.detail}`);
    const failure = classifyAnswer(sent.answer, 'read', deps.clock());
    if (failure !== undefined && failure.cause === 'send/unavailable') return { ok: false, failure };
    const found = parse(sent.answer.body);
    const endpoint = failure === undefined && isObject(found) ? text(found['token_endpoint']) : undefined;
    if (endpoint === undefined || !URL.canParse(endpoint)) {
      return fail('send/auth', 'the EHR publishes no SMART token endpoint; set tokenUrl');
    }
    // The assertion itself is no secret for long, but a token that crossed the network in the clear is.
    if (new URL(endpoint).protocol !== 'https:' && new URL(baseUrl).protocol === 'https:') {
      return fail('send/auth', 'the published SMART token endpoint is not https; it was not used');
    }
    tokenUrl = endpoint;
    return ok(endpoint);
  };

  const ask = async (record: RecordExchange): Promise<Outcome<Token>> => {
    const url = await discover(record);
    if (!url.ok) return url;
    const assertion = await signed(auth, url.value, deps);
    if (!assertion.ok) return assertion;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion.value,
      ...(auth.scope === undefined ? {} : { scope: auth.scope }),
    });
    const askedAt = deps.clock().getTime();
    const sent = await deps.http.send(
      {
        method: 'POST',
        url: url.value,
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: form.toString(),
        redact: withoutSecrets,
      },
      record,
    );
    // Nothing is written by asking for a token, so a lost answer is no doubt.
    if (!sent.ok) return fail('send/unavailable', `token endpoint: ${sent.detail}`);
    const failure = classifyAnswer(sent.answer, 'token', deps.clock());
    if (failure !== undefined) return { ok: false, failure };
    const answer = parse(sent.answer.body);
    const access = isObject(answer) ? text(answer['access_token']) : undefined;
    if (!isObject(answer) || access === undefined)
      return fail('send/unavailable', 'the token answer holds no access_token');
    const type = text(answer['token_type']) ?? 'bearer';
    if (type.toLowerCase() !== 'bearer') return fail('send/auth', 'the token is not a bearer token');
    const seconds = Number(answer['expires_in'] ?? defaultTokenSeconds);
    const lifeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : defaultTokenSeconds) * 1000;
    scopes = (text(answer['scope']) ?? auth.scope ?? '').split(/\s+/).filter((each) => each !== '');
    return ok({
      header: `Bearer ${access}`,
      renewAt: askedAt + Math.max(lifeMs / 2, lifeMs - renewBeforeMs),
      endsAt: askedAt + lifeMs,
    });
  };

  return {
    header: async (record) => {
      const now = deps.clock().getTime();
      if (token !== undefined && now < token.renewAt) return ok(token.header);
      asking ??= ask(record).finally(() => {
        asking = undefined;
      });
      const got = await asking;
      if (got.ok) {
        token = got.value;
        return ok(token.header);
      }
      // A token that has not ended is better than none while its endpoint is away.
      const { failure } = got;
      if (failure.cause !== 'send/auth' && token !== undefined && deps.clock().getTime() < token.endsAt)
        return ok(token.header);
      return got;
    },
    refused: (header) => {
      if (token?.header === header) token = undefined;
      return true;
    },
    granted: () => scopes,
    says: `SMART Backend Services (${auth.privateKeys[0]?.alg ?? 'no key'})`,
  };
}

async function signed(
  auth: Extract<FhirAuth, { kind: 'smart' }>,
  audience: string,
  { clock, uuid }: { readonly clock: Clock; readonly uuid: () => string },
): Promise<Outcome<string>> {
  const key = auth.privateKeys[0];
  if (key === undefined) return fail('send/auth', 'no private key is configured');
  let signing: CryptoKey | Uint8Array;
  try {
    signing = await privateKey(key);
  } catch {
    return fail('send/auth', `the private key ${key.kid} cannot be read as ${key.alg}`);
  }
  const now = Math.floor(clock().getTime() / 1000);
  return ok(
    await new SignJWT({})
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
      .setIssuer(auth.clientId)
      .setSubject(auth.clientId)
      .setAudience(audience)
      .setJti(uuid())
      .setIssuedAt(now)
      .setExpirationTime(now + assertionSeconds)
      .sign(signing),
  );
}

async function privateKey(key: SmartKey): Promise<CryptoKey | Uint8Array> {
  if (key.jwk !== undefined) return importJWK(key.jwk as JWK, key.alg);
  if (key.pem === undefined) throw new Error('no key material');
  return importPKCS8(key.pem, key.alg);
}

const publicParts = ['kty', 'n', 'e', 'crv', 'x', 'y'] as const;

/** The public halves of all configured keys, for `GET /.well-known/jwks.json`: nothing private can get in. */
export async function publicKeys(keys: readonly SmartKey[]): Promise<JSONWebKeySet> {
  return {
    keys: await Promise.all(
      keys.map(async (key) => {
        const whole = key.jwk ?? (await exportJWK(createPrivateKey(key.pem ?? '')));
        const half: Record<string, unknown> = {};
        for (const part of publicParts) if (whole[part] !== undefined) half[part] = whole[part];
        const kid = key.kid === '' ? await calculateJwkThumbprint(half) : key.kid;
        return { ...(half as JWK), kid, alg: key.alg, use: 'sig', key_ops: ['verify'] };
      }),
    ),
  };
}

function withoutSecrets(body: string): string {
  const json = parse(body);
  if (isObject(json)) {
    return JSON.stringify(json, (name, value: unknown) => (/token$|secret|assertion/.test(name) ? '[removed]' : value));
  }
  if (!body.includes('client_assertion=')) return body === '' ? '' : '[removed: not JSON]';
  const form = new URLSearchParams(body);
  form.set('client_assertion', '[removed]');
  return form.toString();
}

export const noAuthorizer: Authorizer = {
  header: async () => ok(undefined),
  refused: () => false,
  granted: () => undefined,
  says: 'none',
};

export const bearerAuthorizer = (token: string): Authorizer => ({
  header: async () => ok(`Bearer ${token}`),
  refused: () => false,
  granted: () => undefined,
  says: 'static bearer token',
});
