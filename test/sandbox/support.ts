/** A sandbox on a real socket, and a client that reads its answers without judging them. */
import { afterAll, beforeEach } from '@jest/globals';
import { isRecord } from '../../src/sandbox/elements.ts';
import { startSandboxServer } from '../../src/sandbox/server.ts';
import type { SandboxServer } from '../../src/sandbox/server.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';

export type Json = { readonly [name: string]: unknown };
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  readonly json: Json;
};

type Ask = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly quirk?: string;
  readonly fault?: string;
};

export type Client = (method: string, path: string, ask?: Ask) => Promise<Reply>;

export function clientOf(base: string): Client {
  return async (method, path, { body, headers = {}, quirk, fault } = {}) => {
    const answer = await fetch(path.startsWith('http') ? path : `${base}${path}`, {
      method,
      headers: {
        ...(body === undefined
          ? {}
          : { 'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json' }),
        ...(quirk === undefined ? {} : { 'x-sandbox-quirk': quirk }),
        ...(fault === undefined ? {} : { 'x-sandbox-fault': fault }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
  };
}

function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** One server for a file, emptied before each test. */
export async function bench(
  options: Omit<SandboxOptions, 'baseUrl' | 'clock'> = {},
): Promise<{ readonly server: SandboxServer; readonly call: Client }> {
  const server = await startSandboxServer(options);
  beforeEach(() => {
    server.sandbox.admin.reset();
    server.sandbox.admin.wear(undefined);
  });
  afterAll(() => server.close());
  return { server, call: clientOf(server.url) };
}

/** Walks into JSON: `at(bundle, 'entry', 0, 'response', 'status')`. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (held, step) =>
      typeof held === 'object' && held !== null ? (held as Record<string | number, unknown>)[step] : undefined,
    value,
  );
}

export const patient = (value = '1', more: Json = {}): Json => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:t', value }],
  name: [{ family: 'Núñez', given: ['Ana'] }],
  birthDate: '1961-03-02',
  ...more,
});

export const observation = (value = 'o1', more: Json = {}): Json => ({
  resourceType: 'Observation',
  identifier: [{ system: 'urn:t', value }],
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  ...more,
});

type EntryOf = {
  readonly resource?: Json;
  readonly method?: string;
  readonly url?: string;
  readonly fullUrl?: string;
  readonly [request: string]: unknown;
};

export const bundleOf = (entries: readonly EntryOf[], type = 'transaction'): Json => ({
  resourceType: 'Bundle',
  type,
  entry: entries.map(({ resource, method = 'POST', url, fullUrl, ...request }) => ({
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(resource === undefined ? {} : { resource }),
    request: { method, url: url ?? resource?.['resourceType'], ...request },
  })),
});

/** A create that is conditional on its own identifier. */
export const once = (resource: Json, more: Json = {}): EntryOf => ({
  resource,
  ifNoneExist: `identifier=urn:t|${String(at(resource, 'identifier', 0, 'value'))}`,
  ...more,
});

export const statuses = (reply: Reply): readonly string[] => {
  const entries = reply.json['entry'];
  return Array.isArray(entries) ? entries.map((entry) => String(at(entry, 'response', 'status')).slice(0, 3)) : [];
};
