/** Choice types: two at once, one that the profile or R4 does not allow. */
import { changed, type Break } from './break.ts';
import type { Definitions, Resource } from './definitions.ts';
import { codeOf, type Place } from './places.ts';
import { sampleOf } from './samples.ts';

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function* choiceBreaks(
  definitions: Definitions,
  resource: Resource,
  places: readonly Place[],
): Generator<Break> {
  for (const { keys, path, slots } of places)
    for (const { rule, name, choice, key } of slots) {
      if (!choice || key === undefined) continue;
      const { element, structure } = rule;
      const allowed = (element.type ?? []).map(codeOf);
      const by = `${element.id} of ${structure.url}`;
      const at = `${path}.${name}`;
      const base = definitions.ofType(structure.type)?.elements.get(element.path);
      const known = (base?.type ?? element.type ?? []).map(codeOf);
      const other = known.find((code) => sampleOf(code) !== undefined && name + upperFirst(code) !== key);
      if (other !== undefined)
        yield {
          kind: 'choice',
          what: `two types at once for ${by}`,
          path: at,
          resource: changed(resource, keys, (target) => (target[name + upperFirst(other)] = sampleOf(other))),
        };
      for (const type of [...known, 'Attachment', 'markdown']) {
        const sample = allowed.includes(type) ? undefined : sampleOf(type);
        if (sample === undefined) continue;
        yield {
          kind: 'choice',
          what: `${type} is not allowed for ${by}`,
          path: at,
          resource: changed(resource, keys, (target) => {
            delete target[key];
            delete target[`_${key}`];
            target[name + upperFirst(type)] = sample;
          }),
        };
      }
    }
}
