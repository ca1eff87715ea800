/** Where the resource of a step stands that changes what is there already. */
import type { EmittedLink } from '../../../core/model.ts';
import { ok } from '../../../core/outcome.ts';
import type { Outcome } from '../../../core/outcome.ts';
import type { Resource } from '../../../core/ports.ts';
import { inDoubt } from '../doubt.ts';
import { referenceOf } from '../reference.ts';
import { looks } from './look.ts';
import type { Progress } from './progress.ts';

/** `current` is what stands there, where it was read on the way. */
export type Located = { readonly reference: string; readonly current?: Resource };

/** By its link, else by its identifier; `subject` (`Patient/…`) serves where that cannot be searched for. */
export async function locate(
  { env, run }: Progress,
  step: { readonly artifact: string; readonly known?: EmittedLink },
  type: string,
  subject?: string,
): Promise<Outcome<readonly Located[]>> {
  if (step.known !== undefined) return ok([{ reference: step.known.reference }]);
  for (const waitMs of looks(env, run.doubt)) {
    if (waitMs > 0) await env.wait(waitMs, run.signal);
    const found = await env.lookup.find(type, [step.artifact], { subject }, run);
    if (!found.ok) return { ok: false, failure: inDoubt(run.doubt, found.failure) };
    const resources = found.value.get(step.artifact) ?? [];
    if (resources.length > 0) return ok(resources.map((current) => ({ reference: referenceOf(current), current })));
  }
  return ok([]);
}
