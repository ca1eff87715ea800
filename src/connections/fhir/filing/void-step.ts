/** Marking what stands of an artifact entered-in-error. */
import type { EmittedLink } from '../../../core/model.ts';
import { fail } from '../../../core/outcome.ts';
import type { FilingStep } from '../../../core/ports.ts';
import { takes } from '../capability.ts';
import { inDoubt } from '../doubt.ts';
import { canBeVoided, isVoided, voided } from '../voiding.ts';
import { versionOf } from '../version.ts';
import { amend } from './amend.ts';
import { link } from './links.ts';
import type { Ended } from './links.ts';
import { locate } from './locate.ts';
import type { Progress } from './progress.ts';

/** Every resource that carries the artifact marked, up to the first that could not be; none standing is no failure. */
export async function voidStep(filing: Progress, step: Extract<FilingStep, { do: 'void' }>): Promise<Ended> {
  const { env, run, capabilities } = filing;
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
    return { links: known === undefined ? [] : [linkTo(known.reference, 'unchanged', known.versionId)] };
  }
  const located = await locate(filing, step, resourceType);
  if (!located.ok) return { links: [], failure: located.failure };
  const links: EmittedLink[] = [];
  for (const { reference, current } of located.value) {
    if (current !== undefined && isVoided(current)) {
      links.push(linkTo(reference, 'voided', versionOf(current)));
      continue;
    }
    if (!takes(capabilities, resourceType, 'update')) {
      const detail = `this EHR takes no changes of ${resourceType}: a person must mark it entered-in-error in the chart`;
      return { links, failure: fail('send/unsupported', detail).failure };
    }
    const done = await amend(env, reference, voided, run, current);
    // Marked already, by an attempt whose answer was lost or by a person: either way it stands as an error.
    if (done.ok) links.push(linkTo(reference, 'voided', done.value.versionId));
    else if (done.failure.cause === 'send/gone') links.push(linkTo(reference, 'voided', undefined));
    else return { links, failure: inDoubt(run.doubt, done.failure) };
  }
  return { links };
}
