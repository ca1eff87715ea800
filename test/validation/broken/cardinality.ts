/** Too few and too many: of elements, and of the items of a slice. */
import { changed, type Break } from './break.ts';
import type { Definitions, Resource } from './definitions.ts';
import { codeOf, type Place } from './places.ts';
import { whereMissing } from './rules.ts';
import { sampleOf } from './samples.ts';

export function* cardinalityBreaks(
  definitions: Definitions,
  resource: Resource,
  places: readonly Place[],
): Generator<Break> {
  for (const { keys, path, slots } of places)
    for (const { rule, name, choice, key, items, slices } of slots) {
      const { element, structure } = rule;
      const at = `${path}.${name}`;
      const by = `${element.id} of ${structure.url}`;
      const make = (what: string, change: (target: Record<string, unknown>) => void): Break => ({
        kind: 'cardinality',
        what,
        path: at,
        resource: changed(resource, keys, change),
      });
      if (key === undefined) {
        // What a profile takes away must not be there.
        const type = element.type?.[0];
        const sample = element.max === '0' && type !== undefined ? sampleOf(codeOf(type)) : undefined;
        if (sample !== undefined && !choice)
          yield make(`prohibited ${by}`, (target) => {
            target[name] = (element.base?.max ?? '1') === '1' ? sample : [sample];
          });
        continue;
      }
      const many = (list: unknown): unknown[] => (Array.isArray(list) ? (list as unknown[]) : []);
      const without = (target: Record<string, unknown>, indexes: readonly number[]): void => {
        const left = many(target[key]).filter((_, index) => !indexes.includes(index));
        delete target[`_${key}`];
        if (left.length > 0) target[key] = left;
        else delete target[key];
      };
      if (element.min > 0) {
        const dropped = make(`drop ${by}`, (target) => {
          if (element.min === 1 || !Array.isArray(target[key])) without(target, items.keys().toArray());
          else
            without(
              target,
              items
                .keys()
                .toArray()
                .slice(element.min - 1),
            );
        });
        const where = whereMissing(definitions, dropped.resource, keys, rule, at);
        if (where !== undefined) yield { ...dropped, path: where };
      }
      const json = keys.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], resource);
      const value = (json as Record<string, unknown>)[key];
      if (!Array.isArray(value)) yield make(`list for the single ${by}`, (target) => (target[key] = [target[key]]));
      else {
        yield make(`single value for the list ${by}`, (target) => (target[key] = many(target[key])[0]));
        const max = element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max);
        if (max < 10)
          yield make(`more than ${element.max} of ${by}`, (target) => {
            const list = many(target[key]);
            target[key] = [...list, ...Array.from({ length: max + 1 - list.length }, () => structuredClone(list[0]))];
          });
      }
      for (const { slice, indexes } of slices ?? []) {
        if (slice.min > 0 && indexes.length > 0 && Array.isArray(value))
          yield make(`drop the slice ${slice.id} of ${structure.url}`, (target) =>
            without(target, indexes.slice(slice.min - 1)),
          );
        const max = slice.max === '*' ? Number.POSITIVE_INFINITY : Number(slice.max);
        const [first] = indexes;
        if (Array.isArray(value) && first !== undefined && max < 10)
          yield make(`more than ${slice.max} of the slice ${slice.id} of ${structure.url}`, (target) => {
            const list = many(target[key]);
            target[key] = [
              ...list,
              ...Array.from({ length: max + 1 - indexes.length }, () => structuredClone(list[first])),
            ];
          });
      }
    }
}
