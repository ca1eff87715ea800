/** What is sent next: how, and how much of it. Pure. */
import { identityQuery } from '../identity.ts';
import { resolved } from '../reference.ts';
import { nextChunk } from './bundle.ts';
import type { Together, Write } from './bundle.ts';
import { isConditional, wantedOver } from './progress.ts';
import type { Progress } from './progress.ts';
import { filedReferences } from './work.ts';
import type { Work } from './work.ts';

/** What is written for a work. */
export type Outgoing = Write & { readonly work: Work };

export type NextRequest =
  | { readonly as: 'one'; readonly write: Outgoing }
  | { readonly as: 'transaction' | 'batch'; readonly writes: readonly Outgoing[] };

/** The next request for works that are still to do, or undefined when there are none. */
export function nextRequest(filing: Progress, todo: readonly Work[]): NextRequest | undefined {
  const together = howTogether(filing, todo.length);
  const writes = todo.map((work) => writeOf(filing, work));
  // A Bundle's entry would be a PUT; where only PATCH is taken, the change goes by itself.
  const patched = writes.find(
    ({ kind, work }) => kind === 'update' && filing.env.abilities().change(work.desired.resourceType) === 'PATCH',
  );
  if (patched !== undefined) return { as: 'one', write: patched };
  const chunk = nextChunk(writes, together, filing.env.learned);
  const [first, second] = chunk;
  if (first === undefined) return undefined;
  if (together === 'one-by-one' || second === undefined) return { as: 'one', write: first };
  // A server that calls its batches transactions may take nothing called a batch.
  return { as: together === 'batch' && !filing.capabilities.batch ? 'transaction' : together, writes: chunk };
}

function howTogether({ env: { learned }, capabilities, oneByOne }: Progress, count: number): Together {
  if (oneByOne || count === 1) return 'one-by-one';
  if (capabilities.transaction && !learned.noTransaction) {
    // A server that leaves placeholders in place gets none: then each entry refers only to what stands.
    return learned.placeholders === 'left' || learned.transactionsAreBatches ? 'batch' : 'transaction';
  }
  return capabilities.batch && !learned.noBatch ? 'batch' : 'one-by-one';
}

function writeOf(filing: Progress, work: Work): Outgoing {
  const { fullUrl, artifact } = work.step;
  const { reference, current, versionId } = work;
  if (reference !== undefined && current !== undefined) {
    return {
      kind: 'update',
      fullUrl,
      resource: wantedOver(filing, work, current),
      reference,
      ...(versionId === undefined ? {} : { versionId }),
      work,
    };
  }
  const { id: _id, ...resource } = resolved(work.desired, filedReferences(filing.works));
  const { resourceType } = work.desired;
  return {
    kind: 'create',
    fullUrl,
    resource,
    ...(isConditional(filing, resourceType)
      ? { ifNoneExist: identityQuery(resourceType, filing.env.config.artifactSystem, [artifact]) }
      : {}),
    work,
  };
}
