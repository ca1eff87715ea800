/** `/v1/rosters`: the spreadsheet of the programme. Judged whole, stored without what must not be kept, carried out once. */
import type { Request, Response } from 'express';
import {
  removedStatuses,
  rosterModes,
  type RosterAnswer,
  type RosterImport,
  type RosterSummary,
} from '../core/roster.ts';
import { requireScope } from './authenticate.ts';
import { callerOf, type ApiKey, type AppDeps } from './deps.ts';
import { bodyOf } from './limits.ts';
import { refuse } from './problem.ts';
import { type Query, readQuery, wrong } from './query.ts';

const parameters = ['mode', 'source', 'dryRun', 'dateOrder', 'removedStatus', 'confirmRemovals', 'values'];
/** Refusals that are about what stands already, not about the file. */
const conflicts = new Set(['too-many-removed', 'roster-in-progress']);

/** Whose ids these are; a key that is bound to systems may send for those only. */
export function sheetSource(query: Query, key: ApiKey): string {
  const source = query.text('source') ?? 'roster';
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(source))
    wrong('source', 'Must be a name of letters, digits, dot, underscore, hyphen.');
  if (key.systemIds === undefined || key.systemIds.includes(source)) return source;
  return refuse({
    code: 'forbidden',
    status: 403,
    title: 'This key may not send for this system',
    detail: 'Use the key of that system, or correct source.',
  });
}

export function postRoster(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'rosters:write');
    const query = readQuery(req.query, parameters);
    const values = query.flag('values');
    if (values) requireScope(key, 'rosters:read');
    const mode = query.oneOf('mode', rosterModes) ?? wrong('mode', 'Say what this is: snapshot or delta.');
    const dateOrder = query.oneOf('dateOrder', ['dmy', 'mdy'] as const);
    const removedStatus = query.oneOf('removedStatus', removedStatuses);
    const confirmRemovals = query.whole('confirmRemovals', 1, 1_000_000);
    const answer = await deps.rosters.upload(bodyOf(req), {
      source: sheetSource(query, key),
      mode,
      dryRun: query.flag('dryRun'),
      actor: key.name,
      values,
      ...(dateOrder === undefined ? {} : { dateOrder }),
      ...(removedStatus === undefined ? {} : { removedStatus }),
      ...(confirmRemovals === undefined ? {} : { confirmRemovals }),
    });
    send(res, answer);
  };
}

function send(res: Response, answer: RosterAnswer): void {
  switch (answer.kind) {
    case 'refused': {
      const { code, title, detail, notices } = answer.refusal;
      refuse({
        code,
        status: conflicts.has(code) ? 409 : 422,
        title,
        detail,
        ...(notices === undefined ? {} : { more: { notices } }),
      });
      break;
    }
    case 'dry-run':
      res.status(200).json({ dryRun: true, ...answer.report });
      break;
    case 'known':
    case 'taken': {
      const { id, state, report } = answer;
      res.setHeader('location', `/v1/rosters/${id}`);
      res.status(answer.kind === 'taken' ? 202 : 200).json({ id, state, known: answer.kind === 'known', ...report });
    }
  }
}

const summaryOf = ({ receivedAt, committedAt, ...rest }: RosterSummary) => ({
  ...rest,
  receivedAt: receivedAt.toISOString(),
  ...(committedAt === undefined ? {} : { committedAt: committedAt.toISOString() }),
});

const whole = ({ report, ...summary }: RosterImport) => ({ ...summaryOf(summary), ...report });

export function listRosters(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'rosters:read');
    const query = readQuery(req.query, ['before', 'limit']);
    const before = query.whole('before', 1, 1e15);
    const limit = query.whole('limit', 1, 500) ?? 50;
    const rosters = await deps.rosters.list({ limit, ...(before === undefined ? {} : { before: String(before) }) });
    const last = rosters.at(-1);
    res.json({
      rosters: rosters.map(summaryOf),
      ...(rosters.length === limit && last !== undefined ? { next: last.id } : {}),
    });
  };
}

export function showRoster(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'rosters:read');
    const id = String(req.params['id']);
    const found = /^\d{1,15}$/.test(id) ? await deps.rosters.show(id) : undefined;
    if (found === undefined) {
      return refuse({
        code: 'not-found',
        status: 404,
        title: 'There is no such roster',
        detail: 'GET /v1/rosters lists them.',
      });
    }
    res.json(whole(found));
  };
}
