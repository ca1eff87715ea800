/** The rounds in which puts come to stand: look, compare, write, read each answer. */
import { fail } from '../../../core/outcome.ts';
import type { Failure } from '../../../core/outcome.ts';
import type { Run } from '../environment.ts';
import { compareStanding } from './compare.ts';
import { lookForTwins, lookWhereNeeded } from './look.ts';
import { nextRequest } from './next-request.ts';
import type { Progress } from './progress.ts';
import { sendBundle } from './send-bundle.ts';
import { sendOne } from './send-one.ts';
import { failDependents, isTodo } from './work.ts';

/** Undefined when every put is done or failed for itself; a failure when the whole must stop. */
export async function filePuts(filing: Progress): Promise<Failure | undefined> {
  const { works, run } = filing;
  for (let rounds = 12 + 4 * works.length; rounds > 0; rounds -= 1) {
    if (run.signal?.aborted === true) return stopped(run);
    const blocked = (await lookWhereNeeded(filing)) ?? (await compareStanding(filing));
    if (blocked !== undefined) return blocked;
    failDependents(works);
    const next = nextRequest(filing, works.filter(isTodo));
    if (next === undefined) {
      learnWholesale(filing);
      return run.doubt ? lookForTwins(filing) : undefined;
    }
    const stop = await (next.as === 'one' ? sendOne(filing, next.write) : sendBundle(filing, next.writes, next.as));
    if (stop !== undefined) return stop;
  }
  return fail('send/write-race', 'it did not come to rest: the EHR kept answering otherwise than what it then held')
    .failure;
}

/** What was refused as a Bundle and taken one by one: this EHR does not take such Bundles. */
function learnWholesale({ env: { learned }, refusedWhole, works }: Progress): void {
  if (refusedWhole === undefined || works.some((work) => work.failure !== undefined)) return;
  if (refusedWhole === 'transaction') learned.noTransaction = true;
  else learned.noBatch = true;
}

const stopped = (run: Run): Failure => ({
  cause: run.doubt ? 'send/connection-lost' : 'send/unavailable',
  detail: 'stopped by Tejido before it was finished',
});
