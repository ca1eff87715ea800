/** Where a request comes in: faults strike, points are counted, tokens checked, and the path decides who answers. */
import type { Request, RequestHandler, Response } from 'express';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Log } from '../core/ports.ts';
import type { SandboxAdmin, SeenRequest } from './admin.ts';
import { administer } from './administration.ts';
import { failure, header } from './asked.ts';
import type { Asked } from './asked.ts';
import { offerOf, ownStatement } from './capability.ts';
import { chartOf } from './chart.ts';
import { isRecord } from './elements.ts';
import { parseFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { acceptsJson, readBody, readForm, send, wantsHtml } from './http.ts';
import type { Answer } from './http.ts';
import type { Interactions } from './interactions.ts';
import type { Action, Authorization } from './oauth.ts';
import { problem } from './outcome.ts';
import { chartPage, homePage } from './pages.ts';
import type { Quota } from './quota.ts';
import type { Quirks } from './quirks.ts';
import type { Store, Stored } from './store.ts';
import type { Subscriptions } from './subscriptions.ts';

type Surroundings = {
  readonly admin: SandboxAdmin;
  readonly authorization: Authorization;
  readonly authRequired: boolean;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly interactions: Interactions;
  readonly quota: Quota;
  readonly store: Store;
  readonly subscriptions: Subscriptions;
  readonly worn: () => CapabilityStatement | undefined;
  readonly note: (request: SeenRequest) => void;
  readonly log?: Log;
  readonly alive: AbortSignal;
};

export function createDoor(around: Surroundings): RequestHandler {
  const { admin, authorization, baseUrl, clock, interactions, quota, store, alive } = around;

  const respond = async (asked: Asked): Promise<Answer> => {
    const { method, segments, headers, query } = asked;
    const [first, second] = segments;
    const reading = method === 'GET' || method === 'HEAD';
    if (first === '$sandbox') return administer(asked, admin);
    if (first === 'oauth' && second === 'token' && method === 'POST') {
      const form = new URLSearchParams(readForm(asked.body, header(headers, 'content-type')));
      return authorization.token(form, header(headers, 'authorization'), asked.quirks);
    }
    if (first === '.well-known' && second === 'smart-configuration' && reading) return smartConfiguration(baseUrl);
    const accept = header(headers, 'accept');
    const html = reading && wantsHtml(accept);
    if (!html && !acceptsJson(accept, new URLSearchParams(query).get('_format')))
      return asked.quirks.has('not-acceptable-empty')
        ? { status: 406 }
        : failure(problem(406, 'not-supported', 'Only FHIR JSON can be sent.'));
    if (first === 'metadata' && reading)
      return { status: 200, body: around.worn() ?? ownStatement(baseUrl, clock(), asked.quirks, around.authRequired) };
    if (around.authRequired) authorization.check(header(headers, 'authorization'), typeOf(segments), actionOf(asked));
    if (first === undefined) {
      if (method === 'POST') return interactions.bundle(asked);
      if (html) return homePage(store, baseUrl);
      throw problem(reading ? 400 : 405, 'not-supported', 'Searching all types at once is not supported.');
    }
    if (second === '_search' && segments.length === 2) return searchByPost(first, asked);
    if (segments.length === 3 && reading && /^\$/.test(segments[2] ?? '')) return operation(asked, html);
    if (reading) {
      if (segments.length === 1) return interactions.search(first, asked, query);
      if (segments.length === 2 || (segments[2] === '_history' && segments.length <= 4))
        return interactions.read(asked);
    } else if (
      (method === 'POST' && segments.length === 1) ||
      (['PUT', 'PATCH', 'DELETE'].includes(method) && segments.length <= 2)
    ) {
      return interactions.write(asked);
    }
    throw problem(404, 'not-found', 'There is nothing at this address.');
  };

  const searchByPost = (type: string, asked: Asked): Answer => {
    if (asked.method !== 'POST') throw problem(405, 'not-supported', '_search takes a POST.');
    const form = readForm(asked.body, header(asked.headers, 'content-type'));
    return interactions.search(type, asked, [asked.query, form].filter((part) => part !== '').join('&'));
  };

  /** `Patient/{id}/$chart` and `Subscription/{id}/$status`. */
  const operation = ({ segments }: Asked, html: boolean): Answer => {
    const [type = '', id = '', name = ''] = segments;
    const resource = store.current(type, id);
    if (!resource) throw problem(404, 'not-found', 'Not found');
    if (type === 'Patient' && name === '$chart')
      return html
        ? chartPage(store, baseUrl, resource)
        : { status: 200, body: chartBundle(chartOf(store, id), baseUrl) };
    if (type === 'Subscription' && name === '$status')
      return { status: 200, body: around.subscriptions.status(resource) };
    throw problem(404, 'not-supported', `${name} is not supported.`);
  };

  /** Points are only counted where the quota is switched on. */
  const throttled = (asked: Asked): Answer | undefined => {
    const limit = asked.quirks.number('quota');
    if (limit === undefined || asked.segments[0] === '$sandbox') return undefined;
    const refusal = quota.take(pointsOf(asked), limit);
    return refusal && failure(refusal);
  };

  const dressed = (answer: Answer, quirks: Quirks): Answer => {
    const limit = quirks.number('quota');
    const patience = answer.status === 429 ? quirks.number('retry-after') : undefined;
    const traced =
      quirks.has('tracing-extension') && isRecord(answer.body) && answer.body['resourceType'] === 'OperationOutcome';
    return {
      ...answer,
      headers: {
        ...answer.headers,
        ...(limit === undefined ? {} : { ratelimit: quota.header(limit) }),
        ...(patience === undefined ? {} : { 'retry-after': String(patience) }),
      },
      ...(traced && isRecord(answer.body) ? { body: { ...answer.body, extension: [tracing()] } } : {}),
    };
  };

  const serve = async (request: Request, response: Response): Promise<void> => {
    const arrived = clock();
    const [path, query = ''] = splitOnce(request.url, '?');
    const segments = path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
    const note = (status: number | 'dropped'): void => {
      around.note({ method: request.method, path: shapeOf(segments), status, at: arrived });
    };
    const quirks = admin.quirks.with(header(request.headers, 'x-sandbox-quirk'));
    const struck =
      segments[0] === '$sandbox' ? [] : admin.faults.draw(request.method, segments.join('/'), faultsOf(request));
    const early = await strike(struck, request, response, quirks);
    if (early !== undefined) return note(early);
    const body = await readBody(request);
    if (quirks.has('last-updated-before-commit') && request.method !== 'GET')
      await wait(quirks.number('last-updated-before-commit') ?? 0, undefined, { signal: alive });
    const { method, headers } = request;
    const offer = offerOf(around.worn(), quirks);
    const asked: Asked = { method, segments, query, headers, body, quirks, offer, arrived };
    let answer: Answer;
    try {
      answer = throttled(asked) ?? (await respond(asked));
    } catch (error) {
      answer = failure(error);
      if (answer.status === 500)
        around.log?.('error', 'sandbox.fault', { name: error instanceof Error ? error.name : 'unknown' });
    }
    note(send(response, dressed(answer, quirks), struck));
  };

  /** Faults that strike before the request is looked at; what became of it, when one of them has answered. */
  const strike = async (
    struck: readonly Fault[],
    request: Request,
    response: Response,
    quirks: Quirks,
  ): Promise<number | 'dropped' | undefined> => {
    for (const { fault, value } of struck) {
      if (fault === 'latency') await wait(value ?? 100, undefined, { signal: alive });
      if (fault === 'hang') return 'dropped';
      if (fault === 'drop-before-commit') {
        await readBody(request);
        response.socket?.destroy();
        return 'dropped';
      }
      if (fault === 'status') {
        await readBody(request);
        const status = value ?? 503;
        const refused = failure(problem(status, status === 429 ? 'throttled' : 'transient', 'Injected fault.'));
        return send(response, dressed(refused, quirks), []);
      }
      if (fault === 'html-200') {
        await readBody(request);
        return send(response, signInPage, []);
      }
    }
    return undefined;
  };

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (alive.aborted || response.headersSent) response.socket?.destroy();
      else send(response, failure(error), []);
    });
  };
}

const signInPage: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>Sign in</title><h1>Please sign in</h1>',
};

const splitOnce = (text: string, mark: string): readonly [string, string?] => {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
};

function faultsOf({ headers }: Request): readonly Fault[] {
  const amongQuirks = (header(headers, 'x-sandbox-quirk') ?? '')
    .split(',')
    .filter((item) => item.trim().startsWith('fault='));
  return [...parseFaults(header(headers, 'x-sandbox-fault')), ...parseFaults(amongQuirks.join(','))];
}

/** A path without what identifies anyone. */
const shapeOf = (segments: readonly string[]): string =>
  segments
    .map((segment, i) => (i === 1 && !/^[_$]/.test(segment) && /^[A-Z]/.test(segments[0] ?? '') ? ':id' : segment))
    .join('/');

const typeOf = (segments: readonly string[]): string | undefined =>
  /^[A-Z]/.test(segments[0] ?? '') ? segments[0] : undefined;

const actionOf = ({ method, segments }: Asked): Action => {
  if (method === 'GET' || method === 'HEAD') return segments.length === 1 ? 's' : 'r';
  if (segments[1] === '_search') return 's';
  return method === 'POST' ? 'c' : method === 'DELETE' ? 'd' : 'u';
};

/** A write costs 100 points, a read 1; a bundle what its entries cost. */
function pointsOf({ method, segments, body }: Asked): number {
  if (method === 'GET' || method === 'HEAD' || segments[1] === '_search' || segments[0] === 'oauth') return 1;
  if (segments.length > 0) return 100;
  try {
    const bundle: unknown = JSON.parse(body.toString('utf8'));
    return isRecord(bundle) && Array.isArray(bundle['entry']) ? 100 * bundle['entry'].length : 100;
  } catch {
    return 100;
  }
}

const tracing = () => ({
  url: 'https://medplum.com/fhir/StructureDefinition/tracing',
  extension: [
    { url: 'requestId', valueId: crypto.randomUUID() },
    { url: 'traceId', valueId: crypto.randomUUID() },
  ],
});

const chartBundle = (resources: readonly Stored[], baseUrl: string) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map((resource) => ({
    fullUrl: `${baseUrl}/${resource.resourceType}/${resource.id}`,
    resource,
    search: { mode: 'match' },
  })),
});

const smartConfiguration = (baseUrl: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    token_endpoint: `${baseUrl}/oauth/token`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.cruds'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  }),
});
