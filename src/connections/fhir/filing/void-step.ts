/** Marking what stands of an artifact entered-in-error. */
import type { EmittedLink } from '../../../core/model.ts';
import { causeOf } from '../../../core/causes.ts';
import { ok } from '../../../core/outcome.ts';
import type { FilingStep } from '../../../core/ports.ts';
import { inDoubt } from '../doubt.ts';
import { read } from '../read.ts';
import { canBeVoided, isVoided, voided } from '../voiding.ts';
import { versionOf } from '../version.ts';
import { amend } from './amend.ts';
import { link } from './links.ts';
import type { Ended, Unchanged } from './links.ts';
import { locate } from './locate.ts';
import type { Progress } from './progress.ts';

/** Every resource that carries the artifact marked, up to the first that could not be; none standing is no failure. */
export async function voidStep(filing: Progress, step: Extract<FilingStep, { do: 'void' }>): Promise<Ended> {
  const { env, run } = filing;
  const { resourceType, artifact, known } = step;
  const linkTo = (reference: string, action: EmittedLink['action'], versionId: string | undefined): EmittedLink =>
    link({
      artifact,
      resourceType,
      reference,
      versionId,
      action,
      tier: known?.tier ?? 'native',
      owned: known?.owned ?? [],
    });
  if (!canBeVoided(resourceType)) {
    // It is a record of what was done, and has no status: it is left standing, and its link says so.
    env.log('info', 'void.left-standing', { destination: env.config.id, resourceType });
    return { links: known === undefined ? [] : [linkTo(known.reference, 'unchanged', known.versionId)], unchanged: [] };
  }
  const located = await locate(filing, step, resourceType, step.subject);
  if (!located.ok) return { links: [], unchanged: [], failure: located.failure };
  const links: EmittedLink[] = [];
  const unchanged: Unchanged[] = [];
  for (const { reference, current } of located.value) {
    if (current !== undefined && isVoided(current)) {
      links.push(linkTo(reference, 'voided', versionOf(current)));
      continue;
    }
    if (env.abilities().change(resourceType) === undefined) {
      const standing = current === undefined ? await read(env.client, reference, run) : ok(current);
      if (!standing.ok && causeOf(standing.failure.cause).class !== 'permanent') {
        return { links, unchanged, failure: inDoubt(run.doubt, standing.failure) };
      }
      const gone = standing.ok ? isVoided(standing.value) : standing.failure.cause === 'send/gone';
      if (!gone)
        unchanged.push({ artifact, reference, wanted: 'voided', resource: standing.ok ? standing.value : undefined });
      links.push(linkTo(reference, 'voided', undefined));
      continue;
    }
    const done = await amend(env, reference, voided, run, current);
    // Marked already, by an attempt whose answer was lost or by a person: either way it stands as an error.
    if (done.ok) links.push(linkTo(reference, 'voided', done.value.versionId));
    else if (done.failure.cause === 'send/gone') links.push(linkTo(reference, 'voided', undefined));
    else return { links, unchanged, failure: inDoubt(run.doubt, done.failure) };
  }
  return { links, unchanged };
}
