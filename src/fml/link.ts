/**
 * What the names of a map lead to: types, groups, ConceptMaps. The checker and the compiler share it, so that what one
 * accepts the other finds.
 */
import type { TypeDef, TypeTable } from '../definitions/types.ts';
import type { ConceptMap, Group, MapText } from './model.ts';

/** Everything that a map may refer to. */
export type Library = {
  readonly types: TypeTable;
  /** All maps that may be imported; the map itself may be among them. */
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
};

/** A group, and the map in which it stands: its names are looked up there. */
export type FoundGroup = { readonly map: MapText; readonly group: Group };

export type GroupLookup =
  | { readonly kind: 'found'; readonly found: FoundGroup }
  | { readonly kind: 'missing' }
  /** More than one, at home or in imports: an error where the group is used. */
  | { readonly kind: 'ambiguous'; readonly candidates: readonly FoundGroup[] };

export type DefaultGroup = FoundGroup & { readonly target: TypeDef };

export type DefaultGroupLookup =
  | { readonly kind: 'found'; readonly found: DefaultGroup }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly DefaultGroup[] };

const withoutVersion = (canonical: string): string => canonical.split('|', 1)[0] ?? canonical;
const lastPart = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/**
 * The type that a name means in a map: an alias of a `uses` line first, then the name of a type, then a canonical, then
 * HAPI's class name of a backbone element. A `uses` line whose canonical is not known gives way to the name itself
 * (`QuestionnaireReponse` is a common slip). Undefined when the type is not known.
 */
export function typeNamed({ types }: Library, map: MapText, written: string): TypeDef | undefined {
  const structure =
    map.structures.find(({ alias }) => alias === written) ??
    map.structures.find(({ alias, url }) => alias === undefined && lastPart(withoutVersion(url)) === written);
  return (
    (structure === undefined ? undefined : types.resolve(structure.url)) ??
    types.resolve(written) ??
    backboneNamed(types, written)
  );
}

const wordsOf = (name: string): readonly string[] =>
  name
    .split(/[._]|(?=[A-Z])/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());

/**
 * A backbone element by a class name that is not quite HAPI's: the same words in another order
 * (`Immunization_AppliedProtocol` is `Immunization.protocolApplied`), or the end of the path alone
 * (`QuestionnaireResponse_Answer`), when that is one element only.
 */
function backboneNamed(types: TypeTable, written: string): TypeDef | undefined {
  const [root = '', ...rest] = written.split(/[._]/u);
  if (rest.length === 0) return undefined;
  const tail = wordsOf(rest.join('_'));
  const inside = types.all().filter(({ name }) => name.startsWith(`${root}.`));
  const wordsAfterRoot = (name: string): readonly string[] => wordsOf(name.slice(root.length + 1));
  const asKey = (words: readonly string[]): string => words.toSorted().join(' ');
  const sameWords = inside.filter(({ name }) => asKey(wordsAfterRoot(name)) === asKey(tail));
  if (sameWords.length > 0) return sameWords.length === 1 ? sameWords[0] : undefined;
  const sameEnd = inside.filter(({ name }) => ` ${wordsAfterRoot(name).join(' ')}`.endsWith(` ${tail.join(' ')}`));
  return sameEnd.length === 1 ? sameEnd[0] : undefined;
}

const matcherOf = (canonical: string): ((url: string) => boolean) => {
  const [bare = ''] = canonical.split('|', 1);
  if (!bare.includes('*')) return (url) => url === bare;
  const pattern = new RegExp(
    `^${bare
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`))
      .join('.*')}$`,
    'u',
  );
  return (url) => pattern.test(url);
};

/** The maps that one `imports` line names: one, or (with `*`) any number. The map itself is not among them. */
export function mapsImportedBy({ maps }: Library, map: MapText, canonical: string): readonly MapText[] {
  const matches = matcherOf(canonical);
  return maps.filter((other) => other !== map && !(other.url === map.url && map.url !== '') && matches(other.url));
}

/** All maps that a map imports, each once, in the order of the library. */
export function importedMaps(library: Library, map: MapText): readonly MapText[] {
  const found = new Set(map.imports.flatMap(({ canonical }) => mapsImportedBy(library, map, canonical)));
  return library.maps.filter((other) => found.has(other));
}

/** A group by its name: the map's own first, then those of its imports (fml.md §6). */
export function findGroup(library: Library, map: MapText, name: string): GroupLookup {
  const within = (home: MapText): FoundGroup[] =>
    home.groups.filter((group) => group.name === name).map((group) => ({ map: home, group }));
  const own = within(map);
  return oneOf(own.length > 0 ? own : importedMaps(library, map).flatMap(within));
}

function oneOf<Found>(
  candidates: readonly Found[],
):
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly Found[] } {
  const [found] = candidates;
  if (found === undefined) return { kind: 'missing' };
  return candidates.length > 1 ? { kind: 'ambiguous', candidates } : { kind: 'found', found };
}

/**
 * The default group from a type to one of the types that an element takes; `offered` is undefined where the target is
 * open (any resource, plain JSON): then only `<<type+>>` groups are asked. Own groups win over imported ones (fml.md §6).
 */
export function findDefaultGroup(
  library: Library,
  map: MapText,
  from: TypeDef,
  offered: readonly TypeDef[] | undefined,
): DefaultGroupLookup {
  const within = (home: MapText): DefaultGroup[] =>
    home.groups.flatMap((group) => {
      if (group.typeMode === 'none' || (offered === undefined && group.typeMode !== 'type-and-types')) return [];
      const source = group.inputs.find(({ mode }) => mode === 'source')?.type;
      const target = group.inputs.find(({ mode }) => mode === 'target')?.type;
      if (source === undefined || target === undefined || typeNamed(library, home, source) !== from) return [];
      const type = typeNamed(library, home, target);
      return type !== undefined && (offered === undefined || offered.includes(type))
        ? [{ map: home, group, target: type }]
        : [];
    });
  const own = within(map);
  return oneOf(own.length > 0 ? own : importedMaps(library, map).flatMap(within));
}

/** The ConceptMap that `translate` names: `#id` in this map, `mapUrl#id` in another, or a canonical. */
export function findConceptMap(library: Library, map: MapText, written: string): ConceptMap | undefined {
  const canonical = withoutVersion(written);
  const hash = canonical.indexOf('#');
  if (hash >= 0) {
    const url = canonical.slice(0, hash);
    const id = canonical.slice(hash + 1);
    const home = url === '' || url === map.url ? map : library.maps.find((other) => other.url === url);
    const inline = home?.conceptMaps.find((conceptMap) => conceptMap.id === id);
    if (inline !== undefined) return inline;
  }
  return library.conceptMaps.find(({ url }) => url === canonical);
}
