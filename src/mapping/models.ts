/** The types that maps may name: R4, the logical models of Tejido, and those of a site. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Definition, extractTypes, type TypeExtract } from '../definitions/extract.ts';
import { readR4Types, TypeTable } from '../definitions/types.ts';

const profiles = new URL('../../profiles/', import.meta.url);

let builtIn: readonly TypeExtract[] | undefined;

/** Read once: they do not change while a process runs. */
function builtInTypes(): readonly TypeExtract[] {
  builtIn ??= [
    readR4Types(),
    ...readdirSync(profiles)
      .filter((name) => name.startsWith('StructureDefinition-'))
      .toSorted()
      .map((name) => JSON.parse(readFileSync(new URL(name, profiles), 'utf8')) as Definition)
      .filter(({ kind }) => kind === 'logical')
      .map(extractTypes),
  ];
  return builtIn;
}

/** `more`: StructureDefinitions that lie beside the maps of a site. */
export const typesWith = (more: readonly Definition[]): TypeTable =>
  new TypeTable(...builtInTypes(), ...more.map(extractTypes));
