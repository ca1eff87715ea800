/** Setting elements of a resource that stands already, and leaving all others as they are. */
import { fail, ok } from '../../../core/outcome.ts';
import type { Outcome } from '../../../core/outcome.ts';
import type { FilingStep, Resource } from '../../../core/ports.ts';
import { overlay, ownedElements } from '../content.ts';
import { inDoubt } from '../doubt.ts';
import { read } from '../read.ts';
import { resolved, subjectOf } from '../reference.ts';
import { isVoided } from '../voiding.ts';
import { amend } from './amend.ts';
import { link } from './links.ts';
import type { Ended } from './links.ts';
import { locate } from './locate.ts';
import type { Located } from './locate.ts';
import type { Progress } from './progress.ts';
import { filedReferences } from './work.ts';

type MergeStep = Extract<FilingStep, { do: 'merge' }>;

/** The one resource changed, or why not: it does not stand (`match/unknown-reference`), or stands more than once. */
export async function mergeStep(filing: Progress, step: MergeStep): Promise<Ended> {
  const { env, run, works } = filing;
  const { resourceType } = step.resource;
  const target = await targetOf(filing, step);
  if (!target.ok) return { links: [], unchanged: [], failure: target.failure };
  const { reference } = target.value;
  const mine = await ofTheSamePatient(filing, step, target.value);
  if (!mine.ok) return { links: [], unchanged: [], failure: mine.failure };
  const { current } = mine.value;
  const { id: _id, ...elements } = resolved(step.resource, filedReferences(works));
  const wanted = (standing: Resource): Resource => {
    const laid = overlay(standing, elements, step.clears);
    // What several records say of it together: that is also said when a report was taken back.
    return elements['status'] === undefined ? laid : { ...laid, status: elements['status'] };
  };
  const done = await amend(env, reference, wanted, run, current);
  if (!done.ok) return { links: [], unchanged: [], failure: inDoubt(run.doubt, done.failure) };
  return {
    links: [
      link({
        artifact: step.artifact,
        resourceType,
        reference,
        versionId: done.value.versionId,
        action: done.value.changed ? 'updated' : 'unchanged',
        tier: 'native',
        owned: [...new Set([...(step.known?.owned ?? []), ...ownedElements(step.resource)])],
      }),
    ],
    unchanged: [],
  };
}

/** The EHR's own resource, named by an id, is read first: whoever wrote the id may have meant somebody else's. */
async function ofTheSamePatient(filing: Progress, step: MergeStep, target: Located): Promise<Outcome<Located>> {
  if (step.resource.id === undefined) return ok(target);
  const { env, run } = filing;
  const standing = await read(env.client, target.reference, run);
  if (!standing.ok) return standing;
  const patient = subjectOf(step.resource);
  if (patient === undefined || sameReference(subjectOf(standing.value), patient)) {
    return ok({ ...target, current: standing.value });
  }
  return fail('match/conflict', `the ${step.resource.resourceType} named is about another patient`);
}

/** Absolute or relative. */
const sameReference = (theirs: string | undefined, ours: string): boolean =>
  theirs === ours || theirs?.endsWith(`/${ours}`) === true;

/** What this filing has just put, else what stands and is not marked entered-in-error. */
async function targetOf(filing: Progress, step: MergeStep): Promise<Outcome<Located>> {
  const { resourceType } = step.resource;
  const mine = filing.works.find((work) => work.step.artifact === step.artifact)?.reference;
  if (mine !== undefined) return ok({ reference: mine });
  const located = await locate(filing, step, resourceType, subjectOf(step.resource));
  if (!located.ok) return located;
  const live = located.value.filter(({ current }) => current === undefined || !isVoided(current));
  const [target, ...others] = live;
  if (target === undefined) {
    return fail('match/unknown-reference', `the ${resourceType} to be changed does not stand in the EHR`);
  }
  if (others.length > 0) {
    return fail('send/duplicates-found', `${live.length} ${resourceType} resources carry one identifier of ours`);
  }
  return ok(target);
}
