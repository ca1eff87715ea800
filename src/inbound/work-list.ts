/** `/v1/worklist…`: what a person does in the chart. Lines are of patients: for those who may read messages. */
import type { Request, Response } from 'express';
import type { WorkItem } from '../core/story.ts';
import { requireScope } from './authenticate.ts';
import { callerOf, type AppDeps } from './deps.ts';
import { refuse } from './problem.ts';
import { wrong } from './query.ts';

const states: readonly WorkItem['state'][] = ['open', 'done', 'withdrawn'];
const isId = (text: unknown): text is string => typeof text === 'string' && /^\d{1,18}$/.test(text);

export function listWorkList(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'messages:read');
    const { state = 'open', after, limit = '50' } = req.query;
    const wanted = states.find((each) => each === state);
    if (wanted === undefined) return wrong('state', `Must be one of: ${states.join(', ')}.`);
    if (after !== undefined && !isId(after)) return wrong('after', 'Must be `next` of the page before.');
    const size = Number(limit);
    if (!Number.isInteger(size) || size < 1 || size > 500)
      return wrong('limit', 'Must be a whole number from 1 to 500.');
    const items = await deps.messages.workList({
      state: wanted,
      limit: size,
      ...(after === undefined ? {} : { after }),
    });
    const last = items.length === size ? items.at(-1) : undefined;
    res.json({ items, ...(last === undefined ? {} : { next: last.id }) });
  };
}

/** `?reference=Type/id`: where it stands in the chart now. */
export function finishWork(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'messages:act');
    const { id } = req.params;
    const { reference } = req.query;
    if (reference !== undefined && !(typeof reference === 'string' && /^[A-Z][A-Za-z]+\/[\w.-]{1,64}$/.test(reference)))
      return wrong('reference', 'Must be `Type/id` of what stands in the chart.');
    const [item] = isId(id) ? await deps.messages.workList({ id }) : [];
    if (item === undefined) {
      return refuse({
        code: 'entry-unknown',
        status: 404,
        title: 'There is no entry with this id',
        detail: 'GET /v1/worklist lists them.',
      });
    }
    const done = await deps.messages.finishWork(item.id, key.name, reference);
    if (!done.ok)
      return refuse({ code: 'not-allowed', status: 409, title: 'This entry cannot be done now', detail: done.refused });
    res.json({ id: item.id, state: 'done' });
  };
}
