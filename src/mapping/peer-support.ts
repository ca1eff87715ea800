/** The key functions as the ConceptMaps of a set name them: the defaults of each activity type, and their codings. */
import { type FunctionDefaults, type FunctionTag, keyFunctions } from '../core/key-functions.ts';
import type { Resource } from '../core/ports.ts';
import type { ConceptMap } from '../fml/model.ts';

const canonical = 'https://tejido.dev/fhir/ConceptMap/';
const extensionUrl = 'https://tejido.dev/fhir/StructureDefinition/key-function';

export type PeerSupport = {
  readonly defaults: FunctionDefaults;
  /** The resource, saying what it was for. What an Encounter was for stands in its types. */
  readonly marked: (resource: Resource, functions: readonly FunctionTag[]) => Resource;
};

/** `key-function-default` has the defaults (a site changes them there), `key-function` the words. */
export function peerSupportOf(conceptMaps: readonly ConceptMap[]): PeerSupport {
  const elementsOf = (id: string) =>
    conceptMaps.filter(({ url }) => url === `${canonical}${id}`).flatMap(({ group }) => group ?? []);
  const byKind = new Map(
    elementsOf('key-function-default')
      .flatMap(({ element }) => element ?? [])
      .map(({ code = '', target }) => [code, (target ?? []).map((one) => one.code)] as const),
  );
  const codings = new Map(
    elementsOf('key-function').flatMap(({ target: system, element }) =>
      (element ?? []).flatMap(({ code, target }) =>
        (target ?? []).slice(0, 1).map((one) => [code, { system, code: one.code, display: one.display }] as const),
      ),
    ),
  );
  return {
    defaults: (kind) => keyFunctions.filter((code) => byKind.get(kind)?.includes(code) === true),
    marked: (resource, functions) => {
      const found = functions.flatMap(({ code }) => codings.get(code) ?? []);
      if (found.length === 0 || resource.resourceType === 'Encounter') return resource;
      const standing = Array.isArray(resource['extension']) ? (resource['extension'] as unknown[]) : [];
      const extension = found.map((valueCoding) => ({ url: extensionUrl, valueCoding }));
      return { ...resource, extension: [...standing, ...extension] };
    },
  };
}
