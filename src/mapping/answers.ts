/** Whether a ConceptMap has an answer for a code by now: what waited for one may go on. */
import type { UnmappedCode } from '../core/ports.ts';
import type { ConceptMap } from './model.ts';

const noTarget = new Set(['unmatched', 'disjoint', 'not-related-to']);

/**
 * A message is held until the code is listed with a target, or the ConceptMap gets a policy for codes that are not. What
 * a policy was applied to counts as answered only when the code itself is listed.
 */
export function answers(
  conceptMaps: readonly ConceptMap[],
  { conceptMap, system, code, policy }: UnmappedCode,
  depth = 0,
): boolean {
  const map = conceptMaps.find(({ url }) => url === conceptMap);
  if (map === undefined || depth > 5) return false;
  const groups = (map.group ?? []).filter(
    ({ source }) => system === undefined || source === undefined || source === system,
  );
  const elements = groups.flatMap(({ element }) => (element ?? []).filter((each) => each.code === code));
  if (elements.length > 0)
    return elements.some(({ target }) =>
      (target ?? []).some(
        (each) => each.code !== undefined && !noTarget.has(each.equivalence ?? each.relationship ?? ''),
      ),
    );
  return groups.some(({ unmapped }) => {
    if (unmapped?.mode === 'other-map')
      return answers(
        conceptMaps,
        { conceptMap: unmapped.url ?? '', code, policy, ...(system === undefined ? {} : { system }) },
        depth + 1,
      );
    return policy === 'hold' && unmapped !== undefined;
  });
}
