/** The names of segments, fields and components (HL7 v2.8.2), read once from `schemas/hl7v2/`. */
import { readFileSync } from 'node:fs';

/** A field of a segment or a component of a data type. */
export type Part = { readonly name: string; readonly type: string; readonly repeats?: boolean };
/** By place, from 1 at index 0. `null`: has a name and is not read (social security numbers). */
export type Parts = readonly (Part | null)[];

const read = (file: string): ReadonlyMap<string, Parts> =>
  new Map(
    Object.entries(
      JSON.parse(readFileSync(new URL(`../../schemas/hl7v2/${file}`, import.meta.url), 'utf8')) as Readonly<
        Record<string, Parts>
      >,
    ),
  );

const segments = read('segments.json');
const dataTypes = read('datatypes.json');

/** Undefined of segments that Tejido does not read. */
export const fieldsOf = (segment: string): Parts | undefined => segments.get(segment);

/** Undefined of primitive and unknown types. */
export const componentsOf = (dataType: string): Parts | undefined => dataTypes.get(dataType);
