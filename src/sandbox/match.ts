/** Whether a resource meets one search filter (R4 §3.1.1.4), by the type of the search parameter. */
import { evalFhirPathTyped, splitSearchOnComma, toTypedValue } from '@medplum/core';
import type { Filter, FhirPathAtom } from '@medplum/core';
import { LRUCache } from '@medplum/core';
import { compareSpans, spanOf } from './dates.ts';
import type { Span } from './dates.ts';
import { identifiersOf, isRecord, listOf, tagsOf, textOf } from './elements.ts';
import type { Token } from './elements.ts';
import { problem } from './outcome.ts';
import { searchParameter } from './search-parameters.ts';
import type { SearchParameter } from './search-parameters.ts';
import type { Stored } from './store.ts';

type Typed = { readonly type: string; readonly value: unknown };

/** Finds what a reference points to, for chained parameters. */
export type Resolve = (type: string, id: string) => Stored | undefined;

const parsed = new LRUCache<FhirPathAtom>(2000);

/** The values a search parameter takes in a resource. */
export function valuesOf(resource: Stored, parameter: SearchParameter): readonly Typed[] {
  if (parameter.code === '_lastUpdated') return [{ type: 'instant', value: resource.meta.lastUpdated }];
  if (parameter.code === '_id') return [{ type: 'id', value: resource.id }];
  return evalFhirPathTyped(parameter.expression, [toTypedValue(resource)], undefined, parsed);
}

const negated = (operator: string): boolean => operator === 'ne' || operator === 'not';

/** `filter.code` must be a parameter of this type (or a chain that starts with one). */
export function matches(resource: Stored, filter: Filter, resolve: Resolve): boolean {
  if (filter.code.includes('.')) return matchesChain(resource, filter, resolve);
  if (filter.code === 'identifier' && (filter.operator as string) === 'eq')
    return splitSearchOnComma(filter.value).some((asked) => identifiersOf(resource).some((has) => tokenIs(has, asked)));
  if (filter.code === '_tag' && (filter.operator as string) === 'eq')
    return splitSearchOnComma(filter.value).some((asked) => tagsOf(resource).some((has) => tokenIs(has, asked)));
  const parameter = searchParameter(resource.resourceType, filter.code);
  if (!parameter) return false;
  const values = valuesOf(resource, parameter);
  if (filter.operator === 'missing') return (values.length === 0) === (filter.value === 'true');
  const anyOf = (is: (asked: string) => boolean): boolean => {
    const found = splitSearchOnComma(filter.value).some(is);
    return negated(filter.operator) ? !found : found;
  };
  switch (parameter.type) {
    case 'token': {
      if (filter.operator === 'text')
        return anyOf((asked) => values.some((value) => displayed(value.value).some((text) => startsWith(text, asked))));
      const tokens = values.flatMap(tokensOf);
      return anyOf((asked) => tokens.some((has) => tokenIs(has, asked)));
    }
    case 'reference': {
      if (filter.operator === 'identifier')
        return anyOf((asked) =>
          values.some((value) => referenceIdentifier(value.value).some((has) => tokenIs(has, asked))),
        );
      const references = values.flatMap((value) => referenceStrings(value.value));
      return anyOf((asked) => references.some((has) => referenceIs(has, asked)));
    }
    case 'string': {
      const texts = values.flatMap((value) => stringsOf(value.value));
      return anyOf((asked) => texts.some((has) => stringIs(has, asked, filter.operator)));
    }
    case 'uri':
      return anyOf((asked) =>
        values.some(({ value }) => {
          const has = textOf(value) ?? '';
          if (filter.operator === 'below') return has.startsWith(asked);
          if (filter.operator === 'above') return asked.startsWith(has);
          return has === asked;
        }),
      );
    case 'date': {
      const spans = values.flatMap((value) => spansOf(value.value));
      return splitSearchOnComma(filter.value).some((one) => {
        const asked = spanOf(one);
        return asked !== undefined && spans.some((has) => compareSpans(filter.operator, has, asked));
      });
    }
    case 'number':
    case 'quantity':
    default:
      return splitSearchOnComma(filter.value).some((one) =>
        values.some((value) => quantityIs(value.value, one, filter.operator)),
      );
  }
}

function tokenIs(has: Token, asked: string): boolean {
  const bar = asked.indexOf('|');
  if (bar < 0) return has.value === asked;
  const system = asked.slice(0, bar);
  const value = asked.slice(bar + 1);
  if (system === '') return has.system === undefined && has.value === value;
  return has.system === system && (value === '' || has.value === value);
}

function tokensOf({ value }: Typed): Token[] {
  if (typeof value === 'string' || typeof value === 'boolean') return [{ value: String(value) }];
  if (!isRecord(value)) return [];
  if (Array.isArray(value['coding']))
    return value['coding'].flatMap((coding) => tokensOf({ type: 'Coding', value: coding }));
  const own = textOf(value['code']) ?? textOf(value['value']);
  const system = textOf(value['system']);
  return own === undefined ? [] : [{ value: own, ...(system === undefined ? {} : { system }) }];
}

const displayed = (value: unknown): string[] =>
  isRecord(value)
    ? [
        value['text'],
        value['display'],
        ...listOf(value['coding']).map((coding) => (isRecord(coding) ? coding['display'] : '')),
      ].filter((text) => typeof text === 'string')
    : [];

const referenceStrings = (value: unknown): string[] => {
  const reference = isRecord(value) ? textOf(value['reference']) : textOf(value);
  return reference === undefined ? [] : [reference];
};

const referenceIdentifier = (value: unknown): readonly Token[] =>
  isRecord(value) ? identifiersOf({ resourceType: 'Reference', identifier: value['identifier'] }) : [];

const referenceIs = (has: string, asked: string): boolean =>
  has === asked ||
  (asked.includes('/') ? asked.endsWith(`/${has}`) && /^https?:/.test(asked) : has.endsWith(`/${asked}`));

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    ['use', 'system', 'period', 'type', 'extension', 'id'].includes(name) ? [] : stringsOf(item),
  );
}

/** Case and accents do not count, except for `:exact` (R4 §3.1.1.4.8). */
const folded = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();

const startsWith = (has: string, asked: string): boolean => folded(has).startsWith(folded(asked));

function stringIs(has: string, asked: string, operator: string): boolean {
  if (operator === 'exact') return has === asked;
  if (operator === 'contains') return folded(has).includes(folded(asked));
  return startsWith(has, asked);
}

function spansOf(value: unknown): Span[] {
  if (typeof value === 'string') {
    const span = spanOf(value);
    return span ? [span] : [];
  }
  if (!isRecord(value)) return [];
  if (value['event'] !== undefined) return listOf(value['event']).flatMap(spansOf);
  const start = spanOf(textOf(value['start']) ?? '');
  const end = spanOf(textOf(value['end']) ?? '');
  if (!start && !end) return [];
  return [{ from: start?.from ?? Number.NEGATIVE_INFINITY, until: end?.until ?? Number.POSITIVE_INFINITY }];
}

function quantityIs(value: unknown, asked: string, operator: string): boolean {
  const [amount, system, code] = asked.split('|');
  const wanted = Number(amount);
  const has = isRecord(value) ? Number(value['value']) : Number(value);
  if (!Number.isFinite(wanted) || !Number.isFinite(has)) return false;
  if (isRecord(value)) {
    if (system && value['system'] !== system) return false;
    if (code && value['code'] !== code && value['unit'] !== code) return false;
  }
  // A number asked for stands for the range its precision implies (R4 §3.1.1.4.7).
  const decimals = /\.(\d+)/.exec(amount ?? '')?.[1]?.length ?? 0;
  const half = 0.5 * 10 ** -decimals;
  switch (operator) {
    case 'ne':
      return has < wanted - half || has >= wanted + half;
    case 'gt':
    case 'sa':
      return has > wanted;
    case 'ge':
      return has >= wanted;
    case 'lt':
    case 'eb':
      return has < wanted;
    case 'le':
      return has <= wanted;
    case 'ap':
      return Math.abs(has - wanted) <= Math.abs(wanted) * 0.1;
    default:
      return has >= wanted - half && has < wanted + half;
  }
}

function matchesChain(resource: Stored, filter: Filter, resolve: Resolve): boolean {
  const dot = filter.code.indexOf('.');
  const [first = '', target] = filter.code.slice(0, dot).split(':');
  const parameter = searchParameter(resource.resourceType, first);
  if (parameter?.type !== 'reference')
    throw problem(400, 'not-supported', `The chain cannot start at ${resource.resourceType}?${first}.`);
  const rest = { ...filter, code: filter.code.slice(dot + 1) };
  return valuesOf(resource, parameter)
    .flatMap((value) => referenceStrings(value.value))
    .some((reference) => {
      const [type = '', id = ''] = reference.split('/');
      const found = target === undefined || target === type ? resolve(type, id) : undefined;
      return found !== undefined && matches(found, rest, resolve);
    });
}
