/** Extensions that say nothing, too much, in a wrong place, or that must be understood and are not. */
import { changed, type Break } from './break.ts';
import type { Definitions, Resource, Structure } from './definitions.ts';
import { codeOf, isObject, type Place } from './places.ts';
import { sampleOf } from './samples.ts';

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The extension with a correct value, where it has but one of a type that we have samples of. */
function instanceOf({ url, elements }: Structure): unknown {
  const value = elements.get('Extension.value[x]');
  const [type, second] = value?.type ?? [];
  if (value?.max === '0' || type === undefined || second !== undefined || value?.binding?.strength === 'required')
    return undefined;
  const sample = sampleOf(codeOf(type));
  return sample === undefined || codeOf(type) === 'Reference'
    ? undefined
    : { url, [`value${upperFirst(codeOf(type))}`]: sample };
}

const unknown = 'https://example.org/StructureDefinition/unknown';

export function* extensionBreaks(
  definitions: Definitions,
  resource: Resource,
  places: readonly Place[],
): Generator<Break> {
  const add = ({ keys, path }: Place, name: string, what: string, extension: unknown): Break => ({
    kind: 'extension',
    what,
    path: `${path}.${name}`,
    resource: changed(resource, keys, (target) => {
      const list = target[name];
      target[name] = [...(Array.isArray(list) ? (list as unknown[]) : []), extension];
    }),
  });
  for (const place of places) {
    const { value, slots, type, keys } = place;
    if (!isObject(value) || !slots.some(({ name }) => name === 'extension')) continue;
    if (type === 'Extension' && 'extension' in value === Object.keys(value).some((key) => key.startsWith('value')))
      continue;
    if (type !== 'Extension') {
      yield add(place, 'extension', 'both value and extensions', {
        url: unknown,
        valueBoolean: true,
        extension: [{ url: 'a', valueBoolean: true }],
      });
      yield add(place, 'extension', 'neither value nor extensions', { url: unknown });
      yield add(place, 'extension', 'no url', { valueBoolean: true });
      yield add(place, 'extension', 'two values', { url: unknown, valueBoolean: true, valueString: 'x' });
      yield add(place, 'extension', 'a value of no type', { url: unknown, valueNothing: 'x' });
    }
    if (slots.some(({ name }) => name === 'modifierExtension'))
      yield add(place, 'modifierExtension', 'unknown modifier extension', { url: unknown, valueBoolean: true });
    else
      yield add(place, 'modifierExtension', 'modifier extension where there is none', {
        url: unknown,
        valueBoolean: true,
      });
    if (keys.length > 0) continue;
    let count = 0;
    for (const structure of definitions.extensions) {
      const elsewhere =
        // HL7 has let its own extensions stand in more places since R4.
        !structure.url.startsWith('http://hl7.org/fhir/StructureDefinition/') &&
        structure.context.length > 0 &&
        structure.context.every(
          (each) =>
            each.type === 'element' &&
            !/^(?:Element|Resource|DomainResource)$/u.test(each.expression) &&
            each.expression !== type,
        );
      const instance =
        elsewhere && structure.elements.get('Extension')?.['isModifier'] !== true ? instanceOf(structure) : undefined;
      if (instance !== undefined && (count += 1) % 12 === 1)
        yield add(place, 'extension', `${structure.url} does not belong in a ${type}`, instance);
    }
  }
}
