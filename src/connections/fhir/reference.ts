/** References between resources: reading, resolving, and telling where one leads. Pure. */
import type { Resource } from '../../core/ports.ts';
import { isObject } from './json.ts';

/** `Type/id` of a resource that stands. */
export const referenceOf = (resource: Resource): string => `${resource.resourceType}/${resource.id ?? ''}`;

/** The id in `Type/id`. */
export const idIn = (reference: string): string => reference.slice(reference.indexOf('/') + 1);

/** Every `reference` inside, in the order in which they stand. */
export function referencesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'reference' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

/** The resource with references to entries already filed turned into `Type/id`. */
export function resolved<T>(value: T, filed: ReadonlyMap<string, string>): T {
  const walk = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(walk);
    if (!isObject(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([name, each]) => [
        name,
        name === 'reference' && typeof each === 'string' ? (filed.get(each) ?? each) : walk(each),
      ]),
    );
  };
  return walk(value) as T;
}

/** References that no server may be left to guess at: placeholders and searches (rows 11 and 12 of the measured behaviour). */
const isUnresolved = (reference: string): boolean => reference.startsWith('urn:') || /^[A-Za-z]+\?/.test(reference);

/** Does a resource still hold a placeholder or a conditional reference? */
export const hasUnresolved = (resource: Resource): boolean => referencesIn(resource).some(isUnresolved);

/** The patient a resource is about, as `Patient/…`. */
export function subjectOf(resource: Resource): string | undefined {
  for (const name of ['subject', 'patient', 'for']) {
    const value = resource[name];
    const reference = isObject(value) ? value['reference'] : undefined;
    if (typeof reference === 'string' && /(^|\/)Patient\/[^/]+$/.test(reference)) return reference;
  }
  return undefined;
}

/** `Type/id[/_history/version]`, absolute or relative. `other` when it names another type. */
export function readLocation(
  location: string | undefined,
  type: string,
): { readonly reference: string; readonly versionId?: string } | 'other' | undefined {
  const found =
    location === undefined
      ? null
      : /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([^/?#]+))?\/?$/.exec(location);
  if (found === null) return undefined;
  if (found[1] !== type) return 'other';
  return { reference: `${type}/${found[2] ?? ''}`, ...(found[3] === undefined ? {} : { versionId: found[3] }) };
}
