/**
 * Batch and transaction bundles (R4 §3.1.0.11). The entries go through @medplum/fhir-router; what is ours is the
 * order, the identities, the references between entries, and that a transaction stands whole or not at all.
 */
import type { FhirRequest, FhirRouter } from '@medplum/fhir-router';
import { normalizeOperationOutcome, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Resource } from '../core/ports.ts';
import { isRecord, textOf, visitReferences } from './elements.ts';
import { matches as matchesFilter } from './match.ts';
import { problem, published, statusOf } from './outcome.ts';
import type { SandboxRepository } from './repository.ts';
import { toRequest } from './search.ts';
import type { Parameter } from './search.ts';
import type { Stored } from './store.ts';

export type BundleRules = {
  /** Refuses parameters it does not know, or drops them; throws a 400. */
  readonly criteria: (type: string, query: string) => readonly Parameter[];
  /** Throws a 404 or 405 for what this server does not offer. */
  readonly offered: (method: string, type: string, id: string | undefined) => void;
  readonly conditionalCreate: (type: string) => boolean;
  readonly resolvesConditionalReferences: boolean;
  readonly namesFailingEntry: boolean;
  readonly entryEtag: boolean;
  readonly entryLimit: number | undefined;
  readonly putLimit: number | undefined;
  readonly prefer: 'minimal' | 'representation' | 'OperationOutcome' | undefined;
  /** Answers a search or read entry as the HTTP layer would. */
  readonly get: (url: string) => Promise<unknown>;
};

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Item = {
  readonly index: number;
  readonly method: Method;
  readonly url: string;
  readonly type: string;
  readonly id?: string;
  readonly query?: string;
  readonly fullUrl?: string;
  readonly ifNoneExist?: string;
  readonly ifMatch?: string;
  readonly body?: Resource;
};
/** What an entry is about, once its conditions are looked up. */
type Identity = {
  readonly item: Item;
  readonly does: 'create' | 'nothing' | 'act';
  readonly type: string;
  readonly id?: string;
};
type Answer = Record<string, unknown>;

const order: Record<Method, number> = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2, GET: 3, HEAD: 3 };
const reasons: Record<number, string> = { 200: 'OK', 201: 'Created', 204: 'No Content' };

const isMethod = (value: unknown): value is Method => typeof value === 'string' && Object.hasOwn(order, value);

const isResource = (value: unknown): value is Resource => isRecord(value) && typeof value['resourceType'] === 'string';

function readItem(entry: unknown, index: number): Item {
  const where = `Bundle.entry[${index}]`;
  const request = isRecord(entry) ? entry['request'] : undefined;
  if (!isRecord(entry) || !isRecord(request))
    throw problem(400, 'required', 'The entry has no request.', `${where}.request`);
  const { method, url } = request;
  if (!isMethod(method)) throw problem(400, 'value', 'The entry has no known method.', `${where}.request.method`);
  if (typeof url !== 'string' || url === '')
    throw problem(400, 'required', 'The entry has no url.', `${where}.request.url`);
  const [path, query] = splitOnce(url.replace(/^\//, ''), '?');
  const [type = '', id] = path.split('/');
  const body = entry['resource'];
  if (method !== 'GET' && method !== 'HEAD' && method !== 'DELETE' && !isResource(body))
    throw problem(400, 'required', 'The entry has no resource.', `${where}.resource`);
  const fullUrl = textOf(entry['fullUrl']);
  const ifNoneExist = textOf(request['ifNoneExist']);
  const ifMatch = textOf(request['ifMatch']);
  return {
    index,
    method,
    url,
    type,
    ...(id === undefined ? {} : { id }),
    ...(query === undefined ? {} : { query }),
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(ifNoneExist === undefined ? {} : { ifNoneExist: ifNoneExist.replace(/^\?/, '') }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(isResource(body) ? { body } : {}),
  };
}

const splitOnce = (text: string, mark: string): [string, string?] => {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
};

const multiple = () => problem(412, 'multiple-matches', 'The criteria match more than one resource.');

function identify(item: Item, repository: SandboxRepository, rules: BundleRules): Identity {
  const { type } = item;
  rules.offered(item.method, type, item.id);
  const lookup = (query: string): readonly Stored[] => {
    const found = repository.matches(toRequest(type, rules.criteria(type, query)));
    if (found.length > 1) throw multiple();
    return found;
  };
  if (item.method === 'POST') {
    if (item.id !== undefined) throw problem(400, 'not-supported', `POST ${item.url} is not supported in a bundle.`);
    const [existing] = item.ifNoneExist !== undefined && rules.conditionalCreate(type) ? lookup(item.ifNoneExist) : [];
    if (existing) return { item, does: 'nothing', type, id: existing.id };
    return { item, does: 'create', type, id: repository.generateId() };
  }
  if (item.method === 'GET' || item.method === 'HEAD') return { item, does: 'act', type };
  if (item.id !== undefined) return { item, does: 'act', type, id: item.id };
  if (item.query === undefined) throw problem(400, 'required', `${item.method} needs an id or criteria.`);
  const [existing] = lookup(item.query);
  if (existing) return { item, does: 'act', type, id: existing.id };
  if (item.method === 'PUT') return { item, does: 'create', type, id: repository.generateId() };
  if (item.method === 'DELETE') return { item, does: 'nothing', type };
  throw problem(404, 'not-found', 'The criteria match no resource.');
}

/** Replaces the fullUrl of other entries, wherever a string is one, or a narrative links to it. */
function rewrite(value: unknown, targets: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    const target = targets.get(value);
    if (target !== undefined) return target;
    return value.includes('urn:uuid:')
      ? value.replaceAll(/urn:uuid:[0-9a-fA-F-]{36}/g, (urn) => targets.get(urn) ?? urn)
      : value;
  }
  if (Array.isArray(value)) return value.map((item) => rewrite(item, targets));
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) copy[name] = rewrite(value[name], targets);
  return copy;
}

const conditionalReference = /^([A-Z][A-Za-z]+)\?(.+)$/;

/** `Patient?identifier=…` → the one resource that it means: standing already, or made by this very bundle. */
function conditionalTargets(
  items: readonly Item[],
  identities: readonly Identity[],
  repository: SandboxRepository,
  rules: BundleRules,
): Map<string, string> {
  const targets = new Map<string, string>();
  if (!rules.resolvesConditionalReferences) return targets;
  for (const { body, index } of items) {
    visitReferences(body, (reference, path) => {
      const [, type, query] = conditionalReference.exec(reference) ?? [];
      if (type === undefined || query === undefined || targets.has(reference)) return;
      const request = toRequest(type, rules.criteria(type, query));
      const found = new Set(repository.matches(request).map(({ id }) => id));
      for (const { does, item, id } of identities) {
        if (does !== 'create' || item.type !== type || !item.body || id === undefined) continue;
        const made = { ...item.body, id, meta: { versionId: '1', lastUpdated: '' } };
        if ((request.filters ?? []).every((filter) => matchesFilter(made, filter, (t, i) => repository.current(t, i))))
          found.add(id);
      }
      const [id, more] = found;
      if (id === undefined || more !== undefined)
        throw problem(
          412,
          id === undefined ? 'not-found' : 'multiple-matches',
          `A conditional reference matches ${id === undefined ? 'no resource' : 'more than one resource'}.`,
          `Bundle.entry[${index}].resource.${path}`,
        );
      targets.set(reference, `${type}/${id}`);
    });
  }
  return targets;
}

async function act(
  identity: Identity,
  body: Resource | undefined,
  router: FhirRouter,
  repository: SandboxRepository,
  rules: BundleRules,
): Promise<Answer> {
  const { item, does, type, id } = identity;
  if (item.method === 'GET' || item.method === 'HEAD')
    return { resource: await rules.get(item.url), response: { status: '200 OK' } };
  if (does === 'nothing') {
    const standing = id === undefined ? undefined : repository.current(type, id);
    return standing ? answer(200, standing, rules) : { response: { status: '204 No Content' } };
  }
  const method = does === 'create' ? 'POST' : item.method;
  const url = does === 'create' ? type : `${type}/${id}`;
  const route = router.find(method, url);
  if (!route) throw problem(404, 'not-found', `There is no ${item.method} ${item.url}.`);
  const request: FhirRequest = {
    method,
    url,
    pathname: '',
    params: route.params,
    query: {},
    headers: item.ifMatch === undefined ? {} : { 'if-match': item.ifMatch },
    body: item.method === 'PATCH' ? patchOf(body) : body && id !== undefined ? named(item, body, id) : body,
  };
  const [outcome, resource] = await route.handler(request, repository, router, {
    batch: true,
    assignedId: does === 'create',
  });
  const status = statusOf(outcome);
  if (status >= 400) throw new OperationOutcomeError(outcome);
  if (method === 'DELETE') return { response: { status: '204 No Content' } };
  const stored = resource as unknown as Stored;
  return answer(repository.made(stored.resourceType, stored.id) ? 201 : status, stored, rules);
}

/** A conditional update may leave out the id; any other must name the one that the url names. */
function named(item: Item, body: Resource, id: string): Resource {
  if (item.method === 'PUT' && body.id !== undefined && body.id !== id)
    throw problem(400, 'invalid', 'The id in the resource differs from the id it is written to.', `${item.type}.id`);
  if (item.method === 'PUT' && item.id !== undefined && body.id === undefined)
    throw problem(400, 'required', 'The resource has no id.', `${item.type}.id`);
  return { ...body, id };
}

function patchOf(body: Resource | undefined): unknown {
  const data = body?.resourceType === 'Binary' ? textOf(body['data']) : undefined;
  if (data === undefined) throw problem(400, 'invalid', 'A PATCH entry holds a Binary with the JSON Patch in Base64.');
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as unknown;
  } catch {
    throw problem(400, 'structure', 'The patch in the Binary is not JSON.');
  }
}

function answer(status: number, resource: Stored, rules: BundleRules): Answer {
  return {
    ...(rules.prefer === 'representation' ? { resource } : {}),
    response: {
      status: `${status} ${reasons[status] ?? ''}`.trim(),
      location: `${resource.resourceType}/${resource.id}/_history/${resource.meta.versionId}`,
      ...(rules.entryEtag ? { etag: `W/"${resource.meta.versionId}"`, lastModified: resource.meta.lastUpdated } : {}),
    },
  };
}

function failed(error: unknown): Answer {
  const outcome = normalizeOperationOutcome(error);
  return { response: { status: String(statusOf(outcome)), outcome: published(outcome) } };
}

/** The same error, naming the entry it came from, if this server is one that tells. */
function fromEntry(error: unknown, index: number, rules: BundleRules): OperationOutcomeError {
  const outcome = normalizeOperationOutcome(error);
  const status = statusOf(outcome);
  const issue = outcome.issue.map(({ expression, ...rest }): OperationOutcomeIssue => {
    if (!rules.namesFailingEntry) return rest;
    const where = (expression ?? []).map((one) =>
      one.startsWith('Bundle.') ? one : `Bundle.entry[${index}].resource${one.replace(/^[A-Za-z]+/, '')}`,
    );
    return { ...rest, expression: where.length > 0 ? where : [`Bundle.entry[${index}]`] };
  });
  const [first, ...others] = issue;
  if (!first) return new OperationOutcomeError(outcome);
  const renamed = problem(status, first.code, first.details?.text ?? '', first.expression ?? []);
  renamed.outcome.issue.push(...others);
  return renamed;
}

/** Runs a transaction: everything in it stands afterwards, or an error is thrown and nothing does. */
export async function runTransaction(
  entries: readonly unknown[],
  router: FhirRouter,
  repository: SandboxRepository,
  rules: BundleRules,
): Promise<Answer[]> {
  const at = <T>(index: number, run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw fromEntry(error, index, rules);
    }
  };
  const items = entries.map((entry, index) => at(index, () => readItem(entry, index)));
  const conditional = items.some(
    (item) => item.ifNoneExist !== undefined || (item.query !== undefined && item.method !== 'GET'),
  );
  if (conditional && rules.entryLimit !== undefined && items.length > rules.entryLimit)
    throw problem(400, 'invalid', 'Transaction requires strict isolation but has too many entries');
  if (rules.putLimit !== undefined && items.filter(({ method }) => method === 'PUT').length > rules.putLimit)
    throw problem(400, 'invalid', 'Transaction contains more update operations than allowed');

  return repository.withTransaction(async () => {
    const identities = identifyAll(items, repository, rules, at);
    const targets = new Map<string, string>();
    for (const { item, type, id } of identities)
      if (item.fullUrl !== undefined && id !== undefined) targets.set(item.fullUrl, `${type}/${id}`);
    for (const [from, to] of conditionalTargets(items, identities, repository, rules)) targets.set(from, to);

    const answers: Answer[] = Array.from({ length: items.length });
    for (const identity of identities.toSorted((a, b) => order[a.item.method] - order[b.item.method])) {
      const { item } = identity;
      const body = item.body ? (rewrite(item.body, targets) as Resource) : undefined;
      try {
        answers[item.index] = await act(identity, body, router, repository, rules);
      } catch (error) {
        throw fromEntry(error, item.index, rules);
      }
    }
    return answers;
  });
}

function identifyAll(
  items: readonly Item[],
  repository: SandboxRepository,
  rules: BundleRules,
  at: <T>(index: number, run: () => T) => T,
): readonly Identity[] {
  const seen = new Set<string>();
  const created = new Map<string, string>();
  return items.map((item) => {
    const key =
      item.ifNoneExist === undefined || !rules.conditionalCreate(item.type)
        ? undefined
        : `${item.type}?${item.ifNoneExist}`;
    const twin = key === undefined ? undefined : created.get(key);
    if (twin !== undefined) return { item, does: 'nothing', type: item.type, id: twin };
    const identity = at(item.index, () => identify(item, repository, rules));
    const { does, type, id } = identity;
    if (id !== undefined && does !== 'nothing') {
      if (seen.has(`${type}/${id}`))
        throw problem(400, 'invalid', 'Two entries write the same resource.', `Bundle.entry[${item.index}]`);
      seen.add(`${type}/${id}`);
      if (key !== undefined) created.set(key, id);
    }
    return identity;
  });
}

/**
 * Runs a batch: each entry by itself, with its own status. Entries may still refer to each other, as several servers
 * allow; a reference to an entry that failed is then left dangling.
 */
export async function runBatch(
  entries: readonly unknown[],
  router: FhirRouter,
  repository: SandboxRepository,
  rules: BundleRules,
): Promise<Answer[]> {
  const answers: Answer[] = Array.from({ length: entries.length });
  const identities = entries.flatMap((entry, index) => {
    try {
      return [identify(readItem(entry, index), repository, rules)];
    } catch (error) {
      answers[index] = failed(error);
      return [];
    }
  });
  const targets = new Map<string, string>();
  for (const { item, type, id } of identities)
    if (item.fullUrl !== undefined && id !== undefined) targets.set(item.fullUrl, `${type}/${id}`);
  for (const identity of identities.toSorted((a, b) => order[a.item.method] - order[b.item.method])) {
    const { item } = identity;
    try {
      const conditional = conditionalTargets([item], identities, repository, rules);
      const body = item.body ? (rewrite(item.body, new Map([...targets, ...conditional])) as Resource) : undefined;
      answers[item.index] = await act(identity, body, router, repository, rules);
    } catch (error) {
      answers[item.index] = failed(error);
    }
  }
  return answers;
}
