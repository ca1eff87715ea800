/** Takes a correct resource and breaks it in many single ways. */
import type { Break } from './break.ts';
import { cardinalityBreaks } from './cardinality.ts';
import { choiceBreaks } from './choices.ts';
import type { Definitions, Resource } from './definitions.ts';
import { extensionBreaks } from './extensions.ts';
import { placesOf } from './places.ts';
import { referenceBreaks } from './references.ts';
import { shapeBreaks } from './shape.ts';
import { valueBreaks } from './values.ts';
import { invariantBreaks } from './invariants.ts';

/** Each break differs from the correct resource in one thing; none makes the same copy as another. */
export function* breaksOf(definitions: Definitions, resource: Resource): Generator<Break> {
  const places = placesOf(definitions, resource);
  const seen = new Set([JSON.stringify(resource)]);
  const all = [
    cardinalityBreaks(definitions, resource, places),
    shapeBreaks(resource, places),
    choiceBreaks(definitions, resource, places),
    valueBreaks(definitions, resource, places),
    referenceBreaks(definitions, resource, places),
    extensionBreaks(definitions, resource, places),
    invariantBreaks(definitions, resource, places),
  ];
  for (const kind of all)
    for (const each of kind) {
      const text = JSON.stringify(each.resource);
      if (seen.has(text)) continue;
      seen.add(text);
      yield each;
    }
}
