/** References to types that are not allowed, and into nothing. */
import { changed, type Break } from './break.ts';
import type { Definitions, Resource } from './definitions.ts';
import { codeOf, isObject, type Place } from './places.ts';

const candidates = ['Patient', 'Practitioner', 'Medication', 'Linkage', 'Account'];

export function* referenceBreaks(
  definitions: Definitions,
  resource: Resource,
  places: readonly Place[],
): Generator<Break> {
  for (const { keys, path, type, value, rules } of places) {
    if (type !== 'Reference' || !isObject(value)) continue;
    yield {
      kind: 'reference',
      what: 'contained resource that is not there',
      path,
      resource: changed(resource, keys, (target) => (target['reference'] = '#not-there')),
    };
    const written = value['reference'];
    if (typeof written !== 'string' || !/^(?:https?:.*\/)?[A-Z]\w+\/[\w.-]+$/u.test(written)) continue;
    for (const { element, structure } of rules) {
      const targets = (element.type ?? [])
        .filter((each) => codeOf(each) === 'Reference')
        .flatMap(({ targetProfile }) => targetProfile ?? []);
      const types = targets.map((url) => definitions.byUrl(url)?.type);
      if (types.length === 0 || types.includes(undefined) || types.includes('Resource')) continue;
      const wrong = candidates.find((candidate) => !types.includes(candidate));
      if (wrong === undefined) continue;
      yield {
        kind: 'reference',
        what: `${wrong} is no target of ${element.id} of ${structure.url}`,
        path,
        resource: changed(resource, keys, (target) => {
          target['reference'] = `${wrong}/x1`;
          delete target['type'];
        }),
      };
    }
  }
}
