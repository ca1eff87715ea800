/** `POST /v1/attendance`: one sheet of one session; accepted whole, or refused with every row that is wrong. */
import type { Request, Response } from 'express';
import { requireScope } from './authenticate.ts';
import { callerOf, type AppDeps } from './deps.ts';
import { bodyOf } from './limits.ts';
import { refuse } from './problem.ts';
import { readQuery } from './query.ts';
import { sheetSource } from './rosters.ts';

export function postAttendance(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'activities:write');
    const query = readQuery(req.query, ['source', 'dryRun', 'dateOrder']);
    const dateOrder = query.oneOf('dateOrder', ['dmy', 'mdy'] as const);
    const json = /^application\/([\w.-]+\+)?json\b/i.test(req.headers['content-type'] ?? 'application/json');
    const answer = await deps.attendance(bodyOf(req), json, {
      source: sheetSource(query, key),
      dryRun: query.flag('dryRun'),
      actor: key.name,
      ...(dateOrder === undefined ? {} : { dateOrder }),
    });
    switch (answer.kind) {
      case 'refused': {
        const { code, title, detail, problems, notices } = answer.refusal;
        refuse({ code, status: 422, title, detail, more: { rows: problems, notices } });
        break;
      }
      case 'dry-run':
        res.status(200).json({ dryRun: true, ...answer.report });
        break;
      case 'taken':
        res.status(202).json({ ...answer.report, receipts: answer.receipts });
    }
  };
}
