/**
 * The sandbox EHR: a FHIR R4 server that behaves, and on demand misbehaves, as real ones were seen to.
 *
 *   request ─▶ faults ─▶ quota ─▶ bearer ─▶ read body ─▶ one interaction ─▶ commit ─▶ journal ─▶ answer
 *                                                                             └─▶ subscriptions
 */
import { Router } from 'express';
import type { Request, Response, Router as ExpressRouter } from 'express';
import { FhirRouter } from '@medplum/fhir-router';
import type { FhirRequest } from '@medplum/fhir-router';
import { normalizeOperationOutcome, OperationOutcomeError } from '@medplum/core';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { setTimeout as wait } from 'node:timers/promises';
import type { Issue } from '../core/outcome.ts';
import type { Clock, Log, Resource } from '../core/ports.ts';
import type { SandboxAdmin, SeenRequest } from './admin.ts';
import { behaviourOf } from './behaviour.ts';
import { offerOf, ownStatement } from './capability.ts';
import type { Offer } from './capability.ts';
import { createExclusive } from './exclusive.ts';
import { createFaults, parseFaults, readFault } from './faults.ts';
import type { Fault } from './faults.ts';
import { acceptsJson, fhirJson, readBody, readForm, readJsonBody, send } from './http.ts';
import type { Answer } from './http.ts';
import { createAuthorization } from './oauth.ts';
import type { Action, Client } from './oauth.ts';
import { problem, published, statusOf } from './outcome.ts';
import { isQuirk, Quirks, quirkTable } from './quirks.ts';
import { SandboxRepository } from './repository.ts';
import { byName, parametersOf, queryOf, toRequest } from './search.ts';
import { criteriaOf, isLenient, searchSet } from './search-set.ts';
import { createStore } from './store.ts';
import type { Change, Stored } from './store.ts';
import { runBatch, runTransaction } from './transaction.ts';
import type { BundleRules } from './transaction.ts';
import { isRecord } from './elements.ts';

export type Sandbox = {
  /** Mount at any path, before any body parser. */
  readonly router: ExpressRouter;
  readonly admin: SandboxAdmin;
  readonly close: () => Promise<void>;
};

export type SandboxOptions = {
  /** Absolute URL of the mount point, without a slash at the end. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** The dice of faults and races; seed it to repeat a run. */
  readonly random?: () => number;
  /** A file to keep the data in. */
  readonly journal?: string;
  /** Wears this statement: what it does not list is refused. */
  readonly capability?: CapabilityStatement;
  readonly auth?: {
    readonly required: boolean;
    readonly clients?: readonly Client[];
    readonly tokens?: readonly string[];
  };
  readonly seedPatients?: readonly Resource[];
  readonly validate?: (resource: Resource) => readonly Issue[];
  readonly log?: Log;
};

type Asked = {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: string;
  readonly headers: Request['headers'];
  readonly body: Buffer;
  readonly quirks: Quirks;
  readonly offer: Offer;
  readonly arrived: Date;
};

export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { baseUrl, clock, random = Math.random } = options;
  const store = createStore();
  const quirks = new Quirks();
  const faults = createFaults(random);
  const exclusive = createExclusive();
  const fhir = new FhirRouter();
  const authorization = createAuthorization({
    audience: [`${baseUrl}/oauth/token`],
    clock,
    clients: options.auth?.clients ?? [],
    staticTokens: options.auth?.tokens ?? [],
  });
  const seen: SeenRequest[] = [];
  const alive = new AbortController();
  let worn = options.capability;
  let historyReads = 0;
  let conditionalInFlight = 0;

  const commit = (changes: readonly Change[]): void => {
    store.settle(changes);
  };

  const repositoryFor = ({
    quirks,
    arrived,
    headers,
  }: Pick<Asked, 'quirks' | 'arrived' | 'headers'>): SandboxRepository =>
    new SandboxRepository(
      store,
      behaviourOf(quirks, {
        clock,
        arrived,
        unquotedIfMatch: !(headers['if-match'] ?? '"').includes('"'),
        validate: options.validate,
        historyReads: () => historyReads++,
      }),
      commit,
    );

  const searchContext = ({ quirks, headers, offer }: Asked) => ({
    store,
    baseUrl,
    quirks,
    view: quirks.has('search-lags') ? { until: clock().getTime() - (quirks.number('search-lags') ?? 0) } : {},
    lenient: isLenient(quirks, header(headers, 'prefer')),
    now: clock(),
    declared: offer.declared,
  });

  // ------------------------------------------------------------ interactions

  const search = (type: string, asked: Asked, query: string): Answer => {
    asked.offer.check('search-type', type);
    return { status: 200, body: searchSet(type, parametersOf(query), searchContext(asked)) };
  };

  /** One interaction of @medplum/fhir-router, with headers and body as FHIR wants the answer. */
  const interact = async (asked: Asked, repository: SandboxRepository, body: unknown, url: string): Promise<Answer> => {
    const headers: FhirRequest['headers'] = {};
    const ifMatch = header(asked.headers, 'if-match');
    if (ifMatch !== undefined) headers['if-match'] = ifMatch.includes('"') ? ifMatch : `"${ifMatch}"`;
    const type = asked.segments[0] ?? '';
    const ifNoneExist = header(asked.headers, 'if-none-exist');
    let query: FhirRequest['query'] = {};
    if (asked.method === 'POST' && ifNoneExist !== undefined && asked.offer.conditionalCreate(type)) {
      const criteria = criteriaOf(type, parametersOf(ifNoneExist.replace(/^\?/, '')), searchContext(asked));
      headers['if-none-exist'] = queryOf(criteria);
    }
    if (asked.segments.length === 1 && asked.method !== 'POST') {
      const criteria = criteriaOf(type, parametersOf(asked.query), searchContext(asked));
      if (criteria.length === 0) throw problem(412, 'required', `A conditional ${asked.method} needs criteria.`);
      query = byName(criteria);
    }
    const result = await fhir.handleRequest(
      { method: asked.method as FhirRequest['method'], url, pathname: '', params: {}, query, headers, body },
      repository,
    );
    const [outcome, resource] = result;
    if (statusOf(outcome) >= 400) throw new OperationOutcomeError(outcome);
    if (asked.method === 'DELETE') return { status: 204 };
    const stored = resource as unknown as Stored;
    const status = statusOf(outcome);
    const version = `W/"${stored.meta?.versionId ?? ''}"`;
    return {
      status,
      headers: stored.meta?.versionId
        ? {
            etag: version,
            'last-modified': new Date(stored.meta.lastUpdated).toUTCString(),
            ...(status === 201 || asked.method === 'PUT' || asked.method === 'POST'
              ? { location: `${baseUrl}/${stored.resourceType}/${stored.id}/_history/${stored.meta.versionId}` }
              : {}),
          }
        : {},
      body: stored,
    };
  };

  const preferred = (asked: Asked, answer: Answer): Answer => {
    const prefer = preferOf(asked.headers);
    if (prefer === 'minimal') return { ...answer, body: undefined };
    if (prefer === 'OperationOutcome') return { ...answer, body: outcome('information', 'informational', 'Done.') };
    return answer;
  };

  const readOne = async (asked: Asked, repository: SandboxRepository): Promise<Answer> => {
    const answer = await interact(asked, repository, undefined, asked.segments.join('/'));
    const stored = answer.body as Stored;
    if (header(asked.headers, 'if-none-match') === answer.headers?.['etag'] && answer.headers?.['etag'] !== undefined)
      return { status: 304, headers: answer.headers };
    if (stored.resourceType === 'Bundle' && asked.segments[2] === '_history' && asked.segments.length === 3)
      return { status: 200, body: historyBundle(asked, stored) };
    return answer;
  };

  const historyBundle = ({ segments }: Asked, bundle: Stored): Record<string, unknown> => {
    const url = `${baseUrl}/${segments[0]}/${segments[1]}`;
    const entries = Array.isArray(bundle['entry']) ? bundle['entry'] : [];
    return {
      ...bundle,
      link: [{ relation: 'self', url: `${url}/_history` }],
      entry: entries.map((entry) => ({ fullUrl: url, ...(entry as Record<string, unknown>) })),
    };
  };

  const write = async (asked: Asked): Promise<Answer> => {
    const { method, segments } = asked;
    const type = segments[0] ?? '';
    const interaction =
      method === 'POST' ? 'create' : method === 'PUT' ? 'update' : method === 'PATCH' ? 'patch' : 'delete';
    asked.offer.check(interaction, type);
    let body: unknown;
    if (method === 'PATCH')
      body = readJsonBody(asked.body, header(asked.headers, 'content-type'), ['application/json-patch+json']);
    else if (method !== 'DELETE') {
      body = readJsonBody(asked.body, header(asked.headers, 'content-type'), fhirJson);
      if (!isRecord(body) || body['resourceType'] !== type)
        throw problem(400, 'invalid', `The body is not a resource of type ${type}.`, 'resourceType');
      if (method === 'PUT' && segments.length === 2 && body['id'] !== segments[1])
        throw problem(400, 'invalid', 'The id in the resource differs from the id in the URL.', `${type}.id`);
    }
    if (method === 'PATCH' && !Array.isArray(body))
      throw problem(400, 'structure', 'A JSON Patch is an array of operations.');
    if (method === 'POST' && header(asked.headers, 'if-none-exist') !== undefined) {
      const lookedUp = asked.quirks.has('conditional-create-duplicates-race')
        ? await lookAhead(asked, [{ type, query: header(asked.headers, 'if-none-exist') ?? '' }])
        : undefined;
      if (lookedUp?.[0] === false) return preferred(asked, await exclusive(() => create(asked, body, type)));
    }
    return preferred(asked, await exclusive(() => interact(asked, repositoryFor(asked), body, segments.join('/'))));
  };

  const create = (asked: Asked, body: unknown, url: string): Promise<Answer> => {
    const { 'if-none-exist': _ignored, ...headers } = asked.headers;
    return interact({ ...asked, headers }, repositoryFor(asked), body, url);
  };

  /** Whether each condition is met now; the answer is used some time later, as servers without isolation do. */
  const lookAhead = async (
    asked: Asked,
    conditions: readonly { readonly type: string; readonly query: string }[],
  ): Promise<readonly boolean[]> => {
    const repository = repositoryFor(asked);
    const found = conditions.map(
      ({ type, query }) => repository.matches(toRequest(type, parametersOf(query.replace(/^\?/, '')))).length > 0,
    );
    await wait(asked.quirks.number('conditional-create-duplicates-race') ?? 0, undefined, { signal: alive.signal });
    return found;
  };

  const bundle = async (asked: Asked): Promise<Answer> => {
    const body = readJsonBody(asked.body, header(asked.headers, 'content-type'), fhirJson);
    if (!isRecord(body) || body['resourceType'] !== 'Bundle')
      throw problem(400, 'invalid', 'The body is not a Bundle.', 'resourceType');
    const type = body['type'];
    if (type !== 'batch' && type !== 'transaction')
      throw problem(400, 'value', 'The Bundle is neither batch nor transaction.', 'Bundle.type');
    asked.offer.check(type);
    const entries: readonly unknown[] = Array.isArray(body['entry']) ? body['entry'] : [];
    if (entries.length === 0) throw problem(400, 'required', 'The Bundle has no entries.', 'Bundle.entry');
    const asBatch = type === 'batch' || asked.quirks.has('transaction-as-batch');
    const run = async (given: readonly unknown[]): Promise<Answer> =>
      exclusive(async () => {
        const repository = repositoryFor(asked);
        const answers = await (asBatch ? runBatch : runTransaction)(given, fhir, repository, bundleRules(asked));
        return {
          status: 200,
          body: { resourceType: 'Bundle', id: crypto.randomUUID(), type: `${type}-response`, entry: answers },
        };
      });
    const answer = await raced(asked, entries, run);
    const emptied = asked.quirks.has('minimal-empty-body') && preferOf(asked.headers) === 'minimal';
    return emptied ? { status: 200 } : answer;
  };

  /** Lets concurrent bundles with conditions get into each other's way, where a quirk asks for it. */
  const raced = async (
    asked: Asked,
    entries: readonly unknown[],
    run: (entries: readonly unknown[]) => Promise<Answer>,
  ): Promise<Answer> => {
    const conditions = entries.flatMap(conditionOf);
    if (conditions.length > 0 && asked.quirks.has('conditional-create-duplicates-race')) {
      const found = await lookAhead(asked, conditions);
      const unmet = new Set(conditions.filter((_, i) => found[i] === false).map(({ entry }) => entry));
      return run(entries.map((entry) => (unmet.has(entry) ? unconditional(entry) : entry)));
    }
    if (conditions.length > 0 && asked.quirks.has('conditional-race')) {
      const others = conditionalInFlight++;
      try {
        await wait(20, undefined, { signal: alive.signal });
        if (others > 0 && random() < (asked.quirks.number('conditional-race') ?? 0))
          throw random() < 0.5
            ? problem(400, 'invalid', 'Assigned ID is already in use')
            : problem(409, 'conflict', 'could not serialize access due to read/write dependencies among transactions');
        return await run(entries);
      } finally {
        conditionalInFlight--;
      }
    }
    return run(entries);
  };

  const bundleRules = (asked: Asked): BundleRules => {
    const { quirks, offer } = asked;
    return {
      criteria: (type, query) => criteriaOf(type, parametersOf(query), searchContext(asked)),
      offered: (method, type, id) => {
        const interaction = ({ POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const)[method];
        offer.check(interaction ?? (id === undefined ? 'search-type' : 'read'), type ?? '');
      },
      conditionalCreate: !quirks.has('ifnoneexist-ignored') && !quirks.has('no-conditional-create'),
      resolvesConditionalReferences: !quirks.has('conditional-refs-as-text'),
      danglingAccepted: quirks.has('dangling-refs-accepted'),
      namesFailingEntry: !quirks.has('no-failing-entry'),
      entryEtag: !quirks.has('no-entry-etag'),
      entryLimit: quirks.number('transaction-entry-limit'),
      putLimit: quirks.number('put-limit'),
      prefer: preferOf(asked.headers),
      get: async (url, repository) => {
        const [path = '', query = ''] = url.split('?', 2);
        const segments = path.split('/').filter((segment) => segment !== '');
        const inner = { ...asked, method: 'GET', segments, query };
        const answer =
          segments.length === 1 ? search(segments[0] ?? '', inner, query) : await readOne(inner, repository);
        return answer.body as Record<string, unknown>;
      },
    };
  };

  // ------------------------------------------------------------ dispatch

  const respond = async (asked: Asked): Promise<Answer> => {
    const { method, segments } = asked;
    const [first, second, third] = segments;
    const reading = method === 'GET' || method === 'HEAD';
    if (first === 'metadata' && reading)
      return {
        status: 200,
        body: worn ?? ownStatement(baseUrl, clock(), asked.quirks, options.auth?.required === true),
      };
    if (first === '.well-known' && second === 'smart-configuration' && reading) return smartConfiguration(baseUrl);
    if (first === 'oauth' && second === 'token' && method === 'POST')
      return authorization.token(
        new URLSearchParams(readForm(asked.body, header(asked.headers, 'content-type'))),
        header(asked.headers, 'authorization'),
        asked.quirks,
      );
    if (first === '$sandbox') return administer(asked);
    if (options.auth?.required)
      authorization.check(header(asked.headers, 'authorization'), bearerType(segments), actionOf(asked));
    if (!acceptsJson(header(asked.headers, 'accept'), new URLSearchParams(asked.query).get('_format')))
      return asked.quirks.has('not-acceptable-empty')
        ? { status: 406 }
        : failure(problem(406, 'not-supported', 'Only FHIR JSON can be sent.'));
    if (first === undefined) {
      if (method === 'POST') return bundle(asked);
      throw problem(reading ? 400 : 405, 'not-supported', 'Searching all types at once is not supported.');
    }
    if (second === '_search' && segments.length === 2) {
      if (method !== 'POST') throw problem(405, 'not-supported', '_search takes a POST.');
      const form = readForm(asked.body, header(asked.headers, 'content-type'));
      return search(first, asked, [asked.query, form].filter((part) => part !== '').join('&'));
    }
    if (reading) {
      if (segments.length === 1) return search(first, asked, asked.query);
      if (segments.length === 2 || (third === '_history' && segments.length <= 4)) {
        asked.offer.check(
          third === '_history' ? (segments.length === 3 ? 'history-instance' : 'vread') : 'read',
          first,
        );
        return readOne({ ...asked, method: 'GET' }, repositoryFor(asked));
      }
    } else if (
      (method === 'POST' && segments.length === 1) ||
      (['PUT', 'PATCH', 'DELETE'].includes(method) && segments.length <= 2)
    ) {
      return write(asked);
    }
    throw problem(404, 'not-found', 'There is nothing at this address.');
  };

  const administer = ({ method, segments, body }: Asked): Answer => {
    const given: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : undefined;
    const json = (value: unknown): Answer => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });
    if (segments[1] === 'quirks') {
      if (method === 'DELETE') quirks.clear();
      if (method === 'PUT') {
        if (!isRecord(given)) throw new RangeError('Quirks are an object of name and value.');
        const named = Object.entries(given).map(([name, value]) => {
          if (!isQuirk(name)) throw new RangeError(`There is no quirk ${name}.`);
          return [name, value] as const;
        });
        for (const [name, value] of named)
          if (value === false) quirks.clear(name);
          else quirks.set(name, value);
      }
      return json({ on: quirks.all(), table: quirkTable });
    }
    if (segments[1] === 'faults') {
      if (method === 'DELETE') faults.clear();
      if (method === 'PUT' || method === 'POST') {
        const read = (Array.isArray(given) ? given : [given]).map(readFault);
        if (method === 'PUT') faults.clear();
        read.forEach(faults.add);
      }
      return json(faults.all());
    }
    if (segments[1] === 'reset' && method === 'POST') {
      admin.reset();
      return json({});
    }
    throw problem(404, 'not-found', 'There is nothing at this address.');
  };

  const serve = async (request: Request, response: Response): Promise<void> => {
    const [path = '', query = ''] = request.url.split('?', 2);
    const segments = path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
    const arrived = clock();
    const isAdmin = segments[0] === '$sandbox';
    const struck = isAdmin
      ? []
      : faults.draw(request.method, segments.join('/'), [
          ...parseFaults(header(request.headers, 'x-sandbox-fault')),
          ...parseFaults(
            (header(request.headers, 'x-sandbox-quirk') ?? '')
              .split(',')
              .filter((item) => item.trim().startsWith('fault='))
              .join(','),
          ),
        ]);
    const note = (status: number | 'dropped'): void => {
      seen.push({
        method: request.method,
        path: segments.map((segment, i) => (i === 1 && !/^[_$]/.test(segment) ? ':id' : segment)).join('/'),
        status,
        at: arrived,
      });
      if (seen.length > 1000) seen.shift();
    };
    const early = await strike(struck, request, response);
    if (early) return note(early);
    const body = await readBody(request);
    const inForce = quirks.with(header(request.headers, 'x-sandbox-quirk'));
    if (inForce.has('last-updated-before-commit') && request.method !== 'GET')
      await wait(inForce.number('last-updated-before-commit') ?? 0, undefined, { signal: alive.signal });
    const asked: Asked = {
      method: request.method,
      segments,
      query,
      headers: request.headers,
      body,
      quirks: inForce,
      offer: offerOf(worn, inForce),
      arrived,
    };
    let answer: Answer;
    try {
      answer = await respond(asked);
    } catch (error) {
      answer = failure(error);
    }
    note(send(response, answer, struck));
  };

  /** Faults that strike before the request is looked at; the status, when one of them has answered it. */
  const strike = async (
    struck: readonly Fault[],
    request: Request,
    response: Response,
  ): Promise<number | 'dropped' | undefined> => {
    for (const { fault, value } of struck) {
      if (fault === 'latency') await wait(value ?? 100, undefined, { signal: alive.signal });
      if (fault === 'hang') return 'dropped';
      if (fault === 'drop-before-commit') {
        await readBody(request);
        response.socket?.destroy();
        return 'dropped';
      }
      if (fault === 'status' || fault === 'html-200') {
        await readBody(request);
        const status = fault === 'status' ? (value ?? 503) : 200;
        const answer: Answer =
          fault === 'status'
            ? failure(problem(status, status === 429 ? 'throttled' : 'transient', 'Injected fault.'))
            : {
                status,
                headers: { 'content-type': 'text/html' },
                body: '<!doctype html><title>Sign in</title><h1>Please sign in</h1>',
              };
        return send(response, answer, []);
      }
    }
    return undefined;
  };

  const router = Router();
  router.use((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (alive.signal.aborted) response.socket?.destroy();
      else send(response, failure(error), []);
    });
  });

  const admin: SandboxAdmin = {
    quirks,
    faults,
    reset() {
      store.clear();
      quirks.clear();
      faults.clear();
      authorization.reset();
      seen.length = 0;
    },
    all: (type) =>
      (type === undefined ? store.types() : [type]).flatMap((one) =>
        [...store.since(one)].flatMap(({ versions }) => versions.at(-1)?.resource ?? []),
      ),
    counts: () => Object.fromEntries(store.types().map((type) => [type, store.count(type)])),
    history: (type, id) => store.entry(type, id)?.versions ?? [],
    seed(resources) {
      const changes = resources.map((resource) => {
        const id = resource.id ?? crypto.randomUUID();
        const before = store.entry(resource.resourceType, id)?.versions.at(-1);
        const versionId = String(Number(before?.versionId ?? 0) + 1);
        const now = clock();
        const lastUpdated = now.toISOString();
        const meta = { ...(resource['meta'] as Record<string, unknown> | undefined), versionId, lastUpdated };
        return store.apply(resource.resourceType, id, {
          versionId,
          lastUpdated,
          method: before ? 'PUT' : 'POST',
          committedAt: now.getTime(),
          resource: { ...resource, id, meta },
        });
      });
      commit(changes);
      return changes.flatMap(({ version }) => version.resource ?? []);
    },
    wear(statement) {
      worn = statement;
    },
    register: authorization.register,
    requests: () => seen,
  };
  if (options.seedPatients) admin.seed(options.seedPatients);

  return {
    router,
    admin,
    async close() {
      alive.abort();
    },
  };
}

const header = (headers: Request['headers'], name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

const preferOf = (headers: Request['headers']): 'minimal' | 'representation' | 'OperationOutcome' | undefined => {
  const [, found] = /return=(minimal|representation|OperationOutcome)/.exec(header(headers, 'prefer') ?? '') ?? [];
  return found as 'minimal' | 'representation' | 'OperationOutcome' | undefined;
};

const outcome = (severity: 'error' | 'information', code: string, text: string) => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity, code, details: { text } }],
});

function failure(error: unknown): Answer {
  if (error instanceof RangeError || error instanceof SyntaxError)
    return { status: 400, body: outcome('error', 'invalid', error.message) };
  if (error instanceof URIError)
    return { status: 400, body: outcome('error', 'invalid', 'The address is not well encoded.') };
  if (!(error instanceof OperationOutcomeError))
    return { status: 500, body: outcome('error', 'exception', 'The sandbox met a fault of its own.') };
  const found = normalizeOperationOutcome(error);
  return { status: statusOf(found), body: published(found) };
}

type Condition = { readonly entry: unknown; readonly type: string; readonly query: string };

function conditionOf(entry: unknown): Condition[] {
  const request = isRecord(entry) ? entry['request'] : undefined;
  if (!isRecord(request) || typeof request['ifNoneExist'] !== 'string' || typeof request['url'] !== 'string') return [];
  return [{ entry, type: request['url'], query: request['ifNoneExist'] }];
}

function unconditional(entry: unknown): unknown {
  if (!isRecord(entry) || !isRecord(entry['request'])) return entry;
  const { ifNoneExist: _dropped, ...request } = entry['request'];
  return { ...entry, request };
}

const bearerType = (segments: readonly string[]): string | undefined =>
  /^[A-Z]/.test(segments[0] ?? '') ? segments[0] : undefined;

const actionOf = ({ method, segments }: Asked): Action => {
  if (method === 'GET' || method === 'HEAD') return segments.length === 1 ? 's' : 'r';
  if (segments[1] === '_search') return 's';
  return method === 'POST' ? 'c' : method === 'DELETE' ? 'd' : 'u';
};

const smartConfiguration = (baseUrl: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    token_endpoint: `${baseUrl}/oauth/token`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.cruds'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  }),
});
