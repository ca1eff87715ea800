/** The HTTP doors on one Express application. Each handler is bound to an operation of the route table. */
import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { postActivities } from './activities.ts';
import { postAttendance } from './attendance.ts';
import { listDisclosures, listReferrals } from './accounts.ts';
import { authenticate, requireScope } from './authenticate.ts';
import { listChanges } from './changes.ts';
import { callerOf, defaultLimits, type AppDeps, type Handle, type Limits } from './deps.ts';
import { docsPage, landingPage, stylesheet } from './docs.ts';
import { perMinute, readBody } from './limits.ts';
import { actOnEscalation, listEscalations, showEscalation, type EscalationAction } from './escalations.ts';
import { changePerson, decideMatch, findPerson, listMatches, showMatch, showPerson } from './matches.ts';
import { actOnMessage, listMessages, listUnmapped, showMessage } from './messages.ts';
import { openApi } from './openapi.ts';
import { problemOf, sendProblem } from './problem.ts';
import { operations } from './routes.ts';
import { listRosters, postRoster, showRoster } from './rosters.ts';
import { findSource, hintLabs, postSource } from './sources.ts';
import { finishWork, listWorkList } from './work-list.ts';

export function createApp(deps: AppDeps): Express {
  const limits: Limits = { ...defaultLimits, ...deps.limits };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', deps.trustedProxies ?? 0);
  app.use(helmet(headers));
  app.use(told(deps));

  const handlers = handlersOf(deps, limits);
  for (const operation of operations) {
    const handle = handlers[operation.id];
    if (handle === undefined) throw new Error(`Nothing serves ${operation.id}.`);
    app[operation.method](expressPath(operation.path), named(operation.path), ...handle);
  }
  const pages = pagesOf(deps);
  for (const [path, handle] of Object.entries(pages)) app.get(path, named(path), handle);
  for (const [path, methods] of methodsByPath(Object.keys(pages)))
    app.all(expressPath(path), named(path), otherMethod(methods));

  if (deps.sandbox !== undefined) app.use('/sandbox/fhir', named('/sandbox/fhir'), deps.sandbox);
  app.use((_req, res) => {
    sendProblem(res, {
      code: 'not-found',
      status: 404,
      title: 'There is nothing here',
      detail: 'The paths are in /openapi.json.',
    });
  });
  app.use(failed(deps));
  return app;
}

const headers = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // TLS ends at the reverse proxy, which decides this.
  strictTransportSecurity: false,
} as const;

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Which route a request took, for log and metrics: never the URL, which may name a record. */
const named =
  (route: string): RequestHandler =>
  (_req, res, next) => {
    res.locals['route'] = route;
    next();
  };

/** Gives every request an id, and tells log and metrics how it ended. */
function told(deps: AppDeps): RequestHandler {
  return (req, res, next) => {
    const began = performance.now();
    const requestId = randomUUID();
    res.locals['requestId'] = requestId;
    res.setHeader('x-request-id', requestId);
    res.setHeader('cache-control', 'no-store');
    res.once('close', () => {
      const route = (res.locals['route'] as string | undefined) ?? 'none';
      const seconds = (performance.now() - began) / 1_000;
      // A client that went away got no answer, whatever the status was going to be.
      const status = res.writableFinished ? res.statusCode : 499;
      deps.observe?.({ route, method: req.method, status, seconds });
      deps.log(status < 400 ? 'debug' : 'info', 'http.request', {
        requestId,
        method: req.method,
        route,
        status,
        durationMs: Math.round(seconds * 1_000),
        actor: callerOf(res).key?.name,
      });
    });
    next();
  };
}

function handlersOf(deps: AppDeps, limits: Limits): Readonly<Record<string, readonly RequestHandler[]>> {
  const refusals = perMinute('refusals', limits.refusalsPerMinute);
  const bearer = authenticate(deps, 'bearer', refusals);
  const anyWay = authenticate(deps, 'any', refusals);
  const body = readBody(limits.bodyBytes, limits.bodyBytesInFlight);
  const reads = perMinute('messages', limits.readsPerMinute);
  const source = [
    anyWay,
    perMinute('sources', limits.sourcesPerMinute),
    findSource(deps),
    body,
    handled(postSource(deps)),
  ];
  const act = (action: 'retry' | 'release' | 'void') => [bearer, reads, handled(actOnMessage(deps, action))];
  const escalate = (action: EscalationAction) => [
    bearer,
    reads,
    handled((_req, res, next) => {
      requireScope(callerOf(res).key, 'escalations:act');
      next();
    }),
    body,
    handled(actOnEscalation(deps, action)),
  ];
  const json = (get: () => unknown): RequestHandler[] => [
    handled(async (_req, res) => {
      res.json(await get());
    }),
  ];
  const status = (get: () => Promise<{ readonly ok: boolean }> | { readonly ok: boolean }): RequestHandler[] => [
    handled(async (_req, res) => {
      const found = await get();
      res.status(found.ok ? 200 : 503).json(found);
    }),
  ];
  return {
    postActivities: [
      bearer,
      perMinute('activities', limits.activitiesPerMinute),
      scoped('activities:write'),
      body,
      handled(postActivities(deps, limits)),
    ],
    postRoster: [
      bearer,
      perMinute('rosters', limits.readsPerMinute),
      scoped('rosters:write'),
      body,
      handled(postRoster(deps)),
    ],
    postAttendance: [
      bearer,
      perMinute('attendance', limits.readsPerMinute),
      scoped('activities:write'),
      body,
      handled(postAttendance(deps)),
    ],
    listRosters: [bearer, reads, handled(listRosters(deps))],
    showRoster: [bearer, reads, handled(showRoster(deps))],
    postSource: source,
    putSource: source,
    hintLabs: [anyWay, perMinute('sources', limits.sourcesPerMinute), handled(hintLabs(deps))],
    listMessages: [bearer, reads, handled(listMessages(deps))],
    showMessage: [bearer, reads, handled(showMessage(deps))],
    listUnmapped: [bearer, reads, handled(listUnmapped(deps))],
    listChanges: [bearer, reads, handled(listChanges(deps))],
    listEscalations: [bearer, reads, handled(listEscalations(deps))],
    showEscalation: [bearer, reads, handled(showEscalation(deps))],
    ackEscalation: escalate('ack'),
    resolveEscalation: escalate('resolve'),
    reassignEscalation: escalate('reassign'),
    listDisclosures: [bearer, reads, handled(listDisclosures(deps))],
    listReferrals: [bearer, reads, handled(listReferrals(deps))],
    listWorkList: [bearer, reads, handled(listWorkList(deps))],
    finishWork: [bearer, reads, handled(finishWork(deps))],
    listMatches: [bearer, reads, handled(listMatches(deps))],
    showMatch: [bearer, reads, handled(showMatch(deps))],
    decideMatch: [bearer, reads, body, handled(decideMatch(deps))],
    findPerson: [bearer, reads, body, handled(findPerson(deps))],
    showPerson: [bearer, reads, handled(showPerson(deps))],
    mergePerson: [bearer, reads, body, handled(changePerson(deps, 'merge'))],
    unlinkPerson: [bearer, reads, body, handled(changePerson(deps, 'unlink'))],
    retryMessage: act('retry'),
    releaseMessage: act('release'),
    voidMessage: act('void'),
    health: status(deps.health),
    ready: status(deps.ready),
    metrics: [
      async (req, res, next) => {
        if (isLocal(req)) next();
        else await bearer(req, res, next);
      },
      handled(async (req, res) => {
        if (!isLocal(req)) requireScope(callerOf(res).key, 'admin');
        const { contentType, body: text } = await deps.metrics();
        res.type(contentType).send(text);
      }),
    ],
    jwks: json(deps.jwks),
  };
}

/** Before the body is read: nobody sends 10 MB to learn that the key will not do. */
const scoped = (scope: string): RequestHandler =>
  handled((_req, res, next) => {
    requireScope(callerOf(res).key, scope);
    next();
  });

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** A reverse proxy on this machine also connects from here: then it is somebody else who asks. */
const isLocal = (req: express.Request): boolean =>
  loopback.has(req.socket.remoteAddress ?? '') &&
  req.headers['x-forwarded-for'] === undefined &&
  req.headers['forwarded'] === undefined;

function pagesOf(deps: AppDeps): Readonly<Record<string, RequestHandler>> {
  const document = openApi(deps.schemas, deps.version);
  const documentText = JSON.stringify(document);
  const docs = docsPage(document);
  const landing = landingPage(deps.version, deps.sandbox !== undefined);
  const give =
    (type: string, text: string): RequestHandler =>
    (_req, res) => {
      res.type(type).send(text);
    };
  return {
    '/': give('html', landing),
    '/docs': give('html', docs),
    '/docs.css': give('css', stylesheet),
    '/openapi.json': give('json', documentText),
    '/fhir/metadata': give('application/fhir+json', JSON.stringify(statementOf(deps))),
  };
}

/** The statement of this Tejido: R4 wants software and implementation of an instance (cpb-14). */
const statementOf = ({ capability, version }: Pick<AppDeps, 'capability' | 'version'>) => ({
  ...capability,
  kind: 'instance',
  software: { name: 'Tejido', version },
  implementation: { description: 'Integration middleware of a community health programme' },
});

function methodsByPath(pages: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  const add = (path: string, method: string): void => {
    const known = methods.get(path) ?? new Set(['OPTIONS']);
    known.add(method);
    if (method === 'GET') known.add('HEAD');
    methods.set(path, known);
  };
  for (const { path, method } of operations) add(path, method.toUpperCase());
  for (const path of pages) add(path, 'GET');
  return methods;
}

function otherMethod(methods: ReadonlySet<string>): RequestHandler {
  const allow = [...methods].sort().join(', ');
  return (req, res) => {
    res.setHeader('allow', allow);
    if (req.method === 'OPTIONS') res.status(204).end();
    else
      sendProblem(res, {
        code: 'method-not-allowed',
        status: 405,
        title: 'Not with this method',
        detail: `Use ${allow}.`,
      });
  };
}

const handled =
  (handle: Handle): RequestHandler =>
  async (req, res, next) => {
    await handle(req, res, next);
  };

/** Every error ends here. What was not expected is logged by its class alone: its message may quote a body. */
function failed(deps: AppDeps): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      deps.log(problem.status === 503 ? 'warn' : 'error', 'http.failed', {
        requestId: callerOf(res).requestId,
        route: res.locals['route'] as string | undefined,
        status: problem.status,
        error,
      });
    }
    if (res.headersSent) {
      next(error);
      return;
    }
    sendProblem(res, problem);
  };
}
