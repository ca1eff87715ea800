/**
 * Laboratory reports of a FHIR server: what has changed, and what belongs to a report. Servers differ in what they
 * include; what did not come with a report is read by itself.
 */
import { localReference, objectIn, objectsIn, referenceIn, textIn } from '../../core/fhir-json.ts';
import { fail, ok, type Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient } from './client.ts';
import { eachPage, type Page } from './pages.ts';
import { lastUpdatedOf } from './version.ts';

export type LabType = 'DiagnosticReport' | 'Observation';

/** `code` or `system|code`; none: any. */
export type LabAsk = { readonly since: Date; readonly categories: readonly string[] };

export type LabFinds = Pick<Page, 'matches' | 'included'>;

export type LabReads = {
  /** What changed at or after `since`, by the server's clock, as it stands now: page by page, each handed on before the next. */
  readonly changed: (type: LabType, ask: LabAsk, take: (finds: LabFinds) => Promise<void>) => Promise<Outcome<void>>;
  /** Those that refer to one of these (`Type/id`) by this element. */
  readonly referring: (
    type: LabType,
    element: 'result' | 'hasMember',
    to: readonly string[],
  ) => Promise<Outcome<readonly Resource[]>>;
  /** All that belongs to these, as far as it can be read; `gone`: what was deleted (`Type/id`). */
  readonly around: (
    mains: readonly Resource[],
    known: readonly Resource[],
  ) => Promise<Outcome<{ readonly resources: ReadonlyMap<string, Resource>; readonly gone: ReadonlySet<string> }>>;
  /** Those of these that were deleted. */
  readonly deleted: (references: readonly string[]) => Promise<Outcome<ReadonlySet<string>>>;
};

const pagesAtMost = 1_000;
const atOnce = 20;
/** Servers that keep whole seconds cut their times. */
const toleranceMs = 1_000;
/** Results, members of panels, their specimens, who ordered them; then no further. */
const deepest = 4;

const includes: Readonly<Record<LabType, readonly string[]>> = {
  DiagnosticReport: ['result', 'specimen', 'subject', 'based-on'],
  Observation: ['specimen', 'subject', 'based-on'],
};
const parameters = { result: 'result', hasMember: 'has-member' } as const;

/** When it changed: as the server says, else when it was issued. NaN: nobody says. */
const changedAt = (resource: Resource): number => {
  const at = lastUpdatedOf(resource);
  return Number.isFinite(at) ? at : Date.parse(textIn(resource['issued']) ?? '');
};

export const isOfCategory = (resource: Resource, wanted: readonly string[]): boolean =>
  wanted.length === 0 ||
  objectsIn(resource['category']).some(({ coding }) =>
    objectsIn(coding).some(({ system, code }) =>
      wanted.some((one) => one === code || one === `${textIn(system) ?? ''}|${textIn(code) ?? ''}`),
    ),
  );

const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id ?? ''}`;

export function labReads(client: FhirClient, baseUrl: string): LabReads {
  const call: Call = { record: () => undefined };
  /** Refused once: not asked for again while the process lives. */
  let withIncludes = true;

  const search = async (
    type: LabType,
    query: readonly (readonly [string, string])[],
    take: (page: Page) => Promise<'go on' | ReturnType<typeof fail>['failure']>,
  ): Promise<Outcome<void>> => {
    for (;;) {
      const asks = withIncludes ? includes[type].map((name) => ['_include', `${type}:${name}`] as const) : [];
      const search = new URLSearchParams();
      for (const [name, value] of [...query, ...asks]) search.append(name, value);
      const request = { method: 'GET', path: `${type}?${search.toString()}`, doing: 'search' } as const;
      let began = false;
      const ended = await eachPage(client, request, call, pagesAtMost, (page) => {
        began = true;
        return take(page);
      });
      if (ended.ok) return ended;
      if (ended.status === 400 && withIncludes && !began) withIncludes = false;
      else if (ended.status === 403) {
        // Of one type: the credentials are good, and filing must not stop for it.
        return fail('send/refused', `a search of ${type} is not allowed (403): the client needs its scope`);
      } else return { ok: false, failure: ended.failure };
    }
  };

  const changed: LabReads['changed'] = (type, { since, categories }, take) => {
    const query = [
      ...(categories.length === 0 ? [] : [['category', categories.join(',')] as const]),
      ['_lastUpdated', `ge${since.toISOString()}`] as const,
      ['_count', '100'] as const,
    ];
    return search(type, query, async ({ matches, included }) => {
      const own = matches.filter((one) => one.resourceType === type && one.id !== undefined);
      if (own.some((one) => changedAt(one) < since.getTime() - toleranceMs))
        return fail(
          'send/unsupported',
          `a search of ${type} did not heed _lastUpdated: what has changed cannot be asked`,
        ).failure;
      const dated = own.filter((one) => !Number.isNaN(changedAt(one)) && isOfCategory(one, categories));
      const beside = matches.filter((one) => one.resourceType !== type);
      await take({ matches: dated, included: [...included, ...beside] });
      return 'go on';
    });
  };

  const referring: LabReads['referring'] = async (type, element, to) => {
    const matches = new Map<string, Resource>();
    for (const part of parts(to)) {
      const wanted = new Set(part);
      const found = await search(type, [[parameters[element], part.join(',')]], (page) => {
        const fit = page.matches.filter((one) => one.resourceType === type && refersTo(one, element, wanted));
        // Reports without one of these: the parameter was not heeded, and everybody's would follow.
        if (page.matches.some((one) => one.resourceType === type) && fit.length === 0)
          return Promise.resolve(
            fail('send/unsupported', `a search of ${type} did not heed ${parameters[element]}`).failure,
          );
        for (const one of fit) matches.set(nameOf(one), one);
        return Promise.resolve('go on');
      });
      if (!found.ok) return found;
    }
    return ok([...matches.values()]);
  };

  const refersTo = (one: Resource, element: string, wanted: ReadonlySet<string>): boolean =>
    objectsIn(one[element]).some((each) => {
      const name = localReference(referenceIn(each), baseUrl);
      return name !== undefined && wanted.has(name);
    });

  /** `gone`, or `closed`: it stands, and is not for us. */
  const readOne = async (reference: string): Promise<Outcome<Resource | 'gone' | 'closed'>> => {
    const reply = await client.ask({ method: 'GET', path: reference, doing: 'read' }, call);
    if (reply.ok) {
      const { json } = reply;
      return ok(nameOf(json as Resource) === reference ? (json as Resource) : 'closed');
    }
    if (reply.failure.cause === 'send/gone') return ok('gone');
    const status = reply.answer?.status;
    return status !== undefined && status >= 400 && status < 500 && status !== 401 && status !== 429
      ? ok('closed')
      : { ok: false, failure: reply.failure };
  };

  const readMany = async (type: string, references: readonly string[]): Promise<Outcome<readonly Resource[]>> => {
    if (references.length < 2) return ok([]);
    const ids = references.map((one) => one.slice(one.indexOf('/') + 1));
    const query = new URLSearchParams({ _id: ids.join(','), _count: String(atOnce) });
    const found: Resource[] = [];
    const request = { method: 'GET', path: `${type}?${query.toString()}`, doing: 'search' } as const;
    const ended = await eachPage(client, request, call, 2, ({ matches }) => {
      found.push(...matches.filter((one) => references.includes(nameOf(one))));
      return 'go on';
    });
    const refused = !ended.ok && ended.status !== undefined && ended.status >= 400 && ended.status < 500;
    // What is not searched by id is read one by one.
    if (!ended.ok && !(refused && ended.status !== 429) && ended.failure.cause !== 'send/unsupported') return ended;
    return ok(found);
  };

  const around: LabReads['around'] = async (mains, known) => {
    const resources = new Map([...known, ...mains].map((one) => [nameOf(one), one]));
    const missing = new Set<string>();
    const gone = new Set<string>();
    for (let level = 0, edge: readonly Resource[] = mains; level < deepest && edge.length > 0; level += 1) {
      const wanted = new Set(edge.flatMap((one) => belongingTo(one, baseUrl)));
      const unread = [...wanted].filter((name) => !resources.has(name) && !missing.has(name));
      for (const [type, references] of Object.entries(
        Object.groupBy(unread, (name) => name.slice(0, name.indexOf('/'))),
      )) {
        for (const part of parts(references ?? [])) {
          const many = await readMany(type, part);
          if (!many.ok) return many;
          for (const one of many.value) resources.set(nameOf(one), one);
          for (const reference of part.filter((one) => !resources.has(one))) {
            const one = await readOne(reference);
            if (!one.ok) return one;
            if (typeof one.value === 'object') resources.set(reference, one.value);
            else {
              missing.add(reference);
              if (one.value === 'gone') gone.add(reference);
            }
          }
        }
      }
      edge = [...wanted].flatMap((name) => resources.get(name) ?? []);
    }
    return ok({ resources, gone });
  };

  const deleted: LabReads['deleted'] = async (references) => {
    const gone = new Set<string>();
    for (const reference of references) {
      const one = await readOne(reference);
      if (!one.ok) return one;
      if (one.value === 'gone') gone.add(reference);
    }
    return ok(gone);
  };

  return { changed, referring, around, deleted };
}

const parts = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / atOnce) }, (_, n) => list.slice(n * atOnce, (n + 1) * atOnce));

/** What a reader of the report needs of what it refers to: results, specimens, patient, the order; names where they are not said. */
export function belongingTo(resource: Resource, baseUrl: string): readonly string[] {
  const elements: Readonly<Record<string, readonly string[]>> = {
    DiagnosticReport: ['result', 'specimen', 'subject', 'basedOn'],
    Observation: ['hasMember', 'specimen', 'subject', 'basedOn'],
  };
  const plain = (elements[resource.resourceType] ?? []).flatMap((name) => referencesAt(resource, name));
  const people = ['DiagnosticReport', 'Observation'].includes(resource.resourceType)
    ? ['performer', 'resultsInterpreter'].flatMap((name) => referencesAt(resource, name))
    : [];
  const unnamed = people.filter((one) => one['display'] === undefined && one['identifier'] === undefined);
  return [...plain, ...unnamed].flatMap((one) => {
    const name = localReference(textIn(one['reference']), baseUrl);
    return name === undefined || name.startsWith('#') ? [] : [name];
  });
}

const referencesAt = (resource: Resource, element: string) => {
  const value = resource[element];
  return Array.isArray(value) ? objectsIn(value) : [objectIn(value)];
};
