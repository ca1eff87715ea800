/**
 * Filing a plan: each step ends as what stands in the EHR, or as the failure of that step. First the puts, in rounds,
 * each of which begins with what is known to stand; then what changes what stands, step by step.
 *
 *   look (known links; by identifier where in doubt) ─▶ read and compare ─▶ write the rest ─▶ read each answer ─┐
 *                                 ▲                                                                            │
 *                                 └── stood already · race · lost answer · no location · left a placeholder ◀──┘
 *
 *   tiers/ (what form each takes) ─▶
 *   filing/rounds.ts ─▶ look.ts ─▶ compare.ts ─▶ next-request.ts ─▶ send-bundle.ts or send-one.ts ─▶ accept.ts or setbacks.ts
 */
import type { FilingStep } from '../../core/ports.ts';
import type { Capabilities } from './capability.ts';
import type { Environment, Run } from './environment.ts';
import { failureOf, linksOf, unchangedOf } from './filing/links.ts';
import type { Ended } from './filing/links.ts';
import { mergeStep } from './filing/merge-step.ts';
import { begin } from './filing/progress.ts';
import { filePuts } from './filing/rounds.ts';
import { voidStep } from './filing/void-step.ts';

/** Files steps in forms that the EHR takes. What is known to stand is in `links`, also when the rest failed. */
export async function fileSteps(
  env: Environment,
  steps: readonly FilingStep[],
  capabilities: Capabilities,
  run: Run,
): Promise<Ended> {
  const filing = begin(env, run, steps, capabilities);
  const stop = await filePuts(filing);
  const links = filing.works.flatMap(linksOf);
  const unchanged = filing.works.flatMap(unchangedOf);
  if (stop !== undefined) return { links, unchanged, failure: stop };

  let failure = failureOf(filing.works);
  for (const step of steps) {
    if (step.do === 'put') continue;
    const ended = step.do === 'merge' ? await mergeStep(filing, step) : await voidStep(filing, step);
    links.push(...ended.links);
    unchanged.push(...ended.unchanged);
    if (ended.failure === undefined) continue;
    failure ??= ended.failure;
    // What the EHR says of one step holds for that one; anything else would meet the next one too.
    if (ended.failure.cause !== 'send/refused' && ended.failure.cause !== 'send/gone') break;
  }
  return { links, unchanged, ...(failure === undefined ? {} : { failure }) };
}
