/**
 * More than one resource carries our identifier: conditional creates race on several servers, and a write whose answer
 * was lost may arrive late. If the extra ones are the same resource written twice, the later ones are marked
 * entered-in-error; if they differ, a person decides.
 */
import { fail, ok } from '../../../core/outcome.ts';
import type { Outcome } from '../../../core/outcome.ts';
import type { Resource } from '../../../core/ports.ts';
import { amend } from './amend.ts';
import { sameContent } from '../content.ts';
import type { Environment, Run } from '../environment.ts';
import type { Found } from '../lookup.ts';
import { referenceOf } from '../reference.ts';
import { lastUpdatedOf, versionOf } from '../version.ts';
import { canBeVoided, isVoided, voided } from '../voiding.ts';

/** The one resource that counts among those with the same artifact. `known` is the one that earlier filings link to. */
export async function settle(
  env: Environment,
  matches: readonly Resource[],
  all: Found,
  run: Run,
  known?: string,
): Promise<Outcome<Resource>> {
  const live = matches.filter((each) => !isVoided(each)).toSorted(older(known));
  const keeper = live[0] ?? matches.toSorted(older(known))[0];
  if (keeper === undefined) return fail('send/gone', 'nothing carries the identifier');
  if (live.length < 2) return ok(keeper);
  // Twins refer to each other's twins: compare with each reference replaced by the artifact it leads to.
  const names = new Map<string, string>();
  for (const [artifact, resources] of all)
    for (const each of resources) names.set(referenceOf(each), `artifact:${artifact}`);
  const later = live.slice(1);
  if (later.some((each) => !sameContent(each, keeper, env.baseUrl, names))) {
    return fail(
      'send/duplicates-found',
      `${live.length} ${keeper.resourceType} resources carry one identifier of ours, and they differ`,
    );
  }
  const { resourceType } = keeper;
  if (!canBeVoided(resourceType)) {
    env.log('warn', 'duplicate.left', { destination: env.config.id, resourceType, count: later.length });
    return ok(keeper);
  }
  for (const twin of later) {
    const repaired = await amend(env, referenceOf(twin), voided, run);
    if (!repaired.ok && repaired.failure.cause !== 'send/gone') {
      return repaired.failure.cause === 'send/refused' || repaired.failure.cause === 'send/unsupported'
        ? fail(
            'send/duplicates-found',
            `${live.length} ${resourceType} resources carry one identifier of ours, and the EHR refused to mark the later one`,
          )
        : repaired;
    }
  }
  env.log('warn', 'duplicate.repaired', { destination: env.config.id, resourceType, count: later.length });
  return ok(keeper);
}

function older(known: string | undefined): (one: Resource, other: Resource) => number {
  return (one, other) => {
    if (referenceOf(one) === known) return -1;
    if (referenceOf(other) === known) return 1;
    // What was amended since was there first, whatever its last change says.
    const versions = Number(versionOf(other)) - Number(versionOf(one));
    if (Number.isFinite(versions) && versions !== 0) return versions;
    const times = lastUpdatedOf(one) - lastUpdatedOf(other);
    return Number.isFinite(times) && times !== 0 ? times : referenceOf(one) < referenceOf(other) ? -1 : 1;
  };
}
