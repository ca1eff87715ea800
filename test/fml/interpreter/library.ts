/** What the names of a map lead to (fml.md §1, §6, §8): types, groups, default groups, ConceptMaps. */
import type { TypeDef, TypeTable } from '../../../src/definitions/types.ts';
import type { ConceptMap, Group, MapText } from '../../../src/fml/model.ts';
import { Fault } from './stopped.ts';

export type Library = {
  readonly types: TypeTable;
  /** All maps that may be imported. */
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
};

export type FoundGroup = { readonly map: MapText; readonly group: Group };

const lastPart = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** The words of a backbone element's name, in any order: HAPI says AppliedProtocol for protocolApplied. */
const wordsOf = (name: string): string =>
  name
    .split(/[._]|(?=[A-Z])/u)
    .map((word) => word.toLowerCase())
    .toSorted()
    .join(' ');

/** An alias, else a type by name, canonical or HAPI's class name. */
export function typeNamed({ types }: Library, map: MapText, written: string): TypeDef | undefined {
  const structure =
    map.structures.find(({ alias }) => alias === written) ??
    map.structures.find(({ alias, url }) => alias === undefined && lastPart(url) === written);
  const byUse = structure === undefined ? undefined : types.resolve(structure.url);
  return byUse ?? types.resolve(written) ?? backboneNamed(types, written);
}

function backboneNamed(types: TypeTable, written: string): TypeDef | undefined {
  const root = written.split(/[._]/u, 1)[0] ?? '';
  const candidates = types
    .all()
    .filter(({ name }) => name.startsWith(`${root}.`) && wordsOf(name) === wordsOf(written));
  return candidates.length === 1 ? candidates[0] : undefined;
}

function imported({ maps }: Library, map: MapText): readonly MapText[] {
  const fits = (url: string, canonical: string): boolean => {
    const parts = canonical.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`, 'u').test(url);
  };
  return maps.filter(
    (other) => other.url !== map.url && map.imports.some(({ canonical }) => fits(other.url, canonical)),
  );
}

/** Own groups win over imported ones; two of the same rank are an error when the name is used. */
export function groupNamed(library: Library, map: MapText, name: string): FoundGroup {
  const within = (home: MapText): readonly FoundGroup[] =>
    home.groups.filter((group) => group.name === name).map((group) => ({ map: home, group }));
  const own = within(map);
  const [only, another] = own.length > 0 ? own : imported(library, map).flatMap(within);
  if (only === undefined) throw new Fault('group', `no group ${name} here or in an imported map`);
  if (another !== undefined) throw new Fault('group', `two groups ${name}`);
  return only;
}

/** The default group from a type to one of those offered; nothing offered: to whatever a `<<type+>>` group makes. */
export function defaultGroup(
  library: Library,
  map: MapText,
  from: TypeDef,
  offered: readonly TypeDef[] | undefined,
): (FoundGroup & { readonly type: TypeDef }) | undefined {
  const within = (home: MapText): readonly (FoundGroup & { readonly type: TypeDef })[] =>
    home.groups.flatMap((group) => {
      const [source, target] = (['source', 'target'] as const).map((wanted) => {
        const written = group.inputs.find(({ mode }) => mode === wanted)?.type;
        return written === undefined ? undefined : typeNamed(library, home, written);
      });
      if (group.typeMode === 'none' || source !== from || target === undefined) return [];
      const fits = offered === undefined ? group.typeMode === 'type-and-types' : offered.includes(target);
      return fits ? [{ map: home, group, type: target }] : [];
    });
  const own = within(map);
  const [only, another] = own.length > 0 ? own : imported(library, map).flatMap(within);
  if (another !== undefined) throw new Fault('group', `two default groups for ${from.name}`);
  return only;
}

/** `#id` in this map, `mapUrl#id` in another, or a canonical. */
export function conceptMapOf({ maps, conceptMaps }: Library, map: MapText, written: string): ConceptMap | undefined {
  const [url = '', id] = written.split('#', 2);
  const home = url === '' || url === map.url ? map : maps.find((other) => other.url === url);
  const inline = id === undefined ? undefined : home?.conceptMaps.find((conceptMap) => conceptMap.id === id);
  return inline ?? conceptMaps.find((conceptMap) => conceptMap.url === written.split('|', 1)[0]);
}
