/** `POST /v1/activities`: the developer's door. Malformed items are refused with all that is wrong; the rest is kept. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Activity } from '../core/activity.ts';
import type { Issue } from '../core/outcome.ts';
import type { Incoming, Mapped } from '../core/ports.ts';
import { requireScope } from './authenticate.ts';
import { callerOf, type ApiKey, type AppDeps, type KeptAnswer, type Limits, type ReadItem } from './deps.ts';
import { bodyOf } from './limits.ts';
import { problemBody, problemOf, refuse, type Problem } from './problem.ts';

type Checked =
  | { readonly ok: true; readonly activity: Activity; readonly raw: Uint8Array }
  | { readonly ok: false; readonly problem: Problem };

const invalid = (issues: readonly Issue[]): Problem => ({
  code: 'activity-invalid',
  status: 422,
  title: 'This is not a valid activity',
  detail: 'Correct what `errors` names and send it again. The schema is in /openapi.json.',
  issues,
});

export function postActivities(deps: AppDeps, limits: Limits) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'activities:write');
    const contentType = req.headers['content-type'] ?? 'application/json';
    const ndjson = /^application\/(x-ndjson|jsonl|ndjson)\b/i.test(contentType);
    if (
      !ndjson &&
      !/^(application\/([\w.-]+\+)?json|text\/json|text\/plain|application\/octet-stream)\b/i.test(contentType)
    ) {
      refuse({
        code: 'media-type',
        status: 415,
        title: 'This Content-Type is not read here',
        detail: 'Send application/json or application/x-ndjson. Native webhooks go to /v1/sources/{name}.',
        headers: { accept: 'application/json, application/x-ndjson' },
      });
    }
    const dryRun = isTrue(req.query['dryRun']);
    const body = bodyOf(req);
    const items = readItems(deps, body, ndjson, limits);
    const answer = dryRun
      ? Promise.resolve(rehearse(deps, items, key))
      : idempotently(deps, req, key, body, () => accept(deps, items, key, contentType));
    send(res, await answer);
  };
}

function isTrue(value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true' || value === '') return true;
  return refuse({
    code: 'bad-query',
    status: 400,
    title: 'dryRun is true or false',
    detail: 'Nothing was accepted. Correct the URL.',
  });
}

type Items = { readonly batch: boolean; readonly checked: readonly ReadItem[] };

function readItems(deps: AppDeps, body: Buffer, ndjson: boolean, limits: Limits): Items {
  const read = deps.activities.read(body, ndjson, {
    maxDepth: limits.depth,
    maxItems: limits.items,
    maxItemBytes: limits.activityBytes,
  });
  if (!read.ok) {
    return refuse({
      code: read.tooLarge ? 'body-too-large' : 'body-unreadable',
      status: read.tooLarge ? 413 : 422,
      title: read.tooLarge ? 'Too much for one request' : 'The body cannot be read as JSON',
      detail: 'Nothing of it was accepted.',
      issues: read.issues,
    });
  }
  if (read.items.length === 0) {
    return refuse({
      code: 'body-unreadable',
      status: 422,
      title: 'There is no activity in the body',
      detail: 'Send one activity, an array of them, or one a line (application/x-ndjson).',
      issues: [{ where: '', what: 'Empty.', code: 'body/empty' }],
    });
  }
  return { batch: read.batch, checked: read.items };
}

function check(deps: AppDeps, item: ReadItem, key: ApiKey): Checked {
  if (!item.ok) return { ok: false, problem: invalid(item.issues) };
  const issues = deps.activities.check(item.value);
  if (issues.length > 0) return { ok: false, problem: invalid(issues) };
  const activity = item.value as Activity;
  if (key.systemIds !== undefined && !key.systemIds.includes(activity.source.systemId)) {
    return {
      ok: false,
      problem: {
        code: 'forbidden',
        status: 403,
        title: 'This key may not send for this system',
        detail: 'Use the key of that system, or correct source.systemId.',
        issues: [{ where: '/source/systemId', what: 'Not among the systems of this key.', code: 'key/system' }],
      },
    };
  }
  return { ok: true, activity, raw: item.raw };
}

async function accept(deps: AppDeps, items: Items, key: ApiKey, contentType: string): Promise<KeptAnswer> {
  const checked = items.checked.map((item) => check(deps, item, key));
  const incoming = checked.flatMap((one): Incoming[] =>
    one.ok ? [deps.activities.identify(one.activity, one.raw, contentType, key.name)] : [],
  );
  const accepted = incoming.length === 0 ? [] : await deps.accept(incoming);
  if (accepted.length !== incoming.length) throw new Error('The ledger answered another number of receipts.');
  const [first] = checked;
  if (!items.batch && first !== undefined && !first.ok) return refusal(first.problem);
  let next = 0;
  const receipts = checked.map((one) => (one.ok ? accepted[next++] : { error: problemBody(one.problem) }));
  const [single] = accepted;
  return {
    status: incoming.length > 0 ? 202 : 422,
    headers: {
      'content-type': incoming.length > 0 ? 'application/json' : 'application/problem+json',
      ...(receipts.length === 1 && single !== undefined ? { location: `/v1/messages/${single.id}` } : {}),
    },
    body:
      incoming.length > 0
        ? { receipts }
        : problemBody({
            code: 'no-item-accepted',
            status: 422,
            title: 'No item was accepted',
            detail: 'Each has its own errors in `receipts`.',
            more: { receipts },
          }),
  };
}

const refusal = (problem: Problem): KeptAnswer => ({
  status: problem.status,
  headers: { 'content-type': 'application/problem+json' },
  body: problemBody(problem),
});

/** What would be filed, item by item; nothing is stored. */
function rehearse(deps: AppDeps, items: Items, key: ApiKey): KeptAnswer {
  const checked = items.checked.map((item) => check(deps, item, key));
  const [first] = checked;
  if (!items.batch && first !== undefined && !first.ok) return refusal(first.problem);
  const results = checked.map((one) => {
    if (!one.ok) return { error: problemBody(one.problem) };
    const outcome = deps.dryRun(one.activity);
    if (outcome.ok) return { bundle: bundleOf(outcome.value) };
    const { cause, detail, issues } = outcome.failure;
    return { wouldBe: { state: 'held', cause, detail, ...(issues === undefined ? {} : { issues }) } };
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body: { dryRun: true, results } };
}

const bundleOf = (mapped: readonly Mapped[]) => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: mapped.map(({ fullUrl, resource }) => ({ fullUrl, resource })),
});

const visibleAscii = /^[\x21-\x7e]{1,255}$/;

/** draft-ietf-httpapi-idempotency-key-header: the header is a quoted string; the bare form is common and taken too. */
function keyOf(req: Request): string | undefined {
  const given = req.headers['idempotency-key'];
  if (given === undefined) return undefined;
  const text = (Array.isArray(given) ? given.join(',') : given).trim().replace(/^"(.*)"$/, '$1');
  if (visibleAscii.test(text)) return text;
  return refuse({
    code: 'idempotency-key',
    status: 400,
    title: 'This Idempotency-Key cannot be used',
    detail: 'Send 1 to 255 visible ASCII characters, a UUID for example.',
  });
}

async function idempotently(
  deps: AppDeps,
  req: Request,
  key: ApiKey,
  body: Buffer,
  act: () => Promise<KeptAnswer>,
): Promise<KeptAnswer> {
  const name = keyOf(req);
  if (name === undefined) return act();
  const fingerprint = createHash('sha256')
    .update(`${req.headers['content-type'] ?? ''}\n`)
    .update(body)
    .digest();
  const beginning = await deps.idempotency.begin(key.id, name, fingerprint);
  switch (beginning.kind) {
    case 'again':
      return { ...beginning.answer, headers: { ...beginning.answer.headers, 'idempotency-replayed': 'true' } };
    case 'other-body':
      return refuse({
        code: 'idempotency-key-reused',
        status: 422,
        title: 'This Idempotency-Key was used with another body',
        detail: 'Use a new key for a new request. Nothing was accepted.',
      });
    case 'in-flight':
      return refuse({
        code: 'idempotency-key-in-flight',
        status: 409,
        title: 'The first request with this Idempotency-Key has not ended',
        detail: 'Wait a moment and send it again.',
        headers: { 'retry-after': '1' },
      });
    case 'first':
  }
  let answer: KeptAnswer;
  try {
    answer = await act();
  } catch (error) {
    await deps.idempotency.abandon(key.id, name).catch((failed: unknown) => {
      // It frees itself after a minute.
      deps.log('warn', 'http.idempotency-not-abandoned', { error: problemOf(failed).code });
    });
    throw error;
  }
  // The activity is committed: that its answer cannot be kept must not turn it into a refusal.
  await deps.idempotency.finish(key.id, name, answer).catch((failed: unknown) => {
    deps.log('warn', 'http.idempotency-not-kept', { error: problemOf(failed).code });
  });
  return answer;
}

function send(res: Response, answer: KeptAnswer): void {
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  res.status(answer.status).send(JSON.stringify(answer.body));
}
