/** `/v1/changes`: what CHW apps need from the EHR, a feed with a cursor. */
import type { Request, Response } from 'express';
import { isLabKind, type ToldChange } from '../core/change.ts';
import { requireScope } from './authenticate.ts';
import { type ApiKey, type AppDeps, callerOf } from './deps.ts';
import { refuse } from './problem.ts';
import { readQuery } from './query.ts';

/** Undefined: every system's ids. A key that is bound to systems sees the patients of those only. */
function sourcesOf(asked: string | undefined, { systemIds }: ApiKey): readonly string[] | undefined {
  if (asked === undefined) return systemIds;
  if (systemIds === undefined || systemIds.includes(asked)) return [asked];
  return refuse({
    code: 'forbidden',
    status: 403,
    title: 'This key may not read for this system',
    detail: 'Use the key of that system, or correct source.',
  });
}

function shown({ id, at, kind, destination, ids, reference, content }: ToldChange) {
  const own = isLabKind(kind)
    ? { resultRef: reference }
    : reference.startsWith('Task/')
      ? { taskRef: reference }
      : { appointmentRef: reference };
  return { id, at: at.toISOString(), kind, destination, patient: { ids }, ...own, ...content };
}

export function listChanges(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'changes:read');
    const query = readQuery(req.query, ['after', 'source', 'limit']);
    const sources = sourcesOf(query.text('source'), key);
    const { changes, next, more } = await deps.changes({
      after: String(query.whole('after', 0, 1e15) ?? 0),
      limit: query.whole('limit', 1, 500) ?? 100,
      ...(sources === undefined ? {} : { sources }),
    });
    res.json({ changes: changes.map(shown), next, more });
  };
}
