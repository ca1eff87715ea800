/** Our own maps as the checker sees them. */
import { readdirSync, readFileSync } from 'node:fs';
import { extractTypes } from '../../../src/definitions/extract.ts';
import { readR4Types, TypeTable } from '../../../src/definitions/types.ts';
import type { Library } from '../../../src/fml/link.ts';
import type { ConceptMap } from '../../../src/fml/model.ts';
import { readMap } from '../../../src/fml/text/read.ts';

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const models = readdirSync('profiles')
  .filter((name) => name.startsWith('StructureDefinition-'))
  .map((name) => json(`profiles/${name}`) as { kind: string })
  .filter(({ kind }) => kind === 'logical');

export const r4 = readR4Types();

export const types = new TypeTable(r4, ...models.map((model) => extractTypes(model)));

const files = readdirSync('mappings');

/** File name → text. */
export const ownMaps: ReadonlyMap<string, string> = new Map(
  files.filter((name) => name.endsWith('.fml')).map((name) => [name, readFileSync(`mappings/${name}`, 'utf8')]),
);

export const ownLibrary: Library = {
  types,
  maps: [...ownMaps].map(([name, text]) => readMap(text, name).map),
  conceptMaps: files
    .filter((name) => name.endsWith('.conceptmap.json'))
    .map((name) => json(`mappings/${name}`) as ConceptMap),
};

/** What `src/mapping` adds to FHIRPath. */
export const functions = { localTime: { min: 1, max: 2 } };
