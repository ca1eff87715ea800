/** Reading what stands, and comparing it with what should. */
import type { Failure, Outcome } from '../../../core/outcome.ts';
import type { Resource } from '../../../core/ports.ts';
import { sameContent } from '../content.ts';
import { inDoubt } from '../doubt.ts';
import { artifactsOn } from '../identity.ts';
import { read } from '../read.ts';
import { hasUnresolved } from '../reference.ts';
import { wantedOver } from './progress.ts';
import type { Progress } from './progress.ts';
import { failWork, forget, isTodo, refersTo, seen } from './work.ts';
import type { Work } from './work.ts';

/** Reads what stands and is not read yet; what stands as it should is done. */
export async function compareStanding(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  const standing = works.flatMap((work) =>
    isTodo(work) && work.reference !== undefined ? [{ work, reference: work.reference }] : [],
  );
  const unread = standing.filter(({ work }) => work.current === undefined);
  const reads = new Map(
    await Promise.all(unread.map(async (each) => [each.work, await read(env.client, each.reference, run)] as const)),
  );
  for (const { work } of standing) {
    const got = reads.get(work);
    const stop = got === undefined ? undefined : take(filing, work, got);
    if (stop !== undefined) return stop;
    if (!isTodo(work) || work.current === undefined) continue;
    if (isAsWanted(filing, work)) work.done = true;
    else if (env.abilities().change(work.desired.resourceType) === undefined) {
      work.unchangeable = true;
      work.done = true;
    }
  }
  return undefined;
}

/** Takes what was read for what stands: unless it is gone, or is not ours. A failure stops the whole. */
function take(filing: Progress, work: Work, got: Outcome<Resource>): Failure | undefined {
  if (!got.ok) {
    if (got.failure.cause !== 'send/gone') return inDoubt(filing.run.doubt, got.failure);
    if (filing.run.anew) {
      work.reference = undefined;
      forget(work);
    } else failWork(work, got.failure);
    return undefined;
  }
  const standing = got.value;
  if (work.action === 'created') learnFromCreated(filing, work, standing);
  else if (work.step.known === undefined && !carriesOurs(filing, work, standing)) {
    distrustCondition(filing, work);
    return undefined;
  }
  seen(work, standing);
  return undefined;
}

const carriesOurs = ({ env }: Progress, work: Work, standing: Resource): boolean =>
  artifactsOn(standing, env.config.artifactSystem).includes(work.step.artifact);

/** What we created is ours, also when it lost its identifier: once for each type it is seen whether it does. */
function learnFromCreated(filing: Progress, work: Work, standing: Resource): void {
  const { env, works } = filing;
  const { learned } = env;
  const { resourceType } = work.desired;
  if (!learned.identity.has(resourceType)) {
    const kept = carriesOurs(filing, work, standing);
    learned.identity.set(resourceType, kept ? 'kept' : 'dropped');
    if (!kept) env.log('warn', 'ehr.identifier-dropped', { destination: env.config.id, resourceType });
  }
  const fullUrls = new Set(works.map(({ step }) => step.fullUrl));
  if (learned.placeholders === 'unknown' && refersTo(work, fullUrls)) {
    learned.placeholders = hasUnresolved(standing) ? 'left' : 'resolved';
  }
}

/**
 * What a conditional create pointed us to must carry our identifier: else the server did not look at the condition, and
 * we would overwrite somebody else's resource.
 */
function distrustCondition({ env }: Progress, work: Work): void {
  const { resourceType } = work.desired;
  env.learned.conditionIgnored.add(resourceType);
  env.log('warn', 'ehr.condition-ignored', { destination: env.config.id, resourceType });
  work.reference = undefined;
  work.looked = false;
}

function isAsWanted(filing: Progress, work: Work): boolean {
  const { current } = work;
  if (current === undefined) return false;
  // What this run created is as we sent it, but for placeholders that the server left in place.
  if (work.made === true && !hasUnresolved(current)) return true;
  return sameContent(current, wantedOver(filing, work, current), filing.env.baseUrl);
}
