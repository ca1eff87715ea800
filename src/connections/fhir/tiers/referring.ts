/** References to what is no resource of its own in the chart: by our identifier alone, which names it all the same. Pure. */
import type { Resource } from '../../../core/ports.ts';
import { isObject } from '../json.ts';

export type Unplaced = {
  readonly resourceType: string;
  readonly artifact: string;
  /** `fullUrl` of the note that holds it. */
  readonly holder: string | undefined;
};

/** `unplaced` by `fullUrl`. A Provenance is of the note that holds it; a clinical reference to a note would mislead. */
export function referring(
  resource: Resource,
  unplaced: ReadonlyMap<string, Unplaced>,
  artifactSystem: string,
): Resource {
  if (unplaced.size === 0) return resource;
  const ofNote = resource.resourceType === 'Provenance';
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    const target = typeof value['reference'] === 'string' ? unplaced.get(value['reference']) : undefined;
    const { reference, ...rest } = value;
    const copy = Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, walk(inner)]));
    if (target === undefined) return reference === undefined ? copy : { reference, ...copy };
    if (ofNote && target.holder !== undefined) return { ...copy, reference: target.holder };
    return {
      type: target.resourceType,
      identifier: { system: artifactSystem, value: target.artifact },
      ...copy,
    };
  };
  return walk(resource) as Resource;
}
