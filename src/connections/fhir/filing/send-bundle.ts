/** Sending several writes as one Bundle, and reading what became of each. */
import { fail } from '../../../core/outcome.ts';
import type { Failure } from '../../../core/outcome.ts';
import { classifyAnswer, isChartClosed, isTooLarge } from '../classify.ts';
import { isLost } from '../doubt.ts';
import { preferred } from '../environment.ts';
import type { Environment, Learned } from '../environment.ts';
import { accept, acceptUntold, refersWithin } from './accept.ts';
import { bundleOf, readEntries } from './bundle.ts';
import type { EntryAnswer } from './bundle.ts';
import type { Outgoing } from './next-request.ts';
import { subjectOf } from '../reference.ts';
import type { Progress } from './progress.ts';
import { isOfType } from './refusal.ts';
import { lost, race, setback } from './setbacks.ts';
import type { FailedReply } from './setbacks.ts';
import { failWork, forget } from './work.ts';

/** Undefined when the filing may go on, also when some of it was refused; else the failure that stops it. */
export async function sendBundle(
  filing: Progress,
  writes: readonly Outgoing[],
  type: 'transaction' | 'batch',
): Promise<Failure | undefined> {
  const { env, run } = filing;
  const reply = await env.client.ask(
    { method: 'POST', path: '', doing: 'bundle', body: bundleOf(writes, type, env.baseUrl), headers: preferred(env) },
    run,
  );
  if (!reply.ok) return bundleFailed(filing, writes, type, reply);
  if (reply.json === undefined) {
    acceptUntold(writes);
    return undefined;
  }
  const entries = readEntries(reply.json, writes);
  if (entries === undefined) {
    const failure = fail('send/answer-unreadable', 'the answer to a bundle does not tell its entries apart').failure;
    return lost(filing, writes, failure);
  }
  if (type === 'transaction' && entries.some((entry) => entry.status >= 400)) learnBatches(env);
  return takeEntries(filing, writes, type, entries);
}

function learnBatches({ config, learned, log }: Environment): void {
  if (!learned.transactionsAreBatches) log('warn', 'ehr.transaction-is-batch', { destination: config.id });
  learned.transactionsAreBatches = true;
}

/** Reads each entry into its work. The first passing failure among them stops the filing, as one of a part. */
async function takeEntries(
  filing: Progress,
  writes: readonly Outgoing[],
  type: 'transaction' | 'batch',
  entries: readonly EntryAnswer[],
): Promise<Failure | undefined> {
  const { env, run } = filing;
  let raced = false;
  let passing: Failure | undefined;
  for (const [index, write] of writes.entries()) {
    const { work } = write;
    const entry = entries[index];
    if (entry === undefined) continue;
    const failure = classifyAnswer(entry.answer, 'entry', env.clock());
    if (failure === undefined) accept(env.learned, write, entry, writes);
    else if (mayBeOfType(failure, entry)) {
      // By itself it comes out whether the type is refused, or this one resource.
      filing.oneByOne = true;
      forget(work);
    } else if (failure.cause === 'send/write-race') {
      raced = true;
      forget(work);
    } else if (failure.cause === 'send/unavailable' || failure.cause === 'send/throttled') passing ??= failure;
    else if (isLost(failure)) {
      run.doubt = true;
      forget(work);
      passing ??= failure;
    } else if (type === 'transaction' && refersWithin(writes, work)) {
      // Run as a batch, it may have been refused for a placeholder alone: once more, with real references.
      forget(work);
    } else failWork(work, failure);
  }
  if (passing !== undefined) {
    return {
      ...passing,
      cause: 'send/partial',
      detail: `a part of the bundle was written; the rest: ${passing.detail}`,
    };
  }
  return raced ? race(filing) : undefined;
}

const mayBeOfType = (failure: Failure, { status, answer }: EntryAnswer): boolean =>
  failure.cause === 'send/unsupported' ||
  (status === 403 && !isChartClosed(answer)) ||
  status === 404 ||
  status === 405;

async function bundleFailed(
  filing: Progress,
  writes: readonly Outgoing[],
  type: 'transaction' | 'batch',
  reply: FailedReply,
): Promise<Failure | undefined> {
  const { env } = filing;
  const { failure, answer } = reply;
  if (answer !== undefined && isTooLarge(answer)) {
    learnLimit(env.learned, writes);
    env.log('info', 'ehr.bundle-limit', { destination: env.config.id, count: writes.length });
    return undefined;
  }
  const setBack = setback(filing, writes, reply);
  if (setBack !== undefined) return setBack;
  if (failure.cause === 'send/unsupported' || (await isOfOneType(filing, writes, reply))) {
    // It declared what it does not do: the Bundle, or something in it. One by one it comes out which.
    env.capabilities.distrust();
    filing.oneByOne = true;
    filing.refusedWhole = type;
    return undefined;
  }
  if (failure.cause === 'send/refused' || failure.cause === 'send/gone') {
    filing.oneByOne = true;
    for (const { work } of writes) forget(work);
    return undefined;
  }
  return failure;
}

/** Seen on real servers: the size beyond which they refuse for size alone. */
const usualConditionalEntries = 8;
const usualUpdateEntries = 50;

/** Refused for its size alone: first the limits seen on real servers, then ever smaller halves. */
function learnLimit(learned: Learned, writes: readonly Outgoing[]): void {
  const updates = writes.filter(({ kind }) => kind === 'update').length;
  const conditional = writes.some((write) => write.kind === 'create' && write.ifNoneExist !== undefined);
  const half = (size: number): number => Math.max(1, Math.floor(size / 2));
  const smaller = (size: number, usual: number): number => (size > usual ? usual : half(size));
  if (updates > usualUpdateEntries || (!conditional && updates > 0)) {
    learned.updateEntries = smaller(updates, usualUpdateEntries);
  } else if (conditional) learned.conditionalEntries = smaller(writes.length, usualConditionalEntries);
  else learned.entries = half(writes.length);
}

/** 403 to a Bundle, while we may read the patient: something in it is not for us to write, and one by one shows what. */
const isOfOneType = async (
  { env, run }: Progress,
  writes: readonly Outgoing[],
  reply: FailedReply,
): Promise<boolean> => {
  const about = writes.map(({ resource }) => resource).find((resource) => subjectOf(resource) !== undefined);
  return about !== undefined && reply.answer?.status === 403 && isOfType(env, reply, about, run);
};
