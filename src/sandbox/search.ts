/**
 * Running a search: the narrowest index first, then every filter on what it gave. The conditional operations use the
 * same function, so they match exactly what a search finds.
 */
import { parseSearchRequest, splitSearchOnComma } from '@medplum/core';
import type { Filter, SearchRequest } from '@medplum/core';
import { spanOf } from './dates.ts';
import { matches, valuesOf } from './match.ts';
import { problem } from './outcome.ts';
import { searchParameter } from './search-parameters.ts';
import { identifierKey, referenceKey, tagKey, valueKey } from './store.ts';
import type { Entry, Store, Stored } from './store.ts';

export type Parameter = readonly [name: string, value: string];

/** Result parameters and those that shape the answer; they filter nothing. */
const shaping = new Set([
  '_sort', '_count', '_offset', '_total', '_summary', '_include', '_revinclude', '_elements', '_format', '_pretty',
]); // prettier-ignore

export type Understood = { readonly known: readonly Parameter[]; readonly unknown: readonly string[] };

/** Which parameters this server (or the statement it wears) knows for a type. */
export function understand(
  type: string,
  parameters: readonly Parameter[],
  declared: (type: string, code: string) => boolean = () => true,
): Understood {
  const known: Parameter[] = [];
  const unknown: string[] = [];
  for (const [name, value] of parameters) {
    const [code = '', modifier] = name.split(':');
    const first = code.split('.')[0] ?? '';
    if (shaping.has(code)) known.push([name, value]);
    else if (!searchParameter(type, first) || !declared(type, first)) unknown.push(name);
    else if (modifier !== undefined && /^[A-Z]\w+$/.test(modifier) && !name.includes('.'))
      known.push([first, value.includes('/') ? value : `${modifier}/${value}`]);
    else known.push([name, value]);
  }
  return { known, unknown };
}

export const queryOf = (parameters: readonly Parameter[]): string =>
  new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString();

/** Parameters of a query string, a form body, or the criteria of a conditional operation. */
export const parametersOf = (query: string): readonly Parameter[] => [...new URLSearchParams(query)];

/** The values of each name, as @medplum takes a query. */
export function byName(parameters: readonly Parameter[]): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of parameters) (query[name] ??= []).push(value);
  return query;
}

export const toRequest = (type: string, parameters: readonly Parameter[]): SearchRequest =>
  parseSearchRequest(type, byName(parameters));

export type View = {
  /** Only what was committed at or before this instant (milliseconds) is in the index yet. */
  readonly until?: number;
};

function visible(entry: Entry, view: View): Stored | undefined {
  if (view.until === undefined) return entry.versions.at(-1)?.resource;
  const { until } = view;
  return entry.versions.findLast((version) => version.committedAt <= until)?.resource;
}

function narrowed(store: Store, type: string, filters: readonly Filter[]): readonly Entry[] | undefined {
  let best: readonly Entry[] | undefined;
  for (const filter of filters) {
    const found = byIndex(store, type, filter);
    if (found && (!best || found.length < best.length)) best = found;
    if (best?.length === 0) break;
  }
  return best;
}

function byIndex(store: Store, type: string, filter: Filter): readonly Entry[] | undefined {
  if (filter.operator !== 'eq') return undefined;
  const asked = splitSearchOnComma(filter.value);
  const split = (one: string): readonly [string | undefined, string] => {
    const bar = one.indexOf('|');
    return bar < 0 ? [undefined, one] : [one.slice(0, bar), one.slice(bar + 1)];
  };
  switch (filter.code) {
    case '_id':
      return asked.flatMap((id) => store.entry(type, id) ?? []);
    case 'identifier': {
      const keys = asked.map(split);
      if (keys.some(([, value]) => value === '')) return undefined;
      return store.lookup(
        type,
        keys.map(([system, value]) => (system === undefined ? valueKey(value) : identifierKey(system, value))),
      );
    }
    case '_tag': {
      const keys = asked.map(split);
      if (keys.some(([system, value]) => system === undefined || value === '')) return undefined;
      return store.lookup(
        type,
        keys.map(([system, value]) => tagKey(system, value)),
      );
    }
    default: {
      const parameter = searchParameter(type, filter.code);
      if (parameter?.type !== 'reference') return undefined;
      const keys = asked.flatMap((one) => {
        if (/^https?:/.test(one)) return [one, one.split('/').slice(-2).join('/')];
        return one.includes('/') ? [one] : parameter.targets.map((target) => `${target}/${one}`);
      });
      return store.lookup(type, keys.map(referenceKey));
    }
  }
}

const since = (filters: readonly Filter[]): number | undefined => {
  const starts = filters.flatMap(({ code, operator, value }) => {
    if (code !== '_lastUpdated') return [];
    const span = spanOf(value);
    if (!span) return [];
    if (operator === 'gt' || operator === 'ge' || operator === 'eq' || operator === 'sa') return [span.from];
    return [];
  });
  return starts.length > 0 ? Math.max(...starts) : undefined;
};

/** Every live resource that meets the filters, unsorted unless by lastUpdated: oldest first. */
export function find(
  store: Store,
  request: SearchRequest,
  view: View = {},
  limit = Number.POSITIVE_INFINITY,
): Stored[] {
  const type = request.resourceType;
  const filters = request.filters ?? [];
  const candidates = narrowed(store, type, filters) ?? store.since(type, since(filters));
  const found: Stored[] = [];
  for (const entry of candidates) {
    const resource = visible(entry, view);
    if (resource && filters.every((filter) => matches(resource, filter, store.current))) found.push(resource);
    if (found.length >= limit) break;
  }
  return found;
}

/** Sorts in place by `_sort`; resources without the value come last. */
export function sort(resources: Stored[], request: SearchRequest): Stored[] {
  const rules = (request.sortRules ?? []).map((rule) => {
    const parameter = searchParameter(request.resourceType, rule.code);
    if (!parameter) throw problem(400, 'not-supported', `${request.resourceType} cannot be sorted by ${rule.code}.`);
    return { parameter, sign: rule.descending ? -1 : 1 };
  });
  if (rules.length === 0) return resources;
  if (rules.length === 1 && rules[0]?.parameter.code === '_lastUpdated') {
    const { sign } = rules[0];
    return resources.sort((a, b) => sign * inOrder(a.meta.lastUpdated, b.meta.lastUpdated));
  }
  const keyed = resources.map((resource) => ({
    resource,
    keys: rules.map(({ parameter, sign }) => {
      const keys = valuesOf(resource, parameter)
        .flatMap(({ value }) => sortKey(value))
        .toSorted(inOrder);
      return sign > 0 ? keys[0] : keys.at(-1);
    }),
  }));
  keyed.sort((a, b) => {
    for (const [i, { sign }] of rules.entries()) {
      const left = a.keys[i];
      const right = b.keys[i];
      if (left === right) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      return sign * inOrder(left, right);
    }
    return 0;
  });
  return keyed.map(({ resource }) => resource);
}

const inOrder = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;

function sortKey(value: unknown): (string | number)[] {
  if (typeof value === 'number') return [value];
  if (typeof value === 'string') return [spanOf(value)?.from ?? value];
  if (typeof value !== 'object' || value === null) return [];
  const record = value as Record<string, unknown>;
  for (const name of ['start', 'value', 'code', 'reference', 'family', 'text', 'end'])
    if (record[name] !== undefined) return sortKey(record[name]);
  return [];
}
