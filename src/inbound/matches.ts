/** `/v1/matches…` and `/v1/people…`: for the front desk. Answers hold what is known of patients; URLs and logs never do. */
import type { Request, Response } from 'express';
import {
  type DecisionResult,
  isPatientKey,
  type MatchDecision,
  type MatchState,
  matchStates,
  type PeopleResult,
} from '../core/people.ts';
import { requireScope } from './authenticate.ts';
import { callerOf, type AppDeps } from './deps.ts';
import { bodyOf as bytesOf } from './limits.ts';
import { refuse } from './problem.ts';

const wrong = (where: string, what: string): never =>
  refuse({
    code: 'bad-request',
    status: 400,
    title: 'The request cannot be read',
    detail: 'Correct what is named in `errors`.',
    issues: [{ where, what, code: 'request/value' }],
  });

const unknownMatch = (): never =>
  refuse({
    code: 'match-unknown',
    status: 404,
    title: 'There is no match with this id',
    detail: 'GET /v1/matches lists them.',
  });

const unknownPerson = (): never =>
  refuse({
    code: 'person-unknown',
    status: 404,
    title: 'There is no such person',
    detail: 'POST /v1/people/find finds one by an identifier.',
  });

const refusedBecause = (detail: string): never =>
  refuse({ code: 'not-allowed', status: 409, title: 'This cannot be done now', detail });

/** The parsed body of a small JSON request. */
function bodyOf(req: Request): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    const bytes = bytesOf(req);
    body = JSON.parse(bytes.length > 0 ? bytes.toString('utf8') : '{}');
  } catch {
    return wrong('', 'Must be JSON.');
  }
  return typeof body === 'object' && body !== null && !Array.isArray(body)
    ? (body as Readonly<Record<string, unknown>>)
    : wrong('', 'Must be a JSON object.');
}

const words = (value: unknown, where: string): string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 200
    ? value.trim()
    : wrong(where, 'Must be a text.');

function known(body: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of Object.keys(body))
    if (!names.includes(name)) wrong(`/${name}`, `Not known here. Known: ${names.join(', ')}.`);
}

function matchId(req: Request): string {
  const id = String(req.params['id']);
  return /^\d{1,18}$/.test(id) ? id : unknownMatch();
}

export function listMatches(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'matches:read');
    const { state, after, limit = '50' } = req.query;
    if (state !== undefined && !(matchStates as readonly unknown[]).includes(state)) {
      wrong('state', `Must be one of: ${matchStates.join(', ')}.`);
    }
    if (after !== undefined && (typeof after !== 'string' || !/^\d{1,18}$/.test(after)))
      wrong('after', 'Must be `next` of the page before.');
    const most = Number(limit);
    if (!Number.isInteger(most) || most < 1 || most > 500) wrong('limit', 'Must be a whole number from 1 to 500.');
    res.json(
      await deps.people.matches({
        limit: most,
        ...(state === undefined ? {} : { state: state as MatchState }),
        ...(typeof after === 'string' ? { after } : {}),
      }),
    );
  };
}

export function showMatch(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'matches:read');
    res.json((await deps.people.match(matchId(req), key.name)) ?? unknownMatch());
  };
}

/** `{"link": 1}`, `{"link": {"mrn": "…"}}`, `{"link": "new"}` or `{"link": "not-sure"}`. */
function decisionOf(body: Readonly<Record<string, unknown>>): MatchDecision {
  known(body, ['link']);
  const { link } = body;
  if (link === 'new' || link === 'not-sure') return { kind: link };
  if (typeof link === 'number' && Number.isSafeInteger(link)) return { kind: 'candidate', number: link };
  if (typeof link === 'object' && link !== null && 'mrn' in link)
    return { kind: 'mrn', mrn: words(link.mrn, '/link/mrn') };
  return wrong('/link', 'Must be the number of a candidate, {"mrn": …}, "new" or "not-sure".');
}

export function decideMatch(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'matches:act');
    const id = matchId(req);
    const result: DecisionResult = await deps.people.decide(id, decisionOf(bodyOf(req)), key.name);
    if (!result.ok) return result.unknown === true ? unknownMatch() : refusedBecause(result.refused);
    res.json({ id, state: result.state, released: result.released });
  };
}

export function findPerson(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'matches:read');
    const body = bodyOf(req);
    known(body, ['mrn', 'source', 'sourcePatientId']);
    const by =
      body['mrn'] === undefined
        ? {
            system: `source:${words(body['source'], '/source')}`,
            value: words(body['sourcePatientId'], '/sourcePatientId'),
          }
        : { system: 'mrn', value: words(body['mrn'], '/mrn') };
    const patientKey = await deps.people.find(by);
    res.json(patientKey === undefined ? unknownPerson() : { patientKey });
  };
}

export function showPerson(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'matches:read');
    const person = String(req.params['key']);
    const found = isPatientKey(person) ? await deps.people.show(person, key.name) : undefined;
    res.json(found ?? unknownPerson());
  };
}

/** Without `"yes": true` only what it would touch. */
export function changePerson(deps: AppDeps, what: 'merge' | 'unlink') {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'matches:act');
    const person = String(req.params['key']);
    if (!isPatientKey(person)) return unknownPerson();
    const body = bodyOf(req);
    known(body, what === 'merge' ? ['into', 'yes'] : ['source', 'sourcePatientId', 'yes']);
    const run = body['yes'] === true;
    let result: PeopleResult;
    if (what === 'merge') {
      const into = words(body['into'], '/into');
      if (!isPatientKey(into)) return unknownPerson();
      result = await deps.people.merge({ from: person, into, run }, key.name);
    } else {
      const by = {
        source: words(body['source'], '/source'),
        sourcePatientId: words(body['sourcePatientId'], '/sourcePatientId'),
      };
      result = await deps.people.unlink({ person, ...by, run }, key.name);
    }
    if (!result.ok) return refusedBecause(result.refused);
    const { ok: _, ...answer } = result;
    res.json(answer);
  };
}
