/**
 * Looking by identifier: whatever may have been written by an earlier attempt, and whatever the server will not look
 * for itself.
 */
import { fail, ok } from '../../../core/outcome.ts';
import type { Failure, Outcome } from '../../../core/outcome.ts';
import type { Resource } from '../../../core/ports.ts';
import { inDoubt } from '../doubt.ts';
import type { Environment } from '../environment.ts';
import type { Found } from '../lookup.ts';
import { referenceOf, subjectOf } from '../reference.ts';
import { isConditional } from './progress.ts';
import type { Progress } from './progress.ts';
import { settle } from './twins.ts';
import { failWork, isTodo, seen } from './work.ts';
import type { Work } from './work.ts';

const defaultLookAgainMs = [150, 450];

/** Waits before each look, the first of them none. An index may lag behind what was written. */
export const looks = (env: Environment, mayHaveBeenWritten: boolean): readonly number[] =>
  mayHaveBeenWritten ? [0, ...(env.config.quirks?.lookAgainMs ?? defaultLookAgainMs)] : [0];

/** Looks for those of which it must be known whether they stand before they are written. */
export async function lookWhereNeeded(filing: Progress): Promise<Failure | undefined> {
  const { works, run } = filing;
  const unknown = works.filter(
    (work) =>
      isAbsent(work) &&
      !work.looked &&
      (work.unplaced || run.doubt || !isConditional(filing, work.desired.resourceType)),
  );
  const stop = await look(filing, unknown);
  if (stop !== undefined) return stop;
  return unknown.some((work) => work.unplaced && isAbsent(work))
    ? fail(
        'send/answer-unreadable',
        'it was written, but the answer does not say where and the identifier is not found',
      ).failure
    : undefined;
}

/** To do, and not known to stand. */
export const isAbsent = (work: Work): boolean => isTodo(work) && work.reference === undefined;

/** Sets `reference` and `current` of those that stand. When in doubt, asks again after a while: an index may lag. */
export async function look(filing: Progress, works: readonly Work[]): Promise<Failure | undefined> {
  const { env, run } = filing;
  const written = run.doubt || works.some((work) => work.unplaced);
  const blind = works.find((work) => env.learned.identity.get(work.desired.resourceType) === 'dropped');
  if (written && blind !== undefined) {
    return fail(
      'send/unsupported',
      `this EHR drops our identifier from ${blind.desired.resourceType}: whether it was written can only be seen in the chart`,
    ).failure;
  }
  let absent = works;
  for (const waitMs of looks(env, written)) {
    if (absent.length === 0) break;
    if (waitMs > 0) await env.wait(waitMs, run.signal);
    const found = await findAll(filing, absent);
    if (!found.ok) return found.failure;
    for (const work of absent) {
      const stop = await take(filing, work, found.value);
      if (stop !== undefined) return stop;
    }
    absent = absent.filter(isAbsent);
  }
  for (const work of works) work.looked = true;
  return undefined;
}

/** Takes what was found of one work for what stands. */
async function take({ env, run }: Progress, work: Work, found: Found): Promise<Failure | undefined> {
  const matches = found.get(work.step.artifact);
  if (matches === undefined) return undefined;
  const keeper = await settle(env, matches, found, run, work.step.known?.reference);
  if (keeper.ok) {
    work.reference = referenceOf(keeper.value);
    seen(work, keeper.value);
    return undefined;
  }
  if (keeper.failure.cause !== 'send/duplicates-found') return keeper.failure;
  failWork(work, keeper.failure);
  return undefined;
}

async function findAll({ env, run }: Progress, works: readonly Work[]): Promise<Outcome<Found>> {
  const found = new Map<string, readonly Resource[]>();
  for (const [type, ofType] of Map.groupBy(works, (work) => work.desired.resourceType)) {
    const artifacts = ofType.map((work) => work.step.artifact);
    const subject = ofType.map((work) => subjectOf(work.desired)).find((each) => each !== undefined);
    const got = await env.lookup.find(type, artifacts, { subject }, run);
    if (!got.ok) return { ok: false, failure: inDoubt(run.doubt, got.failure) };
    for (const [artifact, resources] of got.value) found.set(artifact, resources);
  }
  return ok(found);
}

/** After a lost answer something may have been written late, beside what we wrote then. */
export async function lookForTwins(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  // Where reconciliation found twins, nobody knows who made them.
  const suspects = works.filter((work) => work.done && (run.anew || work.action === 'created'));
  const found = await findAll(filing, suspects);
  if (!found.ok) return found.failure;
  for (const work of suspects) {
    const matches = found.value.get(work.step.artifact) ?? [];
    if (matches.length < 2) continue;
    const keeper = await settle(env, matches, found.value, run, work.reference);
    if (!keeper.ok) return keeper.failure;
  }
  return undefined;
}
