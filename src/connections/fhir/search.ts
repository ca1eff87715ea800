/** A search, page by page to its end. */
import { ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient, FhirRequest } from './client.ts';
import { eachPage } from './pages.ts';

const pagesAtMost = 50;

type Found = { readonly resources: readonly Resource[]; readonly self?: string };

/**
 * All pages of a search set, or the failure of any. Ends at the first resource that `belongs` does not know: a server
 * that ignored the parameter has everybody's to show.
 */
export async function searchAll(
  client: FhirClient,
  request: FhirRequest,
  belongs: (resource: Resource) => boolean,
  call: Call,
  atMost = pagesAtMost,
): Promise<Outcome<Found> & { status?: number }> {
  const resources = new Map<string, Resource>();
  let understood: string | undefined;
  const ended = await eachPage(client, request, call, atMost, ({ number, matches, self }) => {
    // Pages of some servers repeat what an earlier page held.
    for (const one of matches) resources.set(`${one.resourceType}/${one.id ?? `?${resources.size}`}`, one);
    if (number === 0) understood = self;
    return matches.every(belongs) ? 'go on' : 'enough';
  });
  if (!ended.ok) return ended;
  return ok({ resources: [...resources.values()], ...(understood === undefined ? {} : { self: understood }) });
}
