/** `translate(x, map, output)` (fml.md §8). A code without a usable target stops the map: never a silent hole. */
import { isObject } from '../../../src/definitions/item.ts';
import type { ConceptMap, ConceptMapGroup } from '../../../src/fml/model.ts';
import { Fault } from './stopped.ts';
import type { Value } from './values.ts';

export type Coded = { readonly system?: string; readonly code?: string; readonly display?: string };

/** The target means the same as the source, or is wider: R4's names and R5's. Absent is related. */
const usable = new Set(['relatedto', 'equal', 'equivalent', 'wider', 'related-to', 'source-is-narrower-than-target']);

const text = (json: unknown): string | undefined => (typeof json === 'string' && json !== '' ? json : undefined);

const coded = (system: string | undefined, code: string | undefined, display?: string): Coded => ({
  ...(system === undefined ? {} : { system }),
  ...(code === undefined ? {} : { code }),
  ...(display === undefined ? {} : { display }),
});

/** A primitive is a code; of a CodeableConcept each coding is tried. CDA's CE has other names. */
function codesOf({ json }: Value): readonly Coded[] {
  if (!isObject(json)) return json === undefined ? [] : [{ code: String(json) }];
  const codings: readonly unknown[] = Array.isArray(json['coding']) ? json['coding'] : [json];
  return codings
    .filter(isObject)
    .map((coding) =>
      coded(text(coding['system']) ?? text(coding['codeSystem']), text(coding['code']), text(coding['display'])),
    );
}

/** Undefined when nothing is coded. */
export function translate(
  value: Value,
  canonical: string,
  find: (canonical: string) => ConceptMap | undefined,
  depth = 0,
): Coded | undefined {
  const map = find(canonical);
  if (map === undefined || depth > 5) throw new Fault('concept-map', `the ConceptMap ${canonical} is not known`);
  const codes = codesOf(value);
  const groupsFor = ({ system }: Coded): readonly ConceptMapGroup[] =>
    (map.group ?? []).filter((group) => system === undefined || group.source === undefined || group.source === system);
  // The first coding, and for it the first group, that has a usable target decides.
  for (const source of codes)
    for (const group of groupsFor(source)) {
      const targets = (group.element ?? [])
        .filter(({ code }) => code !== undefined && code === source.code)
        .flatMap(({ target = [] }) => target)
        .filter(
          ({ code, equivalence, relationship }) =>
            code !== undefined && usable.has(equivalence ?? relationship ?? 'relatedto'),
        );
      const [only, another] = targets;
      if (another !== undefined) throw new Fault('concept-map', `${canonical} has two targets for one code`);
      if (only !== undefined) return coded(group.target, only.code, only.display);
    }
  const [source] = codes;
  const words = isObject(value.json) ? text(value.json['text']) : undefined;
  if (source === undefined || (source.code ?? source.display ?? words) === undefined) return undefined;
  const listed = codes.some((each) =>
    groupsFor(each).some(({ element = [] }) => element.some(({ code }) => code === each.code)),
  );
  if (!listed && source.code !== undefined)
    for (const group of groupsFor(source)) {
      const instead = ofUnmapped(group, source, value, find, depth);
      if (instead !== undefined) return instead;
    }
  throw new Fault('unmapped-code', `no entry for the code in ${canonical}`);
}

function ofUnmapped(
  group: ConceptMapGroup,
  source: Coded,
  value: Value,
  find: (canonical: string) => ConceptMap | undefined,
  depth: number,
): Coded | undefined {
  switch (group.unmapped?.mode) {
    case 'provided':
      return coded(source.system ?? group.source, source.code, source.display);
    case 'fixed':
      return coded(group.target, group.unmapped.code, group.unmapped.display);
    case 'other-map':
      return group.unmapped.url === undefined ? undefined : translate(value, group.unmapped.url, find, depth + 1);
    case undefined:
    default:
      return undefined;
  }
}
