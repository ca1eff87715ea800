/**
 * A write that was not simply taken or refused: what is done before the next round. Each answers undefined when the
 * filing may go on, else with the failure that stops it.
 */
import { fail } from '../../../core/outcome.ts';
import type { Failure } from '../../../core/outcome.ts';
import { isMultipleMatches } from '../classify.ts';
import type { Reply } from '../client.ts';
import { isLost } from '../doubt.ts';
import { jittered } from '../environment.ts';
import { isAbsent, look } from './look.ts';
import type { Outgoing } from './next-request.ts';
import { isConditional } from './progress.ts';
import type { Progress } from './progress.ts';
import { forget, isTodo } from './work.ts';
import type { Work } from './work.ts';

export type FailedReply = Extract<Reply, { ok: false }>;

const racesAtMost = 4;
const lossesAtMost = 3;
const raceWaitMs = 80;

/** Undefined when the failure is no setback, but the EHR's word on what was sent. */
export function setback(
  filing: Progress,
  request: readonly Outgoing[],
  { failure, answer }: FailedReply,
): Promise<Failure | undefined> | undefined {
  if (isLost(failure)) return lost(filing, request, failure, answer?.status);
  if (answer !== undefined && isMultipleMatches(answer)) return lookAgain(filing, request);
  return failure.cause === 'send/write-race' ? race(filing) : undefined;
}

/** Nothing was written. A little later, with what stands read again; when that does not help, the caller waits longer. */
export async function race(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  filing.races += 1;
  if (filing.races > racesAtMost) return fail('send/write-race', 'the EHR kept reporting conflicting writes').failure;
  for (const work of works) if (isTodo(work)) forget(work);
  await jittered(env, raceWaitMs * 2 ** filing.races, run);
  return undefined;
}

/** A condition met more than one: look at them, and repair what can be repaired. */
async function lookAgain(filing: Progress, request: readonly Outgoing[]): Promise<Failure | undefined> {
  filing.races += 1;
  if (filing.races > racesAtMost) return fail('send/write-race', 'the EHR kept reporting more than one match').failure;
  for (const { work } of request) forget(work);
  return look(filing, createdBy(request));
}

/** The answer was lost: look before anything is written again. `status` is that of the answer, if one came. */
export async function lost(
  filing: Progress,
  request: readonly Outgoing[],
  failure: Failure,
  status?: number,
): Promise<Failure | undefined> {
  filing.run.doubt = true;
  filing.losses += 1;
  for (const { work } of request) forget(work);
  const creates = createdBy(request);
  const blocked = await look(filing, creates);
  if (blocked !== undefined) return isLost(blocked) || blocked.cause === 'send/unsupported' ? blocked : failure;
  // Most likely what this attempt made; an earlier version may have stood, so its content is compared all the same.
  for (const work of creates) if (work.reference !== undefined && isTodo(work)) work.action ??= 'created';
  const absent = creates.filter(isAbsent);
  if (absent.length === 0) return filing.losses > lossesAtMost ? failure : undefined;
  // The server said that it fell over, and nothing came of it: that is no doubt any more, it is a bad moment.
  if (status !== undefined && status >= 500 && filing.losses > 1) {
    filing.run.doubt = false;
    return { ...failure, cause: 'send/unavailable', detail: `${failure.detail}; nothing of it stands` };
  }
  // What is still on its way may yet be written. Only a server that looks for itself may be asked again at once.
  const guarded = absent.every((work) => isConditional(filing, work.desired.resourceType));
  return failure.cause === 'send/timeout' || !guarded || filing.losses > 1 ? failure : undefined;
}

const createdBy = (request: readonly Outgoing[]): readonly Work[] =>
  request.flatMap(({ kind, work }) => (kind === 'create' ? [work] : []));
