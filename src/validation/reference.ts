/** References by their text, and what of it is in the same resource or Bundle. */
import { Item, isObject, itemOf, type JsonObject } from '../definitions/item.ts';
import type { TypeTable } from '../definitions/types.ts';
import type { Around } from './run.ts';

export type Reference =
  | { readonly kind: 'contained'; readonly id: string }
  /** `local`: the type is said without a server, so that it must be one of R4. */
  | { readonly kind: 'typed'; readonly type: string; readonly local: boolean }
  | { readonly kind: 'opaque' };

const local = /^([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?|\?\S*)$/u;
const absolute = /^https?:\/\/\S*\/([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/u;
/** A type before what is no id of FHIR still says a type. */
const loose = /^([A-Z][A-Za-z]+)\//u;
const opaque = { kind: 'opaque' } as const;

export function readReference(text: string): Reference {
  if (text.startsWith('#')) return { kind: 'contained', id: text.slice(1) };
  if (text.startsWith('urn:')) return opaque;
  const own = local.exec(text)?.[1] ?? loose.exec(text)?.[1];
  if (own !== undefined) return { kind: 'typed', type: own, local: true };
  const other = absolute.exec(text)?.[1];
  return other === undefined ? opaque : { kind: 'typed', type: other, local: false };
}

/** A contained resource, one of the Bundle; of any other, no more than its type, when the reference says it. */
export function resolved(
  text: string,
  { root, bundle }: Pick<Around, 'root' | 'bundle'>,
  lookup: Lookup,
  types: TypeTable,
): Item | undefined {
  const reference = readReference(text);
  if (reference.kind === 'contained') return itemOf(types, lookup.contained(root, reference.id));
  const entry = lookup.entry(bundle, text);
  if (entry !== undefined) return itemOf(types, entry);
  if (reference.kind !== 'typed') return undefined;
  const type = types.get(reference.type);
  return type === undefined ? undefined : new Item({ resourceType: reference.type }, type);
}

/** What references lead to within one run: indexed when first asked for, since either list may be long. */
export class Lookup {
  private readonly byId = new Map<JsonObject, ReadonlyMap<unknown, JsonObject>>();
  private readonly byUrl = new Map<JsonObject, ReadonlyMap<string, JsonObject>>();

  /** Of what a resource contains, the one of this id. `#` alone is the resource itself. */
  contained(root: JsonObject, id: string): JsonObject | undefined {
    if (id === '') return root;
    const { contained } = root;
    if (!Array.isArray(contained)) return undefined;
    let known = this.byId.get(root);
    if (known === undefined) this.byId.set(root, (known = containedOf(contained)));
    return known.get(id);
  }

  /** The resource of a Bundle's entry by its fullUrl, or by the end of it. */
  entry(bundle: JsonObject | undefined, reference: string): JsonObject | undefined {
    if (bundle === undefined) return undefined;
    let known = this.byUrl.get(bundle);
    if (known === undefined) this.byUrl.set(bundle, (known = entriesOf(bundle)));
    return known.get(reference);
  }
}

/** Of two of one id, the first. */
const containedOf = (contained: readonly unknown[]): ReadonlyMap<unknown, JsonObject> =>
  new Map(
    contained
      .filter((each) => isObject(each))
      .toReversed()
      .map((each) => [each['id'], each]),
  );

/** By fullUrl and by its end (`Patient/1`). */
function entriesOf(bundle: JsonObject): ReadonlyMap<string, JsonObject> {
  const index = new Map<string, JsonObject>();
  const entries = bundle['entry'];
  for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
    if (!isObject(entry) || typeof entry['fullUrl'] !== 'string' || !isObject(entry['resource'])) continue;
    index.set(entry['fullUrl'], entry['resource']);
    const end = entry['fullUrl'].split('/').slice(-2).join('/');
    if (!index.has(end)) index.set(end, entry['resource']);
  }
  return index;
}
