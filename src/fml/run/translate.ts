/**
 * `translate(x, map, output)` by ConceptMaps (fml.md §8), which are turned into tables of codes when a map is compiled.
 * A code without a match is told: it stops the map, or what the ConceptMap's policy did about it is recorded.
 */
import { isObject, type Item } from '../../definitions/item.ts';
import type { ConceptMap, ConceptMapGroup, ConceptMapTarget } from '../model.ts';
import { isPrimitive } from './primitive.ts';
import { Fault, type Unmapped } from './fault.ts';

export type Coded = {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
  readonly text?: string;
};

/** What comes out: a code of the target system, or (by policy) the words of the source. */
export type Translation = Coded & { readonly policy?: Unmapped['policy'] };

type Entry = { readonly group: ConceptMapGroup; readonly targets: readonly Coded[] };

export type ConceptTable = {
  /** As the map names it, for messages. */
  readonly name: string;
  readonly byCode: ReadonlyMap<string, readonly Entry[]>;
  readonly groups: readonly ConceptMapGroup[];
  /** The ConceptMap that `unmapped.mode = other-map` names. */
  readonly other: (url: string) => ConceptTable | undefined;
};

/** `unmapped` of a group: keep the words of the source as text, without coding. */
const policyExtension = 'https://tejido.dev/fhir/StructureDefinition/unmapped-policy';

/** R4 equivalences under which the target may be written (the target is the same or wider); R5 in the same set. */
const usable = new Set(['relatedto', 'equal', 'equivalent', 'wider', 'related-to', 'source-is-narrower-than-target']);

/** Whether `translate` may write this target of a ConceptMap (fml.md §8). */
export const isUsable = ({ code, equivalence, relationship }: ConceptMapTarget): boolean =>
  code !== undefined && usable.has(equivalence ?? relationship ?? 'relatedto');

export function conceptTable(name: string, map: ConceptMap, other: ConceptTable['other']): ConceptTable {
  const byCode = new Map<string, Entry[]>();
  for (const group of map.group ?? [])
    for (const { code, target } of group.element ?? []) {
      if (code === undefined) continue;
      const targets = (target ?? []).flatMap((each) =>
        isUsable(each) ? [coded(group.target, each.code, each.display)] : [],
      );
      const entries = byCode.get(code) ?? [];
      const standing = entries.findIndex((entry) => entry.group === group);
      if (standing < 0) entries.push({ group, targets });
      else entries[standing] = { group, targets: [...(entries[standing]?.targets ?? []), ...targets] };
      byCode.set(code, entries);
    }
  return { name, byCode, groups: map.group ?? [], other };
}

function coded(system: string | undefined, code: string | undefined, display: string | undefined): Coded {
  return {
    ...(system === undefined ? {} : { system }),
    ...(code === undefined ? {} : { code }),
    ...(display === undefined ? {} : { display }),
  };
}

const text = (json: unknown): string | undefined =>
  typeof json === 'string' && json !== '' ? json : typeof json === 'number' ? String(json) : undefined;

/** The codes of a primitive, Coding (or CDA's CE), Quantity or CodeableConcept. */
function codesOf({ json }: Item): { readonly codes: readonly Coded[]; readonly text: string | undefined } {
  if (!isObject(json)) return { codes: isPrimitive(json) ? [{ code: String(json) }] : [], text: undefined };
  const list: readonly unknown[] = Array.isArray(json['coding']) ? json['coding'] : [json];
  return {
    codes: list.flatMap((each) =>
      isObject(each)
        ? [
            coded(
              text(each['system']) ?? text(each['codeSystem']),
              text(each['code']),
              text(each['display']) ?? text(each['displayName']),
            ),
          ]
        : [],
    ),
    text: text(json['text']),
  };
}

const fitsGroup = (source: Coded, group: ConceptMapGroup): boolean =>
  source.system === undefined || group.source === undefined || group.source === source.system;

type Match = { readonly found?: Coded; readonly listed: boolean };

/** Groups may differ in their target system: the first that has a usable target for the code decides. */
function matchOf(table: ConceptTable, source: Coded): Match {
  let listed = false;
  for (const { group, targets } of (source.code === undefined ? undefined : table.byCode.get(source.code)) ?? []) {
    if (!fitsGroup(source, group)) continue;
    listed = true;
    const [found, second] = targets;
    if (second !== undefined)
      throw new Fault('concept-map', `the ConceptMap ${table.name} has two targets for one code`, {
        advice: 'Leave one of them, or give the others another relation',
        value: source,
      });
    if (found !== undefined) return { found, listed };
  }
  return { listed };
}

/** Throws a Fault `unmapped-code` when no policy says otherwise. Undefined when nothing was coded. */
export function translate(item: Item, table: ConceptTable, depth = 0): Translation | undefined {
  const { codes, text: words } = codesOf(item);
  let listed = false;
  for (const code of codes) {
    const match = matchOf(table, code);
    if (match.found !== undefined) return match.found;
    listed ||= match.listed;
  }
  const [source] = codes;
  if (source === undefined || (source.code === undefined && source.display === undefined && words === undefined))
    return undefined;
  if (!listed && source.code !== undefined) {
    const instead = byPolicy(item, source, words, table, depth);
    if (instead !== undefined) return instead;
  }
  throw new Fault(
    'unmapped-code',
    listed
      ? `the ConceptMap ${table.name} lists the code without a target that may be used`
      : `the ConceptMap ${table.name} has no entry for the code`,
    {
      advice: 'Add it to the ConceptMap, or say there what is to be done with codes it does not list',
      unmapped: unmappedOf(table, source, words),
    },
  );
}

export const unmappedOf = (table: ConceptTable, source: Coded, words?: string): Omit<Unmapped, 'policy' | 'where'> => ({
  conceptMap: table.name,
  ...coded(source.system, source.code, source.display ?? words),
});

/** What was looked up, for the record. */
export const sourceOf = (item: Item, table: ConceptTable): Omit<Unmapped, 'policy' | 'where'> => {
  const { codes, text: words } = codesOf(item);
  return unmappedOf(table, codes[0] ?? {}, words);
};

function byPolicy(
  item: Item,
  source: Coded,
  words: string | undefined,
  table: ConceptTable,
  depth: number,
): Translation | undefined {
  for (const group of table.groups) {
    const { unmapped } = group;
    if (unmapped === undefined || !fitsGroup(source, group)) continue;
    const extensions = (unmapped as { extension?: readonly { url?: string; valueCode?: string }[] }).extension ?? [];
    if (extensions.some(({ url, valueCode }) => url === policyExtension && valueCode === 'text'))
      return { text: source.display ?? words ?? source.code ?? '', policy: 'text' };
    if (unmapped.mode === 'provided')
      return { ...coded(source.system ?? group.source, source.code, source.display), policy: 'provided' };
    if (unmapped.mode === 'fixed') return { ...coded(group.target, unmapped.code, unmapped.display), policy: 'fixed' };
    if (unmapped.mode === 'other-map' && unmapped.url !== undefined) {
      const other = depth < 5 ? table.other(unmapped.url) : undefined;
      if (other === undefined)
        throw new Fault('concept-map', `the ConceptMap ${unmapped.url}, which ${table.name} refers to, is not known`);
      const found = translate(item, other, depth + 1);
      return found === undefined ? undefined : { ...found, policy: found.policy ?? 'other-map' };
    }
  }
  return undefined;
}
