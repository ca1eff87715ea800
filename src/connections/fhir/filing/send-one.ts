/** Sending one write by itself. */
import { fail } from '../../../core/outcome.ts';
import type { Failure } from '../../../core/outcome.ts';
import { learnRefusal, preferred } from '../environment.ts';
import { isResource } from '../json.ts';
import { readLocation, referenceOf } from '../reference.ts';
import { versionOf } from '../version.ts';
import { accept } from './accept.ts';
import type { Answered } from './accept.ts';
import { amend } from './amend.ts';
import type { Outgoing } from './next-request.ts';
import { wantedOver } from './progress.ts';
import type { Progress } from './progress.ts';
import { isOfType } from './refusal.ts';
import { setback } from './setbacks.ts';
import { failWork } from './work.ts';
import type { Work } from './work.ts';

type One<Kind extends Outgoing['kind']> = Extract<Outgoing, { kind: Kind }>;

/** Undefined when the filing may go on, also when this write alone was refused; else the failure that stops it. */
export const sendOne = (filing: Progress, write: Outgoing): Promise<Failure | undefined> =>
  write.kind === 'create' ? sendCreate(filing, write) : sendUpdate(filing, write);

async function sendUpdate(filing: Progress, { work, reference }: One<'update'>): Promise<Failure | undefined> {
  const { env, run } = filing;
  const done = await amend(env, reference, (current) => wantedOver(filing, work, current), run, work.current);
  if (!done.ok) return refuse(work, done.failure);
  if (done.value.changed) work.action ??= 'updated';
  work.versionId = done.value.versionId;
  work.done = true;
  return undefined;
}

async function sendCreate(filing: Progress, write: One<'create'>): Promise<Failure | undefined> {
  const { env, run } = filing;
  const { work, resource, ifNoneExist } = write;
  const { resourceType } = resource;
  const headers = { ...preferred(env), ...(ifNoneExist === undefined ? {} : { 'if-none-exist': ifNoneExist }) };
  const reply = await env.client.ask(
    { method: 'POST', path: resourceType, doing: 'create', body: resource, headers },
    run,
  );
  if (reply.ok) {
    accept(env.learned, write, answered(reply.answer, reply.json, resourceType), [write]);
    return undefined;
  }
  const setBack = setback(filing, [write], reply);
  if (setBack !== undefined) return setBack;
  if (await isOfType(env, reply, resource, run)) {
    learnRefusal(env, `create ${resourceType}`);
    return refuse(work, fail('send/unsupported', reply.failure.detail).failure);
  }
  return refuse(work, reply.failure);
}

/** Where the resource stands: by `Location`, else by the body. */
function answered(
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  json: unknown,
  type: string,
): Answered {
  const located = readLocation(headers['location'] ?? headers['content-location'], type);
  const place = located === 'other' ? undefined : located;
  const body = isResource(json) && json.resourceType === type ? json : undefined;
  return {
    status,
    reference: place?.reference ?? (body?.id === undefined ? undefined : referenceOf(body)),
    versionId: place?.versionId ?? (body === undefined ? undefined : versionOf(body)),
  };
}

/** A refusal is of this write alone; anything else stops the whole. */
function refuse(work: Work, failure: Failure): Failure | undefined {
  const alone =
    failure.cause === 'send/refused' || failure.cause === 'send/gone' || failure.cause === 'send/unsupported';
  if (!alone) return failure;
  failWork(work, failure);
  return undefined;
}
