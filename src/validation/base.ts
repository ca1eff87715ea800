/** The R4 definitions for @medplum/core's validator: data types at once, a resource type when it is first needed. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { isDataTypeLoaded, loadDataType } from '@medplum/core';
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Terminology } from './terminology.ts';

const read = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));
const unpack = (bytes: Buffer): unknown => JSON.parse(gunzipSync(bytes).toString('utf8'));

export const readBaseTerminology = (): Terminology => unpack(read('r4-terminology.json.gz')) as Terminology;

export type Base = {
  /** Makes a resource type known to the validator; false when R4 has no such type. */
  readonly load: (resourceType: string) => boolean;
};

export function loadBase(): Base {
  for (const definition of unpack(read('r4-datatypes.json.gz')) as readonly StructureDefinition[])
    loadDataType(definition);
  const packed = JSON.parse(read('r4-resources.json').toString('utf8')) as Readonly<Record<string, string>>;
  const loaded = new Set<string>();
  const load = (resourceType: string): boolean => {
    if (loaded.has(resourceType)) return true;
    const definition = Object.hasOwn(packed, resourceType) ? packed[resourceType] : undefined;
    if (definition === undefined) return false;
    loadDataType(unpack(Buffer.from(definition, 'base64')) as StructureDefinition);
    loaded.add(resourceType);
    return isDataTypeLoaded(resourceType);
  };
  return { load };
}
