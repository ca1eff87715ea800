/** `translate(x, map, output)` by R4 ConceptMaps. A code without a match is a failure, never a silent hole. */
import type { ConceptMap, ConceptMapGroup } from './model.ts';
import { isObject, type Value } from './value.ts';
import type { UnmappedCode as Unmapped } from '../core/ports.ts';

/** No usable entry in the ConceptMap, which is named; the code is not, for it may be the patient's. */
export class UnmappedCode extends Error {
  readonly unmapped: Unmapped | undefined;
  constructor(message: string, unmapped?: Unmapped) {
    super(message);
    this.unmapped = unmapped;
  }
}

/** The ConceptMap is missing, or says two things at once. */
export class ConceptMapFault extends Error {}

export type Coded = { readonly system?: string; readonly code?: string; readonly display?: string };

/** R4 equivalences under which the target may be written (fml.md: the target is the same or wider); R5 in the same set. */
const usable = new Set(['relatedto', 'equal', 'equivalent', 'wider', 'related-to', 'source-is-narrower-than-target']);

const text = (json: unknown): string | undefined => (typeof json === 'string' && json !== '' ? json : undefined);

const codedOf = ({ json }: Value): Coded => {
  if (!isObject(json)) return { code: String(json) };
  const coding: unknown = Array.isArray(json['coding']) ? json['coding'][0] : json;
  if (!isObject(coding)) return {};
  const [system, code] = [text(coding['system']), text(coding['code'])];
  return { ...(system === undefined ? {} : { system }), ...(code === undefined ? {} : { code }) };
};

const targetOf = (group: ConceptMapGroup, { code, display }: Coded): Coded => ({
  ...(group.target === undefined ? {} : { system: group.target }),
  ...(code === undefined ? {} : { code }),
  ...(display === undefined ? {} : { display }),
});

const unmapped = (group: ConceptMapGroup, source: Coded): Coded | string | undefined => {
  const policy = group.unmapped;
  if (policy?.mode === 'provided') return source;
  if (policy?.mode === 'fixed') return targetOf(group, policy);
  return policy?.mode === 'other-map' ? policy.url : undefined;
};

/** Throws `UnmappedCode` or `ConceptMapFault`. `find` gives the ConceptMap of a canonical or `#id`. */
export function translate(
  value: Value,
  canonical: string,
  find: (canonical: string) => ConceptMap | undefined,
  depth = 0,
): Coded {
  const map = find(canonical);
  if (map === undefined || depth > 5) throw new ConceptMapFault(`the ConceptMap ${canonical} is not known`);
  const source = codedOf(value);
  const groups = (map.group ?? []).filter(
    (group) => source.system === undefined || group.source === undefined || group.source === source.system,
  );
  let listed = false;
  // Groups may differ in their target system: the first that lists the code decides.
  for (const group of groups) {
    const targets = (group.element ?? [])
      .filter(({ code }) => code === source.code)
      .flatMap(({ target }) => {
        listed = true;
        return (target ?? []).filter(
          (each) => each.code !== undefined && usable.has(each.equivalence ?? each.relationship ?? 'relatedto'),
        );
      });
    const [only, second] = targets;
    if (second !== undefined) throw new ConceptMapFault(`the ConceptMap ${canonical} has two targets for one code`);
    if (only !== undefined) return targetOf(group, only);
  }
  if (!listed && source.code !== undefined)
    for (const group of groups) {
      const instead = unmapped(group, source);
      if (typeof instead === 'string') return translate(value, instead, find, depth + 1);
      if (instead !== undefined) return instead;
    }
  const { system, code = '' } = source;
  throw new UnmappedCode(`no entry for the code in the ConceptMap ${canonical}`, {
    conceptMap: canonical,
    ...(system === undefined ? {} : { system }),
    code,
    policy: 'hold',
  });
}
