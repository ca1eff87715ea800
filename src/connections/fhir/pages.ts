/** The pages of a search, one at a time. */
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient, FhirRequest } from './client.ts';
import { isObject, isResource, objects, text } from './json.ts';

export type Page = {
  readonly number: number;
  /** What was searched for. */
  readonly matches: readonly Resource[];
  /** What came with it, as the server marks it. */
  readonly included: readonly Resource[];
  /** The search as the server understood it. */
  readonly self?: string;
};

export type Taken = 'go on' | 'enough' | Failure;

/** Hands out each page before it asks for the next. `status`: of a request that failed. */
export async function eachPage(
  client: FhirClient,
  request: FhirRequest,
  call: Call,
  atMost: number,
  take: (page: Page) => Promise<Taken> | Taken,
): Promise<Outcome<void> & { status?: number }> {
  let next: FhirRequest | undefined = request;
  for (let number = 0; next !== undefined; number += 1) {
    if (number >= atMost) return fail('send/unsupported', `a search gave more than ${atMost} pages`);
    const reply = await client.ask(next, call);
    if (!reply.ok) {
      const { failure, answer } = reply;
      return { ok: false, failure, ...(answer === undefined ? {} : { status: answer.status }) };
    }
    const bundle = reply.json;
    if (!isObject(bundle) || bundle['resourceType'] !== 'Bundle')
      return fail('send/unavailable', 'a search was not answered with a Bundle');
    const found = objects(bundle['entry']).flatMap(({ resource, search }) => {
      const mode = isObject(search) ? search['mode'] : undefined;
      return isResource(resource) && mode !== 'outcome' ? [{ resource, mode }] : [];
    });
    const link = (relation: string): string | undefined =>
      objects(bundle['link']).flatMap((each) => (each['relation'] === relation ? (text(each['url']) ?? []) : []))[0];
    const self = link('self');
    const taken = await take({
      number,
      matches: found.flatMap(({ resource, mode }) => (mode === 'include' ? [] : [resource])),
      included: found.flatMap(({ resource, mode }) => (mode === 'include' ? [resource] : [])),
      ...(self === undefined ? {} : { self }),
    });
    if (typeof taken === 'object') return { ok: false, failure: taken };
    const following = link('next');
    if (following === undefined || taken === 'enough') next = undefined;
    else {
      const path = client.pathOf(following);
      if (path === undefined) return fail('send/unsupported', 'the next page of a search lies outside the base URL');
      next = { method: 'GET', path, doing: 'search' };
    }
  }
  return ok(undefined);
}
