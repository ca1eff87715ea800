/** Whether a ConceptMap has an answer for a code by now: what waited for one may go on. */
import type { UnmappedCode } from '../core/ports.ts';
import type { ConceptMap, MapText } from '../fml/model.ts';
import { isUsable } from '../fml/run/translate.ts';
import { labCodeMap } from './lab.ts';

type Known = { readonly maps: readonly MapText[]; readonly conceptMaps: readonly ConceptMap[] };

function find({ maps, conceptMaps }: Known, canonical: string): ConceptMap | undefined {
  const hash = canonical.indexOf('#');
  if (hash < 0) return conceptMaps.find(({ url }) => url === canonical);
  const [home, id] = [canonical.slice(0, hash), canonical.slice(hash + 1)];
  return maps.find(({ url }) => url === home)?.conceptMaps.find((each) => each.id === id);
}

/**
 * A message is held until the code is listed with a target, or the ConceptMap gets a policy for codes that are not. What
 * a policy was applied to counts as answered only when the code itself is listed; so does what `labs.unmappedCodes` held.
 */
export function answers(known: Known, { conceptMap, system, code, policy }: UnmappedCode, depth = 0): boolean {
  const map = find(known, conceptMap);
  if (map === undefined || depth > 5) return false;
  const groups = (map.group ?? []).filter(
    ({ source }) => system === undefined || source === undefined || source === system,
  );
  const elements = groups.flatMap(({ element }) => (element ?? []).filter((each) => each.code === code));
  if (elements.length > 0) return elements.some(({ target }) => (target ?? []).some(isUsable));
  return groups.some(({ unmapped }) => {
    if (unmapped?.mode === 'other-map')
      return answers(
        known,
        { conceptMap: unmapped.url ?? '', code, policy, ...(system === undefined ? {} : { system }) },
        depth + 1,
      );
    return policy === 'hold' && unmapped !== undefined && conceptMap !== labCodeMap;
  });
}
