/** Comparing what stands with what should stand, and laying one over the other. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../../core/ports.ts';
import { identifiersOf } from './identity.ts';
import { isObject } from './json.ts';
import type { Json } from './json.ts';

/** Top-level elements that we answer for. `identifier` and `meta` are shared with others and only ever added to. */
export const ownedElements = (resource: Resource): readonly string[] =>
  Object.keys(resource).filter((name) => !['resourceType', 'id', 'meta'].includes(name));

/**
 * The resource as it should stand: our elements replace theirs, elements we set earlier and no longer set are taken
 * away, and everything that others added stays.
 */
export function overlay(current: Resource, ours: Resource, ownedBefore: readonly string[] = []): Resource {
  const result: Record<string, unknown> = { ...current };
  for (const name of ownedBefore) {
    if (name in ours || name === 'identifier' || name === 'resourceType' || name === 'id' || name === 'meta') continue;
    delete result[name];
    delete result[`_${name}`];
  }
  for (const [name, value] of Object.entries(ours)) {
    if (name === 'id' || name === 'meta' || name === 'identifier' || value === undefined) continue;
    if (name === 'status' && isTakenUp(current, value)) continue;
    // R4 choice elements: value[x] of another type may not stand beside ours.
    for (const other of rivals(name, result)) delete result[other];
    result[name] = value;
  }
  const identifier = unite(current, ours);
  if (identifier !== undefined) result['identifier'] = identifier;
  const meta = mergedMeta(current['meta'], ours['meta']);
  if (meta !== undefined) result['meta'] = meta;
  return result as Resource;
}

const asked: ReadonlySet<unknown> = new Set(['draft', 'requested', 'ready']);
const taken: ReadonlySet<unknown> = new Set(['accepted', 'in-progress', 'on-hold', 'completed', 'rejected', 'failed']);

/** Asking again (an edited record) takes nobody's work back: the progress of a Task is its owner's. */
const isTakenUp = (current: Resource, wanted: unknown): boolean =>
  current.resourceType === 'Task' && asked.has(wanted) && taken.has(current['status']);

const choices = [
  'value',
  'effective',
  'onset',
  'abatement',
  'occurrence',
  'performed',
  'due',
  'statusReason',
  'medication',
  'multipleBirth',
  'deceased',
  'occurred',
];

function rivals(name: string, among: Json): readonly string[] {
  const stem = choices.find((choice) => name.startsWith(choice) && /^[A-Z]/.test(name.slice(choice.length)));
  if (stem === undefined) return [];
  return Object.keys(among).filter((other) => {
    const bare = other.startsWith('_') ? other.slice(1) : other;
    return bare !== name && bare.startsWith(stem) && /^[A-Z]/.test(bare.slice(stem.length));
  });
}

function unite(current: Resource, ours: Resource): unknown {
  if (ours['identifier'] === undefined) return current['identifier'];
  if (isObject(ours['identifier'])) return ours['identifier'];
  const same = (a: Json, b: Json): boolean => a['system'] === b['system'] && a['value'] === b['value'];
  const mine = identifiersOf(ours);
  const theirs = identifiersOf(current);
  return [
    ...theirs.map((each) => mine.find((one) => same(one, each)) ?? each),
    ...mine.filter((one) => !theirs.some((each) => same(one, each))),
  ];
}

/** The server's own version and times stay out: they are its to set. */
function mergedMeta(current: unknown, ours: unknown): Json | undefined {
  const theirs = isObject(current) ? current : {};
  const mine = isObject(ours) ? ours : {};
  const merged: Record<string, unknown> = { ...theirs };
  for (const name of ['versionId', 'lastUpdated']) delete merged[name];
  for (const name of ['profile', 'tag', 'security']) {
    const all = [...list(theirs[name])];
    for (const each of list(mine[name])) {
      if (!all.some((known) => isDeepStrictEqual(codingKey(known), codingKey(each)))) all.push(each);
    }
    if (all.length > 0) merged[name] = all;
  }
  if (mine['source'] !== undefined && merged['source'] === undefined) merged['source'] = mine['source'];
  return Object.keys(merged).length === 0 ? undefined : merged;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const codingKey = (value: unknown): unknown => (isObject(value) ? [value['system'], value['code']] : value);

/** A resource without what a server sets by itself, its references relative to `baseUrl`: ready to compare. */
function comparable(resource: Resource, baseUrl: string, rename: ReadonlyMap<string, string> = new Map()): unknown {
  const { id: _id, meta, ...rest } = resource;
  const kept = mergedMeta(meta, undefined);
  if (kept !== undefined) for (const name of ['source', 'extension']) delete (kept as Record<string, unknown>)[name];
  const shown = normal(rest, baseUrl, rename);
  return kept === undefined || Object.keys(kept).length === 0 ? shown : { ...(shown as Json), meta: kept };
}

function normal(value: unknown, baseUrl: string, rename: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => normal(each, baseUrl, rename));
  if (!isObject(value)) return value;
  const shown: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (name === 'reference' && typeof inner === 'string') {
      const relative = inner.startsWith(`${baseUrl}/`) ? inner.slice(baseUrl.length + 1) : inner;
      const bare = relative.replace(/\/_history\/.*$/, '');
      shown[name] = rename.get(bare) ?? bare;
    } else shown[name] = normal(inner, baseUrl, rename);
  }
  return shown;
}

/** Does it stand already as it should? Then nothing is written: a write that changes nothing may still raise a version. */
export const sameContent = (
  one: Resource,
  other: Resource,
  baseUrl: string,
  rename?: ReadonlyMap<string, string>,
): boolean => isDeepStrictEqual(comparable(one, baseUrl, rename), comparable(other, baseUrl, rename));
