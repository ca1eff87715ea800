/** `/v1/escalations…`: red flags that a person must take, read and acted on. */
import type { Request, Response } from 'express';
import { escalationStates } from '../core/escalation.ts';
import { severities } from '../core/red-flag/rules.ts';
import type { EscalationAct, EscalationFilter } from '../core/story.ts';
import { mayUse, requireScope } from './authenticate.ts';
import { type ApiKey, type AppDeps, callerOf } from './deps.ts';
import { bodyOf } from './limits.ts';
import { refuse, type Problem } from './problem.ts';
import { wrong } from './query.ts';

export type EscalationAction = EscalationAct['do'];

const notFound: Problem = {
  code: 'escalation-unknown',
  status: 404,
  title: 'There is no escalation with this id',
  detail: 'GET /v1/escalations lists them.',
};

/** Which red flag it is may be known to few only: suicidality, violence, abuse. */
const seesRestricted = (key: ApiKey): boolean => mayUse(key, 'escalations:restricted');

const states = ['running', ...escalationStates] as const;

function filterOf(query: Request['query']): EscalationFilter {
  const known = ['state', 'severity', 'pool', 'limit'];
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) wrong(name, `Not a parameter here. Known: ${known.join(', ')}.`);
    if (typeof value !== 'string' || value === '' || value.length > 300) wrong(name, 'Give it once, with a value.');
  }
  const given = query as Readonly<Record<string, string>>;
  const state = states.find((one) => one === given['state']);
  if (given['state'] !== undefined && state === undefined) wrong('state', `Must be one of: ${states.join(', ')}.`);
  const severity = severities.find((one) => one === given['severity']);
  if (given['severity'] !== undefined && severity === undefined)
    wrong('severity', `Must be one of: ${severities.join(', ')}.`);
  const limit = Number(given['limit'] ?? '100');
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) wrong('limit', 'Must be a whole number from 1 to 500.');
  return {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(severity === undefined ? {} : { severity }),
    ...(given['pool'] === undefined ? {} : { pool: given['pool'] }),
  };
}

export function listEscalations(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'escalations:read');
    res.json({ escalations: await deps.escalations.list(filterOf(req.query), seesRestricted(key)) });
  };
}

export function showEscalation(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'escalations:read');
    const story = await deps.escalations.story(String(req.params['id']), seesRestricted(key));
    res.json(story ?? refuse(notFound));
  };
}

export function actOnEscalation(deps: AppDeps, action: EscalationAction) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'escalations:act');
    const id = String(req.params['id']);
    const act = actOf(action, bodyOf(req));
    if ((await deps.escalations.story(id, false)) === undefined) return refuse(notFound);
    const result = await deps.escalations.act(id, act, key.name);
    if (!result.ok) {
      return refuse({
        code: 'not-allowed',
        status: 409,
        title: `This escalation cannot be taken by ${action} now`,
        detail: result.refused,
      });
    }
    res.json({ id, state: result.state });
  };
}

const unreadable = (says: string, where = ''): never =>
  refuse({
    code: 'body-unreadable',
    status: 422,
    title: 'The body cannot be read',
    detail: 'Send a JSON object as /openapi.json describes it. Nothing was changed.',
    issues: [{ where, what: says, code: 'body/value' }],
  });

/** An empty body acknowledges or resolves without more. */
function actOf(action: EscalationAction, body: Buffer): EscalationAct {
  const given = objectIn(body);
  const text = (name: string, most: number): string | undefined => {
    const value = given[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.trim() !== '' && value.length <= most) return value.trim();
    return unreadable(`Must be a text of 1 to ${String(most)} characters.`, `/${name}`);
  };
  const note = text('note', 500);
  const noted = note === undefined ? {} : { note };
  if (action === 'reassign') {
    return { do: action, pool: text('pool', 40) ?? unreadable('Required, and missing.', '/pool'), ...noted };
  }
  const role = text('role', 60);
  return { do: action, ...(role === undefined ? {} : { role }), ...noted };
}

function objectIn(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, without what the parser quotes.
  }
  return unreadable('Must be a JSON object.');
}
