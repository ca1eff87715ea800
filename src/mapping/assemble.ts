/**
 * Makes of the Bundle entries of all maps of one message what is filed: each with its artifact, a stable fullUrl,
 * references resolved, and in an order in which references point backwards.
 */
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { Mapped, Resource } from '../core/ports.ts';
import { isObject, type JsonObject } from '../definitions/item.ts';

export type Entry = {
  readonly resource: Resource;
  readonly merge: boolean;
  /** Of a merge: elements that are taken away where it does not set them. */
  readonly clears?: readonly string[];
  /** Derived of the facts of several records. */
  readonly shared?: true;
  /** Of a merge: what it merges into stands also when the record that wrote it last is voided. */
  readonly stays?: true;
  /** The map that made it, for messages. */
  readonly where: string;
};

const artifactScheme = '#artifact:';

const list = (json: unknown): readonly unknown[] => {
  if (json === undefined) return [];
  return Array.isArray(json) ? json : [json];
};

/** The value of our business identifier, or of our tag where a type has no identifier. */
function artifactOf(resource: Resource, system: string): string | undefined {
  for (const identifier of list(resource['identifier']))
    if (isObject(identifier) && identifier['system'] === system && typeof identifier['value'] === 'string')
      return identifier['value'];
  const meta = resource['meta'];
  for (const tag of list(isObject(meta) ? meta['tag'] : undefined))
    if (isObject(tag) && tag['system'] === system && typeof tag['code'] === 'string') return tag['code'];
  return undefined;
}

type Resolve = (reference: string) => string;

function resolved(json: unknown, resolve: Resolve): unknown {
  if (Array.isArray(json)) return json.map((item: unknown) => resolved(item, resolve));
  if (!isObject(json)) return json;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(json)) {
    const value = json[key];
    copy[key] =
      typeof value === 'object' && value !== null
        ? resolved(value, resolve)
        : key === 'reference' && typeof value === 'string'
          ? resolve(value)
          : value;
  }
  return copy;
}

/** First what is referred to, then what refers; otherwise the order of the maps. Undefined when they go in a circle. */
function ordered(
  mapped: readonly Mapped[],
  needs: ReadonlyMap<string, ReadonlySet<string>>,
): readonly Mapped[] | undefined {
  const byUrl = new Map(mapped.map((each) => [each.fullUrl, each]));
  const done = new Set<string>();
  const open = new Set<string>();
  const result: Mapped[] = [];
  const visit = (each: Mapped): boolean => {
    if (done.has(each.fullUrl)) return true;
    if (open.has(each.fullUrl)) return false;
    open.add(each.fullUrl);
    for (const url of needs.get(each.fullUrl) ?? []) {
      const needed = byUrl.get(url);
      if (needed !== undefined && needed !== each && !visit(needed)) return false;
    }
    done.add(each.fullUrl);
    result.push(each);
    return true;
  };
  return mapped.every(visit) ? result : undefined;
}

type Named = { entry: Entry; readonly artifact: string; readonly fullUrl: string };

/** `filed` holds also what other parts of the same message make, by their fullUrl. */
export type AssembleContext = {
  readonly programme: { readonly artifactSystem: string };
  readonly filed: Readonly<Record<string, string>>;
};

/** What is derived about a resource that the same message writes whole is written with it. */
export function assemble(
  entries: readonly Entry[],
  context: AssembleContext,
  uuidFor: (name: string) => string,
): Outcome<readonly Mapped[]> {
  const fullUrls = new Map<string, string>();
  const withArtifact: Named[] = [];
  for (const entry of entries) {
    const artifact = artifactOf(entry.resource, context.programme.artifactSystem);
    const where = `${entry.where} ${entry.resource.resourceType}`;
    if (artifact === undefined)
      return fail('mapping/failed', 'A resource carries no artifact identifier.', {
        issues: [
          { where, what: `an identifier (or meta.tag) with the system ${context.programme.artifactSystem} is missing` },
        ],
      });
    const before = withArtifact.find((each) => each.artifact === artifact);
    if (before !== undefined && entry.shared === true && entry.merge) {
      before.entry = { ...before.entry, resource: { ...before.entry.resource, ...entry.resource } };
      continue;
    }
    if (before !== undefined)
      return fail('mapping/failed', 'Two resources carry the same artifact identifier.', {
        issues: [{ where, what: `the artifact ${artifact} is made twice` }],
      });
    const fullUrl = `urn:uuid:${uuidFor(artifact)}`;
    fullUrls.set(artifact, fullUrl);
    withArtifact.push({ entry, artifact, fullUrl });
  }
  const urls = new Set(fullUrls.values());
  const needs = new Map<string, Set<string>>();
  const unknown: { where: string; what: string }[] = [];
  const dangling: { where: string; what: string }[] = [];
  const mapped = withArtifact.map(({ entry, artifact, fullUrl }): Mapped => {
    const own = new Set<string>();
    needs.set(fullUrl, own);
    const where = `${entry.where} ${entry.resource.resourceType}`;
    const resource = resolved(entry.resource, (reference) => {
      if (reference.startsWith(artifactScheme)) {
        const target = reference.slice(artifactScheme.length);
        const url = fullUrls.get(target);
        if (url !== undefined) own.add(url);
        const found = url ?? (Object.hasOwn(context.filed, target) ? context.filed[target] : undefined);
        if (found === undefined) unknown.push({ where, what: `it refers to ${target}, which has not been filed` });
        return found ?? reference;
      }
      if (reference.startsWith('urn:uuid:')) {
        if (urls.has(reference)) own.add(reference);
        else dangling.push({ where, what: 'a urn:uuid reference has no entry in this message' });
      }
      return reference;
    }) as JsonObject as Resource;
    const shared = entry.shared === true ? ({ shared: true } as const) : {};
    const clears = entry.merge && entry.clears !== undefined ? { clears: entry.clears } : {};
    const stays = entry.merge && entry.stays === true ? ({ stays: true } as const) : {};
    return { artifact, fullUrl, do: entry.merge ? 'merge' : 'put', resource, ...clears, ...stays, ...shared };
  });
  if (unknown.length > 0)
    return fail('match/unknown-reference', 'The activity refers to something that has not been filed.', {
      issues: unknown,
    });
  if (dangling.length > 0) return fail('mapping/failed', 'A reference leads nowhere.', { issues: dangling });
  const inOrder = ordered(mapped, needs);
  return inOrder === undefined
    ? fail('mapping/failed', 'The resources refer to each other in a circle.', {
        issues: [{ where: entries[0]?.where ?? '', what: 'references must not go in a circle' }],
      })
    : ok(inOrder);
}
