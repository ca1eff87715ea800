/** Which of our artifacts stand in the EHR: what reconciliation counts. */
import { ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Call } from './client.ts';
import type { Environment } from './environment.ts';
import { isVoided } from './voiding.ts';

type Standing = { readonly artifact: string; readonly count: number; readonly errored: number };

/** How often each stands, and how often marked entered-in-error; an artifact that does not stand counts 0. */
export async function standingOf(
  env: Environment,
  artifacts: readonly { readonly artifact: string; readonly resourceType: string }[],
  call: Call,
): Promise<Outcome<readonly Standing[]>> {
  const counted: Standing[] = [];
  const stated = await env.capabilities.get(call);
  if (!stated.ok) return stated;
  for (const [type, asked] of Map.groupBy(artifacts, (each) => each.resourceType)) {
    const names = asked.map((each) => each.artifact);
    const found = await env.lookup.find(type, names, {}, call);
    if (!found.ok) return found;
    for (const artifact of names) {
      const matches = found.value.get(artifact) ?? [];
      counted.push({ artifact, count: matches.length, errored: matches.filter(isVoided).length });
    }
  }
  return ok(counted);
}
