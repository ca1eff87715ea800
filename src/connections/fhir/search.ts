/** A search, page by page to its end. */
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient, FhirRequest } from './client.ts';
import { isObject, isResource, objects, text } from './json.ts';

const pagesAtMost = 50;

type Page = { readonly resources: readonly Resource[]; readonly self?: string };

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
): Promise<Outcome<Page> & { status?: number }> {
  const resources = new Map<string, Resource>();
  let self: string | undefined;
  let next: FhirRequest | undefined = request;
  for (let page = 0; next !== undefined; page += 1) {
    if (page >= atMost) return fail('send/unsupported', `a search gave more than ${atMost} pages`);
    const reply = await client.ask(next, call);
    if (!reply.ok) {
      return {
        ok: false,
        failure: reply.failure,
        ...(reply.answer === undefined ? {} : { status: reply.answer.status }),
      };
    }
    const bundle = reply.json;
    if (!isObject(bundle) || bundle['resourceType'] !== 'Bundle')
      return fail('send/unavailable', 'a search was not answered with a Bundle');
    for (const entry of objects(bundle['entry'])) {
      const resource = entry['resource'];
      const mode = isObject(entry['search']) ? entry['search']['mode'] : undefined;
      // Pages of some servers repeat what an earlier page held.
      if (isResource(resource) && mode !== 'outcome' && mode !== 'include') {
        resources.set(`${resource.resourceType}/${resource.id ?? `?${resources.size}`}`, resource);
      }
    }
    const link = (relation: string): string | undefined =>
      objects(bundle['link']).flatMap((each) => (each['relation'] === relation ? (text(each['url']) ?? []) : []))[0];
    if (page === 0) self = link('self');
    const following = link('next');
    if (following === undefined || ![...resources.values()].every(belongs)) next = undefined;
    else {
      const path = client.pathOf(following);
      if (path === undefined) return fail('send/unsupported', 'the next page of a search lies outside the base URL');
      next = { method: 'GET', path, doing: 'search' };
    }
  }
  return ok({ resources: [...resources.values()], ...(self === undefined ? {} : { self }) });
}
