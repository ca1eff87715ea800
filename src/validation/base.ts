/**
 * R4's own definitions as they are shipped: data types at once, a resource type when it is first needed,
 * extensions and profiles with the first of them.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { core, coreName, withoutVersion, type Definition } from './definition.ts';
import type { Definitions } from './knowledge.ts';
import type { Terminology } from './terminology.ts';

const read = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));
const unpack = (bytes: Buffer): unknown => JSON.parse(gunzipSync(bytes).toString('utf8'));

/** All of UCUM, by the name that HL7's terminology has for it since R4. */
const units = 'http://terminology.hl7.org/ValueSet/v3-UnitsOfMeasureCaseSensitive';

export function readBaseTerminology(): Terminology {
  const { codeSystems, valueSets } = unpack(read('r4-terminology.json.gz')) as Terminology;
  return { codeSystems, valueSets: { [units]: { include: [{ system: 'http://unitsofmeasure.org' }] }, ...valueSets } };
}

/** R4, and over it what is given: by canonical, with and without version. */
export function withBase(own: ReadonlyMap<string, Definition>): Definitions {
  const types = new Map(
    (unpack(read('r4-datatypes.json.gz')) as readonly Definition[]).map((each) => [each.url, each]),
  );
  let packed: Readonly<Record<string, string>> | undefined;
  let profiles: ReadonlyMap<string, Definition> | undefined;

  const base = (url: string): Definition | undefined => {
    const known = types.get(url);
    const name = coreName(url);
    if (known !== undefined || name === undefined) return known;
    packed ??= JSON.parse(read('r4-resources.json').toString('utf8')) as Readonly<Record<string, string>>;
    const resource = Object.hasOwn(packed, name) ? packed[name] : undefined;
    if (resource === undefined) {
      profiles ??= new Map(
        (unpack(read('r4-profiles.json.gz')) as readonly Definition[]).map((each) => [each.url, each]),
      );
      return profiles.get(url);
    }
    const definition = unpack(Buffer.from(resource, 'base64')) as Definition;
    types.set(url, definition);
    return definition;
  };

  return {
    byUrl: (canonical) => own.get(canonical) ?? own.get(withoutVersion(canonical)) ?? base(withoutVersion(canonical)),
    ofType: (type) => base(`${core}${type}`),
  };
}
