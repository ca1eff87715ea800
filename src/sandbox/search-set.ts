/** The answer to a search: matches of one page, what they include, and links to the other pages. */
import type { SearchRequest } from '@medplum/core';
import type { Resource } from '../core/ports.ts';
import { valuesOf } from './match.ts';
import { isRecord, textOf } from './elements.ts';
import { problem } from './outcome.ts';
import type { Quirks } from './quirks.ts';
import { find, queryOf, sort, toRequest, understand } from './search.ts';
import type { Parameter, View } from './search.ts';
import { searchParameter } from './search-parameters.ts';
import type { Store, Stored } from './store.ts';

const largestPage = 1000;

type Include = NonNullable<SearchRequest['include']>[number];

export type SearchContext = {
  readonly store: Store;
  readonly baseUrl: string;
  readonly quirks: Quirks;
  readonly view: View;
  readonly lenient: boolean;
  readonly now: Date;
  readonly declared: (type: string, code: string) => boolean;
};

/** Refuses or drops the parameters that are not known. */
export function criteriaOf(
  type: string,
  parameters: readonly Parameter[],
  context: Pick<SearchContext, 'declared' | 'lenient'>,
): readonly Parameter[] {
  const { known, unknown } = understand(type, parameters, context.declared);
  if (unknown.length > 0 && !context.lenient)
    throw problem(400, 'not-supported', `Unknown search parameter for ${type}: ${unknown.join(', ')}.`);
  return known;
}

/** Unknown parameters are refused unless a quirk or the client's `Prefer: handling=lenient` says otherwise. */
export const isLenient = (quirks: Quirks, prefer: string | undefined): boolean =>
  !quirks.has('unknown-param-refused') &&
  (quirks.has('unknown-param-ignored') || /handling=lenient/.test(prefer ?? '')) &&
  !/handling=strict/.test(prefer ?? '');

/** Answers `type?parameters` with a searchset Bundle. */
export function searchSet(
  type: string,
  parameters: readonly Parameter[],
  context: SearchContext,
): Record<string, unknown> {
  const { store, quirks, baseUrl } = context;
  const known = criteriaOf(type, parameters, context);
  const request = toRequest(type, known);
  const asked = request.count ?? 20;
  if (!Number.isInteger(asked) || asked < 0) throw problem(400, 'value', '_count takes a number.');
  const offset = Math.max(0, request.offset ?? 0);
  const pageSize = Math.min(asked, quirks.number('page-size') ?? largestPage, largestPage);
  const counted = request.total === 'accurate' || (request.total !== 'none' && !quirks.has('no-total'));
  const sorted = (request.sortRules ?? []).length > 0;
  const limit = counted || sorted ? Number.POSITIVE_INFINITY : offset + pageSize + 1;
  const found = sort(find(store, request, context.view, limit), request);
  const overlap = quirks.has('pages-overlap') && offset > 0 ? 1 : 0;
  const page = found.slice(offset - overlap, offset - overlap + pageSize);
  const included = pageSize === 0 ? [] : includes(page, request, context);
  const link = (at: number): string => {
    const text = queryOf([
      ...known.filter(([name]) => name !== '_offset' && name !== '_count'),
      ...(known.some(([name]) => name === '_count') || at > 0 ? [['_count', String(asked)] as const] : []),
      ...(at > 0 ? [['_offset', String(at)] as const] : []),
    ]);
    return `${baseUrl}/${type}${text === '' ? '' : `?${text}`}`;
  };
  const more = pageSize > 0 && found.length > offset - overlap + pageSize;
  return {
    resourceType: 'Bundle',
    id: crypto.randomUUID(),
    meta: { lastUpdated: context.now.toISOString() },
    type: 'searchset',
    ...(counted ? { total: found.length } : {}),
    link: [
      { relation: 'self', url: link(offset) },
      ...(more ? [{ relation: 'next', url: link(offset - overlap + pageSize) }] : []),
      ...(offset > 0 ? [{ relation: 'previous', url: link(Math.max(0, offset - pageSize)) }] : []),
    ],
    ...(page.length + included.length > 0
      ? {
          entry: [
            ...page.map((resource) => entry(resource, 'match', context, request.fields)),
            ...included.map((resource) => entry(resource, 'include', context, request.fields)),
          ],
        }
      : {}),
  };
}

const entry = (
  resource: Stored,
  mode: 'match' | 'include',
  { baseUrl }: SearchContext,
  fields: readonly string[] | undefined,
) => ({
  fullUrl: `${baseUrl}/${resource.resourceType}/${resource.id}`,
  resource: fields ? subset(resource, fields) : resource,
  search: { mode },
});

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

function subset(resource: Stored, fields: readonly string[]): Resource {
  const kept = Object.fromEntries(Object.entries(resource).filter(([name]) => fields.includes(name)));
  const { meta } = resource;
  return {
    resourceType: resource.resourceType,
    id: resource.id,
    meta: { ...meta, tag: [...(Array.isArray(meta['tag']) ? meta['tag'] : []), subsetted] },
    ...kept,
  };
}

function includes(page: readonly Stored[], request: SearchRequest, context: SearchContext): Stored[] {
  const found = new Map<string, Stored>();
  const here = new Set(page.map(keyOf));
  let base: readonly Stored[] = page;
  for (let depth = 0; base.length > 0 && depth < 5; depth++) {
    const next = [
      ...(request.include ?? [])
        .filter((one) => depth === 0 || one.modifier === 'iterate')
        .flatMap((one) => forward(base, one, context.store)),
      ...(request.revInclude ?? [])
        .filter((one) => depth === 0 || one.modifier === 'iterate')
        .flatMap((one) => backward(base, one, context)),
    ].filter((resource) => !here.has(keyOf(resource)) && !found.has(keyOf(resource)));
    for (const resource of next) found.set(keyOf(resource), resource);
    base = next;
  }
  return [...found.values()];
}

const keyOf = ({ resourceType, id }: Stored): string => `${resourceType}/${id}`;

function includeParameter({ resourceType, searchParam }: Include) {
  const parameter = searchParameter(resourceType, searchParam);
  if (parameter?.type !== 'reference')
    throw problem(400, 'not-supported', `${resourceType}:${searchParam} cannot be included.`);
  return parameter;
}

function forward(base: readonly Stored[], include: Include, store: Store): Stored[] {
  const parameter = includeParameter(include);
  return base
    .filter(({ resourceType }) => resourceType === include.resourceType)
    .flatMap((resource) => valuesOf(resource, parameter))
    .flatMap(({ value }) => {
      const [type = '', id = ''] = (isRecord(value) ? (textOf(value['reference']) ?? '') : '').split('/');
      const target =
        include.targetType === undefined || include.targetType === type ? store.current(type, id) : undefined;
      return target ?? [];
    });
}

function backward(base: readonly Stored[], include: Include, { store, view }: SearchContext): Stored[] {
  includeParameter(include);
  return base
    .filter(({ resourceType }) => include.targetType === undefined || include.targetType === resourceType)
    .flatMap((resource) =>
      find(
        store,
        {
          resourceType: include.resourceType as SearchRequest['resourceType'],
          filters: [{ code: include.searchParam, operator: 'eq', value: keyOf(resource) }],
        },
        view,
      ),
    );
}
