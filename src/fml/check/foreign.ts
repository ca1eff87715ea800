/** Types of which another definition is at hand than the one that a map names. */
import type { TypeDef } from '../../definitions/types.ts';
import type { Library } from '../link.ts';
import type { MapText } from '../model.ts';

/** Without version, and without the release where it is the one that we know. */
const bare = (canonical: string): string =>
  (canonical.split('|', 1)[0] ?? canonical).replace(/^http:\/\/hl7\.org\/fhir\/(?:4\.0|R4)\//u, 'http://hl7.org/fhir/');

/**
 * Whether a name stands for a canonical that is not known, and is taken to be a type of the same name: R5's Appointment
 * where there is R4's. Its elements may be others.
 */
export function isOfAnotherRelease({ types }: Library, map: MapText, written: string): boolean {
  const structure =
    map.structures.find(({ alias }) => alias === written) ??
    map.structures.find(({ alias, url }) => alias === undefined && bare(url).endsWith(`/${written}`));
  if (structure === undefined) return false;
  const type = types.resolve(structure.url);
  return type !== undefined && !isDefinitionOf(type, structure.url);
}

/** Whether a type is the one that a canonical names, and not another of the same name. */
export const isDefinitionOf = ({ url }: TypeDef, canonical: string): boolean =>
  url === undefined || url === bare(canonical);
