/** A listening door over the real reader, with a ledger that keeps what it accepts in memory. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createApp } from '../../src/inbound/app.ts';
import type { ApiKey, AppDeps, KeptAnswer } from '../../src/inbound/deps.ts';
import { listen, type ListenOptions } from '../../src/inbound/listen.ts';
import { ok } from '../../src/core/outcome.ts';
import type { MessageId } from '../../src/core/model.ts';
import type { Incoming } from '../../src/core/ports.ts';
import { createActivityCheck, identifyActivity, type SchemaDocument } from '../../src/sources/activity.ts';
import type { SourceConfig } from '../../src/sources/config.ts';
import { readJson, readJsonLines } from '../../src/sources/json-items.ts';
import { createReaders } from '../../src/sources/reader.ts';
import { findFlags } from '../support/red-flags.ts';
import { nobodyWaits } from '../support/matching.ts';

const now = new Date('2026-05-07T12:00:00Z');

function schemas(): readonly SchemaDocument[] {
  const files = readdirSync('schemas', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.schema.json'),
  );
  return files.map((name) => JSON.parse(readFileSync(path.join('schemas', name), 'utf8')) as SchemaDocument);
}

const check = createActivityCheck(schemas(), () => now);
const sourceLimits = { maxDepth: 64, maxItems: 1_000, maxItemBytes: 1_000_000 };
export const readers = createReaders(check, sourceLimits, findFlags);

export const adminKey = 'tjd_admin0000000_secret';

export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';
}

export type Body = NonNullable<RequestInit['body']>;

export type Door = {
  readonly url: string;
  readonly accepted: Incoming[];
  readonly logged: unknown[];
  readonly keys: Map<string, ApiKey>;
  readonly post: (path: string, body: Body, headers?: Record<string, string>) => Promise<Response>;
  readonly close: (graceMs?: number) => Promise<void>;
};

const open = new Set<Door>();

/** For afterAll: also what a failed test left open. */
export async function closeDoors(): Promise<void> {
  await Promise.all([...open].map((door) => door.close()));
}

export async function openDoor(
  options: {
    readonly deps?: Partial<AppDeps>;
    readonly sources?: readonly SourceConfig[];
    readonly listen?: Partial<ListenOptions>;
  } = {},
): Promise<Door> {
  const accepted: Incoming[] = [];
  const logged: unknown[] = [];
  const keys = new Map<string, ApiKey>([[adminKey, { id: 'a', name: 'admin', scopes: ['admin'] }]]);
  const answers = new Map<string, { fingerprint: Buffer; answer?: KeptAnswer }>();
  const deps: AppDeps = {
    accept: (items) => {
      accepted.push(...items);
      return Promise.resolve(
        items.map((item, index) => ({
          id: String(accepted.length - items.length + index + 1) as MessageId,
          state: item.hold === undefined ? 'received' : 'held',
        })),
      );
    },
    keys: { verify: (secret) => Promise.resolve(keys.get(secret)) },
    idempotency: {
      begin: (apiKey, key, fingerprint) => {
        const kept = answers.get(`${apiKey} ${key}`);
        if (kept === undefined) {
          answers.set(`${apiKey} ${key}`, { fingerprint });
          return Promise.resolve({ kind: 'first' });
        }
        if (!kept.fingerprint.equals(fingerprint)) return Promise.resolve({ kind: 'other-body' });
        return Promise.resolve(
          kept.answer === undefined ? { kind: 'in-flight' } : { kind: 'again', answer: kept.answer },
        );
      },
      finish: (apiKey, key, answer) => {
        const kept = answers.get(`${apiKey} ${key}`);
        if (kept !== undefined) kept.answer = answer;
        return Promise.resolve();
      },
      abandon: (apiKey, key) => {
        answers.delete(`${apiKey} ${key}`);
        return Promise.resolve();
      },
    },
    activities: {
      read: (body, ndjson, limits) => (ndjson ? readJsonLines(body, limits) : readJson(body, limits)),
      check,
      identify: (activity, raw, contentType, actor) => identifyActivity(activity, raw, contentType, actor, findFlags),
    },
    dryRun: () => ok([{ artifact: 'x', fullUrl: 'urn:uuid:1', do: 'put', resource: { resourceType: 'Encounter' } }]),
    hintLabs: (name) => name === 'quest',
    source: (name) => {
      const config = options.sources?.find((source) => source.name === name);
      return config === undefined ? undefined : (delivery) => readers[config.format].identify(delivery, config);
    },
    escalations: {
      list: () => Promise.resolve([]),
      story: () => Promise.resolve(undefined),
      act: () => Promise.resolve({ ok: false, refused: 'Not in this test.' }),
    },
    people: nobodyWaits,
    messages: {
      list: () => Promise.resolve({ messages: [] }),
      story: () => Promise.resolve(undefined),
      raw: () => Promise.resolve(undefined),
      unmapped: () => Promise.resolve([]),
      workList: () => Promise.resolve([]),
      finishWork: () => Promise.resolve({ ok: true }),
      retry: () => Promise.resolve({ ok: true, state: 'received' }),
      release: () => Promise.resolve({ ok: true, state: 'received' }),
      void: () => Promise.resolve({ ok: false, refused: 'It stands in the chart.' }),
    },
    attendance: () => Promise.reject(new Error('No attendance here.')),
    rosters: {
      upload: () => Promise.reject(new Error('No roster here.')),
      list: () => Promise.resolve([]),
      show: () => Promise.resolve(undefined),
    },
    accounts: { disclosures: () => Promise.resolve([]), referrals: () => Promise.resolve([]) },
    changes: ({ after }) => Promise.resolve({ changes: [], next: after, more: false }),
    schemas: schemas(),
    capability: { resourceType: 'CapabilityStatement', status: 'active' },
    version: '0.0.0',
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    health: () => ({ ok: true }),
    ready: () => Promise.resolve({ ok: false, ledger: 'down' }),
    jwks: () => Promise.resolve({ keys: [] }),
    clock: () => now,
    log: (...entry) => logged.push(entry),
    ...options.deps,
  };
  const server = await listen(createApp(deps), { host: '127.0.0.1', port: 0, log: deps.log, ...options.listen });
  const door: Door = {
    url: server.url,
    accepted,
    logged,
    keys,
    post: (to, body, headers = {}) =>
      fetch(server.url + to, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers },
      }),
    close: (graceMs = 0) => {
      open.delete(door);
      return server.close(graceMs);
    },
  };
  open.add(door);
  return door;
}

let made = 0;

/** A valid activity. */
export function anActivity(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  made += 1;
  return {
    schemaVersion: '1.0',
    activityType: 'contact.phone',
    programmeId: 'msep',
    status: 'completed',
    source: { systemId: 'commcare-alivio', recordId: `r-${made}`, recordVersion: 1 },
    occurredAt: '2026-05-06T18:05:00-05:00',
    durationMinutes: 18,
    subject: { sourcePatientId: '8f8fd909', mrn: 'SYN-10023', dob: '1961-03-02' },
    performer: { sourceUserId: 'f4c63df2' },
    ...more,
  };
}

export type ProblemDocument = {
  readonly type: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string; readonly code?: string }[];
  readonly receipts?: readonly unknown[];
};

export const problemIn = async (response: Response): Promise<ProblemDocument> => {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    throw new Error(`not a problem: ${response.status} ${response.headers.get('content-type') ?? ''}`);
  }
  return (await response.json()) as ProblemDocument;
};
