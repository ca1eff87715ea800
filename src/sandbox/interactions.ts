/** The FHIR interactions: search, read, history, writes, bundles. Writes go one at a time. */
import { FhirRouter } from '@medplum/fhir-router';
import type { FhirRequest } from '@medplum/fhir-router';
import { OperationOutcomeError } from '@medplum/core';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';
import { header, preferOf } from './asked.ts';
import type { Asked } from './asked.ts';
import { isRecord } from './elements.ts';
import { createExclusive } from './exclusive.ts';
import { fhirJson, readJsonBody } from './http.ts';
import type { Answer } from './http.ts';
import { information, problem, statusOf } from './outcome.ts';
import type { SandboxRepository } from './repository.ts';
import { byName, parametersOf, queryOf, toRequest } from './search.ts';
import { criteriaOf, isLenient, searchSet } from './search-set.ts';
import type { SearchContext } from './search-set.ts';
import type { Store, Stored } from './store.ts';
import { runBatch, runTransaction } from './transaction.ts';
import type { BundleRules } from './transaction.ts';

export type Interactions = {
  readonly search: (type: string, asked: Asked, query: string) => Answer;
  readonly read: (asked: Asked) => Promise<Answer>;
  readonly write: (asked: Asked) => Promise<Answer>;
  readonly bundle: (asked: Asked) => Promise<Answer>;
};

type Surroundings = {
  readonly store: Store;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly repositoryFor: (asked: Asked) => SandboxRepository;
  /** Aborted when the sandbox closes. */
  readonly alive: AbortSignal;
};

const writes = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;
/** A condition of which nothing was understood still is one. */
const matchesEverything = '_count=2';

const isWrite = (method: string): method is keyof typeof writes => Object.hasOwn(writes, method);

export function createInteractions({
  store,
  baseUrl,
  clock,
  random,
  repositoryFor,
  alive,
}: Surroundings): Interactions {
  const fhir = new FhirRouter();
  const exclusive = createExclusive();
  let conditionalInFlight = 0;

  const contextOf = ({ quirks, headers, offer }: Asked): SearchContext => {
    const lag = quirks.number('search-lags');
    return {
      store,
      baseUrl,
      quirks,
      view: lag === undefined ? {} : { until: clock().getTime() - lag },
      lenient: isLenient(quirks, header(headers, 'prefer')),
      now: clock(),
      declared: offer.declared,
    };
  };

  const criteria = (asked: Asked, type: string, query: string) =>
    criteriaOf(type, parametersOf(query.replace(/^\?/, '')), contextOf(asked));

  const search: Interactions['search'] = (type, asked, query) => {
    asked.offer.check('search-type', type);
    return { status: 200, body: searchSet(type, parametersOf(query), contextOf(asked)) };
  };

  /** Hands one interaction to @medplum/fhir-router; headers and conditions in the form it takes. */
  const interact = async (asked: Asked, body: unknown): Promise<Answer> => {
    const { method, segments } = asked;
    const type = segments[0] ?? '';
    const headers: NonNullable<FhirRequest['headers']> = {};
    const ifMatch = header(asked.headers, 'if-match');
    if (ifMatch !== undefined) headers['if-match'] = ifMatch.includes('"') ? ifMatch : `"${ifMatch}"`;
    const ifNoneExist = header(asked.headers, 'if-none-exist');
    if (method === 'POST' && ifNoneExist !== undefined && asked.offer.conditionalCreate(type))
      headers['if-none-exist'] = queryOf(criteria(asked, type, ifNoneExist)) || matchesEverything;
    let query: FhirRequest['query'] = {};
    if (segments.length === 1 && method !== 'POST') {
      const conditions = criteria(asked, type, asked.query);
      if (conditions.length === 0) throw problem(412, 'required', `A conditional ${method} needs criteria.`);
      query = byName(conditions);
    }
    const request: FhirRequest = {
      method: method as FhirRequest['method'],
      url: segments.join('/'),
      pathname: '',
      params: {},
      query,
      headers,
      body,
    };
    const repository = repositoryFor(asked);
    const [outcome, resource] = await fhir.handleRequest(request, repository);
    if (statusOf(outcome) >= 400) throw new OperationOutcomeError(outcome);
    if (method === 'DELETE') return { status: 204 };
    const stored = resource as unknown as Stored;
    const status = repository.made(stored.resourceType, stored.id) ? 201 : statusOf(outcome);
    return { status, headers: headersOf(method, stored), body: stored };
  };

  const headersOf = (method: string, { resourceType, id, meta }: Stored): Record<string, string> => ({
    ...(meta?.versionId
      ? { etag: `W/"${meta.versionId}"`, 'last-modified': new Date(meta.lastUpdated).toUTCString() }
      : {}),
    ...(method === 'POST' || method === 'PUT'
      ? { location: `${baseUrl}/${resourceType}/${id}/_history/${meta.versionId}` }
      : {}),
  });

  const read: Interactions['read'] = async (asked) => {
    const { segments } = asked;
    const isHistory = segments[2] === '_history';
    asked.offer.check(!isHistory ? 'read' : segments.length === 3 ? 'history-instance' : 'vread', segments[0] ?? '');
    const answer = await interact({ ...asked, method: 'GET' }, undefined);
    const etag = answer.headers?.['etag'];
    if (etag !== undefined && header(asked.headers, 'if-none-match') === etag)
      return { status: 304, headers: { etag } };
    return isHistory && segments.length === 3 ? { status: 200, body: historyOf(asked, answer.body) } : answer;
  };

  const historyOf = ({ segments }: Asked, bundle: unknown): Record<string, unknown> => {
    const url = `${baseUrl}/${segments[0]}/${segments[1]}`;
    const held = isRecord(bundle) ? bundle : {};
    const entries: readonly unknown[] = Array.isArray(held['entry']) ? held['entry'] : [];
    return {
      ...held,
      link: [{ relation: 'self', url: `${url}/_history` }],
      entry: entries.map((entry) => (isRecord(entry) ? { fullUrl: url, ...entry } : entry)),
    };
  };

  const bodyOf = ({ method, segments, body, headers }: Asked): unknown => {
    const type = segments[0] ?? '';
    const contentType = header(headers, 'content-type');
    if (method === 'DELETE') return undefined;
    if (method === 'PATCH') {
      const patch = readJsonBody(body, contentType, ['application/json-patch+json']);
      if (!Array.isArray(patch)) throw problem(400, 'structure', 'A JSON Patch is an array of operations.');
      return patch;
    }
    const resource = readJsonBody(body, contentType, fhirJson);
    if (!isRecord(resource) || resource['resourceType'] !== type)
      throw problem(400, 'invalid', `The body is not a resource of type ${type}.`, 'resourceType');
    if (method === 'PUT' && segments.length === 2 && resource['id'] !== segments[1])
      throw problem(400, 'invalid', 'The id in the resource differs from the id in the URL.', `${type}.id`);
    return resource;
  };

  const write: Interactions['write'] = async (asked) => {
    const type = asked.segments[0] ?? '';
    if (isWrite(asked.method)) asked.offer.check(writes[asked.method], type);
    const body = bodyOf(asked);
    const ifNoneExist = asked.method === 'POST' ? header(asked.headers, 'if-none-exist') : undefined;
    let decided = asked;
    if (ifNoneExist !== undefined && asked.quirks.has('conditional-create-duplicates-race')) {
      const [found] = await lookAhead(asked, [{ type, query: ifNoneExist }]);
      const { 'if-none-exist': _condition, ...headers } = asked.headers;
      if (found === false) decided = { ...asked, headers };
    }
    const answer = await exclusive(() => interact(decided, body));
    if (answer.body === undefined) return answer;
    const prefer = preferOf(asked.headers);
    if (prefer === 'minimal') return { status: answer.status, headers: answer.headers ?? {} };
    return prefer === 'OperationOutcome' ? { ...answer, body: information('Done.') } : answer;
  };

  /** Whether each condition is met now. The answer is used some time later, as servers without isolation do. */
  const lookAhead = async (
    asked: Asked,
    conditions: readonly { readonly type: string; readonly query: string }[],
  ): Promise<readonly boolean[]> => {
    const repository = repositoryFor(asked);
    const found = conditions.map(
      ({ type, query }) => repository.matches(toRequest(type, criteria(asked, type, query))).length > 0,
    );
    await wait(asked.quirks.number('conditional-create-duplicates-race') ?? 0, undefined, { signal: alive });
    return found;
  };

  const bundle: Interactions['bundle'] = async (asked) => {
    const { type, entries } = readBundle(asked);
    asked.offer.check(type);
    const run = type === 'batch' || asked.quirks.has('transaction-as-batch') ? runBatch : runTransaction;
    const answers = await raced(asked, entries, (given) =>
      exclusive(() => run(given, fhir, repositoryFor(asked), rulesOf(asked))),
    );
    if (asked.quirks.has('minimal-empty-body') && preferOf(asked.headers) === 'minimal') return { status: 200 };
    return {
      status: 200,
      body: { resourceType: 'Bundle', id: crypto.randomUUID(), type: `${type}-response`, entry: answers },
    };
  };

  /** Lets bundles with conditions that overlap in time get into each other's way, where a quirk asks for it. */
  const raced = async <T>(
    asked: Asked,
    entries: readonly unknown[],
    run: (entries: readonly unknown[]) => Promise<T>,
  ): Promise<T> => {
    const conditions = entries.flatMap(conditionOf);
    if (conditions.length === 0) return run(entries);
    if (asked.quirks.has('conditional-create-duplicates-race')) {
      const found = await lookAhead(asked, conditions);
      const unmet = new Set(conditions.filter((_, i) => found[i] === false).map(({ entry }) => entry));
      return run(entries.map((entry) => (unmet.has(entry) ? unconditional(entry) : entry)));
    }
    if (!asked.quirks.has('conditional-race')) return run(entries);
    const others = conditionalInFlight++;
    try {
      await wait(20, undefined, { signal: alive });
      if (others > 0 && random() < (asked.quirks.number('conditional-race') ?? 0))
        throw random() < 0.5
          ? problem(400, 'invalid', 'Assigned ID is already in use')
          : problem(409, 'conflict', 'could not serialize access due to read/write dependencies among transactions');
      return await run(entries);
    } finally {
      conditionalInFlight--;
    }
  };

  const rulesOf = (asked: Asked): BundleRules => {
    const { quirks, offer } = asked;
    return {
      criteria: (type, query) => criteria(asked, type, query),
      offered: (method, type, id) => {
        offer.check(isWrite(method) ? writes[method] : id === undefined ? 'search-type' : 'read', type);
      },
      conditionalCreate: offer.conditionalCreate,
      resolvesConditionalReferences: !quirks.has('conditional-refs-as-text'),
      namesFailingEntry: !quirks.has('no-failing-entry'),
      entryEtag: !quirks.has('no-entry-etag'),
      entryLimit: quirks.number('transaction-entry-limit'),
      putLimit: quirks.number('put-limit'),
      prefer: preferOf(asked.headers),
      get: async (url) => {
        const [path = '', query = ''] = url.split('?', 2);
        const segments = path.split('/').filter((segment) => segment !== '');
        const inner: Asked = { ...asked, method: 'GET', segments, query };
        const answer = segments.length === 1 ? search(segments[0] ?? '', inner, query) : await read(inner);
        return answer.body;
      },
    };
  };

  return { search, read, write, bundle };
}

function readBundle({ body, headers }: Asked): {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly unknown[];
} {
  const bundle = readJsonBody(body, header(headers, 'content-type'), fhirJson);
  if (!isRecord(bundle) || bundle['resourceType'] !== 'Bundle')
    throw problem(400, 'invalid', 'The body is not a Bundle.', 'resourceType');
  const { type, entry } = bundle;
  if (type !== 'batch' && type !== 'transaction')
    throw problem(400, 'value', 'The Bundle is neither batch nor transaction.', 'Bundle.type');
  if (!Array.isArray(entry) || entry.length === 0)
    throw problem(400, 'required', 'The Bundle has no entries.', 'Bundle.entry');
  return { type, entries: entry };
}

type Condition = { readonly entry: unknown; readonly type: string; readonly query: string };

function conditionOf(entry: unknown): Condition[] {
  const request = isRecord(entry) ? entry['request'] : undefined;
  if (!isRecord(request) || typeof request['ifNoneExist'] !== 'string' || typeof request['url'] !== 'string') return [];
  return [{ entry, type: request['url'], query: request['ifNoneExist'] }];
}

function unconditional(entry: unknown): unknown {
  if (!isRecord(entry) || !isRecord(entry['request'])) return entry;
  const { ifNoneExist: _condition, ...request } = entry['request'];
  return { ...entry, request };
}
