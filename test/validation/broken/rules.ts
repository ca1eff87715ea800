/** Whether a rule still asks something of a resource after a change: a change may take an item out of a slice. */
import type { Definitions, Resource } from './definitions.ts';
import { placesOf, type Keys, type Place, type Rule } from './places.ts';

const sameRule = (a: Rule, b: Rule): boolean => a.structure.url === b.structure.url && a.element.id === b.element.id;

const placeAt = (places: readonly Place[], keys: Keys): Place | undefined =>
  places.find((each) => each.keys.join('/') === keys.join('/'));

/** Where a slice has too few, or an item is in none of a closed slicing. */
function missingSlice(places: readonly Place[]): string | undefined {
  for (const { path, slots } of places)
    for (const { name, slices, items, rule } of slots) {
      if (slices === undefined) continue;
      if (slices.some(({ slice, indexes }) => indexes.length < slice.min)) return `${path}.${name}`;
      const taken = new Set(slices.flatMap(({ indexes }) => indexes));
      const closed = rule.element.slicing?.rules === 'closed' && slices.length > 0;
      if (closed && items.some((_, index) => !taken.has(index))) return `${path}.${name}`;
    }
  return undefined;
}

/** Where a value that was changed against a rule is to be found broken; undefined when the changed resource is fine. */
export function whereBroken(
  definitions: Definitions,
  changedResource: Resource,
  keys: Keys,
  rule: Rule,
  path: string,
): string | undefined {
  const places = placesOf(definitions, changedResource);
  return placeAt(places, keys)?.rules.some((each) => sameRule(each, rule)) === true ? path : missingSlice(places);
}

/** The same for an element that was taken away from the object at `keys`. */
export function whereMissing(
  definitions: Definitions,
  changedResource: Resource,
  keys: Keys,
  rule: Rule,
  path: string,
): string | undefined {
  const places = placesOf(definitions, changedResource);
  return placeAt(places, keys)?.slots.some((each) => sameRule(each.rule, rule)) === true ? path : missingSlice(places);
}
