/**
 * An EHR that only keeps: transactions, conditional creates, updates, searches by identifier; in memory, and without
 * the checks of the sandbox, which would be what is measured. `GET /count` tells what stands.
 */
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { mrnSystem, syntheticPatients } from '../../src/sandbox/patients.ts';
import { ended, freePort, until } from '../stack.ts';

export type BenchEhr = {
  /** Base URL. */
  readonly url: string;
  readonly pid: number;
  /** How many resources of each type stand. */
  readonly count: () => Promise<Readonly<Record<string, number>>>;
  readonly stop: () => Promise<void>;
};

export { mrnSystem };

export async function startEhr(patients: number): Promise<BenchEhr> {
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(port), String(patients)], {
    stdio: 'inherit',
  });
  const origin = `http://127.0.0.1:${String(port)}`;
  await until('the EHR of the bench is ready', async () => (await fetch(`${origin}/fhir/metadata`)).ok);
  return {
    url: `${origin}/fhir`,
    pid: child.pid ?? 0,
    count: async () => (await (await fetch(`${origin}/count`)).json()) as Record<string, number>,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

type Json = { readonly [name: string]: unknown };
type Kept = Json & { readonly resourceType: string; readonly id: string };
type Identifier = { readonly system?: string; readonly value?: string; readonly code?: string };
type Entry = {
  readonly fullUrl?: string;
  readonly resource: Json & { readonly resourceType: string };
  readonly request: { readonly method: string; readonly url: string; readonly ifNoneExist?: string };
};

const types = ['Patient', 'Observation', 'DiagnosticReport', 'ServiceRequest', 'Specimen', 'Practitioner', 'Organization', 'Provenance', 'DocumentReference', 'Communication', 'Task']; // prettier-ignore
const interactions = ['read', 'create', 'update', 'search-type', 'patch'].map((code) => ({ code }));
const statement = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-01-01',
  kind: 'instance',
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'transaction' }, { code: 'batch' }],
      resource: types.map((type) => ({
        type,
        interaction: interactions,
        conditionalCreate: true,
        updateCreate: false,
        searchParam: ['identifier', '_tag', 'patient', 'subject'].map((name) => ({ name, type: 'token' })),
      })),
    },
  ],
};

function keep() {
  const resources = new Map<string, Kept>();
  const places = new Map<string, string[]>();
  const counts: Record<string, number> = {};
  let last = 0;

  const tokensOf = (resource: Json): readonly string[] => {
    const meta = resource['meta'] as { readonly tag?: readonly Identifier[] } | undefined;
    const given = (resource['identifier'] ?? []) as Identifier | readonly Identifier[];
    return [...[given].flat(), ...(meta?.tag ?? [])].map((one) => `${one.system ?? ''}|${one.value ?? one.code ?? ''}`);
  };
  const put = (resource: Json & { readonly resourceType: string }, id: string): Kept => {
    const reference = `${resource.resourceType}/${id}`;
    const before = resources.get(reference);
    const version = Number((before?.['meta'] as { versionId?: string } | undefined)?.versionId ?? 0) + 1;
    const meta = { ...(resource['meta'] as Json | undefined), versionId: String(version), lastUpdated: new Date().toISOString() }; // prettier-ignore
    const kept = { ...resource, id, meta };
    resources.set(reference, kept);
    if (before === undefined) {
      counts[resource.resourceType] = (counts[resource.resourceType] ?? 0) + 1;
      for (const token of tokensOf(resource)) {
        const place = `${resource.resourceType} ${token}`;
        places.set(place, [...(places.get(place) ?? []), reference]);
      }
    }
    return kept;
  };
  const create = (resource: Json & { readonly resourceType: string }): Kept => put(resource, `b${(last += 1)}`);
  /** Of a list of identifiers (or tags): `identifier=system|value,system|value`. */
  const find = (type: string, query: URLSearchParams): readonly Kept[] =>
    (query.get('identifier') ?? query.get('_tag') ?? '')
      .split(',')
      .flatMap((token) => places.get(`${type} ${token}`) ?? [])
      .flatMap((reference) => resources.get(reference) ?? []);
  return { resources, counts, put, create, find };
}

const resolve = (value: unknown, placed: ReadonlyMap<string, string>): unknown => {
  if (Array.isArray(value)) return value.map((one) => resolve(one, placed));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value))
    copy[name] = name === 'reference' && typeof inner === 'string' ? (placed.get(inner) ?? inner) : resolve(inner, placed); // prettier-ignore
  return copy;
};

function serve(port: number, patients: number): void {
  const store = keep();
  for (const person of syntheticPatients(patients)) store.put(person, String(person['id']));

  const told = (kept: Kept, status: string): Json => {
    const { versionId } = kept['meta'] as { readonly versionId: string };
    return { response: { status, location: `${kept.resourceType}/${kept.id}/_history/${versionId}`, etag: `W/"${versionId}"` } }; // prettier-ignore
  };
  const searchset = (found: readonly Kept[], self: string): Json => ({
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    link: [{ relation: 'self', url: self }],
    entry: found.map((resource) => ({ resource, search: { mode: 'match' } })),
  });
  const transaction = ({ entry = [] }: { readonly entry?: readonly Entry[] }): Json => {
    const placed = new Map<string, string>();
    const works = entry.map(({ fullUrl, resource, request }) => {
      const standing =
        request.ifNoneExist === undefined
          ? undefined
          : store.find(resource.resourceType, new URLSearchParams(request.ifNoneExist))[0];
      const id =
        request.method === 'PUT' ? request.url.slice(request.url.indexOf('/') + 1) : (standing?.id ?? store.create(resource).id); // prettier-ignore
      if (fullUrl !== undefined) placed.set(fullUrl, `${resource.resourceType}/${id}`);
      return { resource, id, standing, update: request.method === 'PUT' };
    });
    return {
      resourceType: 'Bundle',
      type: 'transaction-response',
      entry: works.map(({ resource, id, standing, update }) => {
        if (standing !== undefined) return told(standing, '200 OK');
        const whole = resolve(resource, placed) as Json & { readonly resourceType: string };
        const reference = `${resource.resourceType}/${id}`;
        if (update) return told(store.put(whole, id), '200 OK');
        const kept = { ...whole, id, meta: store.resources.get(reference)?.['meta'] } as Kept;
        store.resources.set(reference, kept);
        return told(kept, '201 Created');
      }),
    };
  };

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const answer = (status: number, json: Json, headers: Record<string, string> = {}): void => {
        const text = JSON.stringify(json);
        response.writeHead(status, { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(text), ...headers }); // prettier-ignore
        response.end(text);
      };
      const url = new URL(request.url ?? '/', 'http://ehr');
      const [, base, type = '', id] = url.pathname.split('/');
      const about = { method: request.method, type, id };
      if (base === 'count') return answer(200, store.counts);
      if (type === 'metadata') return answer(200, statement);
      if (about.method === 'POST' && type === '') return answer(200, transaction(JSON.parse(body) as Json));
      if (id === '_search') return answer(200, searchset(store.find(type, new URLSearchParams(body)), url.href));
      if (about.method === 'GET' && id === undefined)
        return answer(200, searchset(store.find(type, url.searchParams), url.href));
      const standing = id === undefined ? undefined : store.resources.get(`${type}/${id}`);
      if (about.method === 'GET')
        return standing === undefined
          ? answer(404, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] })
          : answer(200, standing, etagOf(standing));
      const resource = JSON.parse(body) as Kept;
      if (about.method === 'PUT' && id !== undefined) {
        const kept = store.put(resource, id);
        return answer(200, kept, etagOf(kept));
      }
      const condition = request.headers['if-none-exist'];
      const found = typeof condition === 'string' ? store.find(type, new URLSearchParams(condition))[0] : undefined;
      const kept = found ?? store.create(resource);
      const location = `${url.origin}/fhir/${type}/${kept.id}`;
      return answer(found === undefined ? 201 : 200, kept, { ...etagOf(kept), location });
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
}

const etagOf = (kept: Kept): Record<string, string> => ({
  etag: `W/"${(kept['meta'] as { readonly versionId: string }).versionId}"`,
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(Number(process.argv[2]), Number(process.argv[3]));
