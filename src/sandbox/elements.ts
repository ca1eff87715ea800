/** Reading what every resource may carry, from data whose shape nothing has checked. */
import type { Resource } from '../core/ports.ts';

export type Token = { readonly system?: string; readonly value: string };

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const token = (item: unknown, element: string): Token[] => {
  if (!isRecord(item)) return [];
  const value = textOf(item[element]);
  const system = textOf(item['system']);
  return value === undefined ? [] : [{ value, ...(system === undefined ? {} : { system }) }];
};

/** Business identifiers, a DocumentReference's masterIdentifier included. */
export const identifiersOf = (resource: Resource): readonly Token[] =>
  [...listOf(resource['identifier']), ...listOf(resource['masterIdentifier'])].flatMap((item) => token(item, 'value'));

export const tagsOf = (resource: Resource): readonly Token[] => {
  const meta = resource['meta'];
  return isRecord(meta) ? listOf(meta['tag']).flatMap((item) => token(item, 'code')) : [];
};

/** Calls `visit` for every `reference` string in the tree, contained resources included. */
export function visitReferences(value: unknown, visit: (reference: string, path: string) => void, path = ''): void {
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      visitReferences(item, visit, `${path}[${i}]`);
    });
  } else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value)) {
      const here = path === '' ? name : `${path}.${name}`;
      if (name === 'reference' && typeof item === 'string') visit(item, here);
      else if (typeof item === 'object') visitReferences(item, visit, here);
    }
  }
}

/** `Type/id` of every literal reference, versions cut off; absolute ones as they are. */
export function referencesOf(resource: Resource): readonly string[] {
  const found: string[] = [];
  visitReferences(resource, (reference) => {
    if (!reference.startsWith('#')) found.push(reference.replace(/\/_history\/[^/]+$/, ''));
  });
  return found;
}
