/**
 * Finding in the EHR what carries our identifiers. A server may ignore a search parameter and then match everything, or
 * refuse it: every result is checked against what was asked, and where the identifier cannot be searched for, the
 * patient's resources of that type are read through instead.
 */
import { causeOf } from '../../core/causes.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Capabilities } from './capability.ts';
import type { Call, FhirClient } from './client.ts';
import { artifactsOn, identityQuery, parameterOf } from './identity.ts';
import { subjectOf } from './reference.ts';
import { searchAll } from './search.ts';

/** Resources by artifact; an artifact that is not there has no entry. */
export type Found = ReadonlyMap<string, readonly Resource[]>;

/** How a type of this EHR can be searched, as learned. */
type SearchKnowledge = {
  /** `Type` whose identity parameter was seen to be honoured. */
  readonly honoured: Set<string>;
  /** `Type` whose identity parameter was ignored or refused. */
  readonly ignored: Set<string>;
  /** A list of identifiers in one search was seen to be honoured. */
  lists: boolean;
};

const newSearchKnowledge = (): SearchKnowledge => ({ honoured: new Set(), ignored: new Set(), lists: false });

export type Lookup = {
  /** `subject` (`Patient/…`) serves where the identifier cannot be searched for. */
  readonly find: (
    resourceType: string,
    artifacts: readonly string[],
    about: { readonly subject?: string | undefined },
    call: Call,
  ) => Promise<Outcome<Found>>;
  readonly knowledge: SearchKnowledge;
};

const defaultIdentifiersPerSearch = 20;

/** Not that of a proxy whose backend is away (a page of HTML with 404), nor a passing one. */
const isWordOfEhr = ({ cause }: Failure): boolean => causeOf(cause).class === 'permanent';

export function lookup(
  options: { readonly artifactSystem: string; readonly identifiersPerSearch?: number | undefined },
  client: FhirClient,
  capabilities: () => Capabilities | undefined,
): Lookup {
  const { artifactSystem } = options;
  const perSearch = options.identifiersPerSearch ?? defaultIdentifiersPerSearch;
  const knowledge = newSearchKnowledge();

  const sorted = (resources: readonly Resource[], wanted: ReadonlySet<string>): Map<string, Resource[]> => {
    const found = new Map<string, Resource[]>();
    for (const resource of resources) {
      for (const artifact of artifactsOn(resource, artifactSystem)) {
        if (wanted.has(artifact)) found.set(artifact, [...(found.get(artifact) ?? []), resource]);
      }
    }
    return found;
  };

  /** Undefined when the server does not search by our identifier. */
  const byIdentity = async (
    type: string,
    artifacts: readonly string[],
    call: Call,
  ): Promise<Outcome<Found | undefined>> => {
    const path = `${type}?${identityQuery(type, artifactSystem, artifacts)}`;
    const strict = { prefer: 'handling=strict' };
    const wanted = new Set(artifacts);
    const asked = (each: Resource): boolean => artifactsOn(each, artifactSystem).some((one) => wanted.has(one));
    const page = await searchAll(client, { method: 'GET', path, doing: 'search', headers: strict }, asked, call);
    if (!page.ok) {
      // 400, 404, 405, 422: it will not search so. Anything else says nothing about that.
      const refused = page.status !== undefined && [400, 404, 405, 422, 501].includes(page.status);
      return refused && isWordOfEhr(page.failure) ? ok(undefined) : page;
    }
    const { resources, self } = page.value;
    if (!resources.every(asked)) return ok(undefined);
    const found = sorted(resources, wanted);
    // A `self` without the parameter says that it was not looked at, even where nothing strange came of it.
    if (self !== undefined && !new RegExp(`[?&]${parameterOf(type)}=`).test(self)) return ok(found);
    if (self !== undefined) {
      knowledge.honoured.add(type);
      const shown = decoded(self);
      if (artifacts.length > 1 && artifacts.every((artifact) => shown.includes(artifact))) knowledge.lists = true;
    }
    if (found.size > 0) knowledge.honoured.add(type);
    if (found.size > 1) knowledge.lists = true;
    return ok(found);
  };

  /** Everything of this type of one patient, compared here. */
  const byPatient = async (
    type: string,
    artifacts: readonly string[],
    subject: string,
    call: Call,
  ): Promise<Outcome<Found>> => {
    const params = capabilities()?.types.get(type)?.searchParams;
    const name = params?.has('patient') === false && params.has('subject') ? 'subject' : 'patient';
    const form = new URLSearchParams({ [name]: subject });
    const request = { method: 'POST', path: `${type}/_search`, doing: 'search', form } as const;
    const theirs = (each: Resource): boolean => subjectOf(each)?.endsWith(subject) === true;
    const page = await searchAll(client, request, theirs, call);
    if (!page.ok) {
      if (page.status !== undefined && page.status < 500 && isWordOfEhr(page.failure)) {
        return fail(
          'send/unsupported',
          `${type} can be searched neither by identifier nor by patient: a duplicate could not be noticed`,
        );
      }
      return page;
    }
    if (!page.value.resources.every(theirs)) {
      return fail(
        'send/unsupported',
        `a search of ${type} by patient is ignored here: a duplicate could not be noticed`,
      );
    }
    return ok(sorted(page.value.resources, new Set(artifacts)));
  };

  const find: Lookup['find'] = async (type, artifacts, { subject }, call) => {
    const found = new Map<string, readonly Resource[]>();
    if (artifacts.length === 0) return ok(found);
    const scan = async (): Promise<Outcome<Found>> =>
      subject === undefined
        ? fail('send/unsupported', `${type} cannot be searched by identifier: a duplicate could not be noticed`)
        : byPatient(type, artifacts, subject, call);
    if (knowledge.ignored.has(type)) return scan();
    const merge = (more: Found): void => {
      for (const [artifact, resources] of more) found.set(artifact, resources);
    };
    for (let at = 0; at < artifacts.length; at += perSearch) {
      const chunk = artifacts.slice(at, at + perSearch);
      if (chunk.length > 1) {
        const many = await byIdentity(type, chunk, call);
        if (!many.ok) return many;
        if (many.value !== undefined) merge(many.value);
        if (many.value !== undefined && knowledge.lists) continue;
      }
      // A list may be what it does not understand: what the list did not find is asked for one by one.
      for (const artifact of chunk.filter((each) => !found.has(each))) {
        const one = await byIdentity(type, [artifact], call);
        if (!one.ok) return one;
        if (one.value === undefined) {
          knowledge.ignored.add(type);
          return scan();
        }
        merge(one.value);
      }
    }
    return ok(found);
  };

  return { find, knowledge };
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
}
