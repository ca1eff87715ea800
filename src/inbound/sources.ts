/**
 * `POST /v1/sources/{name}`: native webhooks. Once the sender is known, the delivery is kept and answered 202, whatever
 * it holds: CommCare never repeats what was refused, and reads 204 as nothing sent.
 */
import type { Request, Response } from 'express';
import { requireScope } from './authenticate.ts';
import { callerOf, type AppDeps } from './deps.ts';
import { bodyOf } from './limits.ts';
import { refuse } from './problem.ts';

/** Runs before the body is read, so that a stranger cannot learn the names of sources or make us read. */
export function findSource(deps: AppDeps) {
  return (req: Request, res: Response, next: () => void): void => {
    const name = String(req.params['name']);
    requireScope(callerOf(res).key, `sources:write:${name}`);
    if (deps.source(name) === undefined) {
      refuse({
        code: 'source-unknown',
        status: 404,
        title: 'There is no source of this name',
        detail: 'Add it under `sources` in tejido.yaml, or correct the URL.',
      });
    }
    next();
  };
}

export function postSource(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const name = String(req.params['name']);
    const key = requireScope(callerOf(res).key, `sources:write:${name}`);
    const contentType = (req.headers['content-type'] ?? 'application/octet-stream').slice(0, 200);
    const incoming =
      deps.source(name)?.({ raw: bodyOf(req), contentType, headers: req.headers, actor: key.name }) ?? [];
    const receipts = incoming.length === 0 ? [] : await deps.accept(incoming);
    const [single] = receipts;
    if (receipts.length === 1 && single !== undefined) res.setHeader('location', `/v1/messages/${single.id}`);
    res.status(202).json({ receipts });
  };
}

/** `POST /v1/lab-sources/{name}/notify`: a hint. The body is not read: what has changed is asked of the server itself. */
export function hintLabs(deps: AppDeps) {
  return (req: Request, res: Response): void => {
    const name = String(req.params['name']);
    requireScope(callerOf(res).key, `sources:write:${name}`);
    if (!deps.hintLabs(name)) {
      refuse({
        code: 'source-unknown',
        status: 404,
        title: 'There is no source of laboratory results of this name',
        detail: 'Add it under `labSources` in tejido.yaml (an EHR: `sync.labs`), or correct the URL.',
      });
    }
    req.resume();
    res.status(202).json({ looking: true });
  };
}
