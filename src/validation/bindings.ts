/** Required bindings: the code must be in the value set. What cannot be decided is said once for each value set. */
import type { Issue } from '../core/outcome.ts';
import type { Contains, Membership } from './terminology.ts';

/** Coded values by the value set they are bound to, as @medplum/core collects them. */
export type BoundValues = Readonly<
  Record<string, readonly { readonly path: string; readonly type: string; readonly value?: unknown }[]>
>;

type Coding = { readonly system?: string; readonly code?: string };

const codingsOf = (type: string, value: unknown): readonly Coding[] | undefined => {
  if (typeof value === 'string') return [{ code: value }];
  if (typeof value !== 'object' || value === null) return undefined;
  // A primitive with extensions comes as an object around the string.
  if (value instanceof String) return [{ code: String(value) }];
  if (type === 'CodeableConcept') return (value as { coding?: readonly Coding[] }).coding ?? [];
  return [value];
};

const best = (results: readonly Membership[]): Membership => {
  if (results.includes('in')) return 'in';
  return results.includes('unknown') ? 'unknown' : 'out';
};

export function bindingIssues(bound: BoundValues, contains: Contains): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [valueSet, values] of Object.entries(bound)) {
    const undecided: string[] = [];
    for (const { path, type, value } of values) {
      const codings = codingsOf(type, value);
      if (codings === undefined) continue;
      const coded = codings.filter((coding): coding is Coding & { code: string } => typeof coding.code === 'string');
      const membership =
        coded.length === 0 ? 'out' : best(coded.map(({ code, system }) => contains(valueSet, code, system)));
      if (membership === 'unknown') undecided.push(path);
      // Text alone does not meet a required binding; a primitive that only has extensions is not judged here.
      if (membership === 'out' && (coded.length > 0 || type === 'CodeableConcept'))
        issues.push({
          where: path,
          what: `no code of the required value set ${valueSet}`,
          code: 'code-invalid',
          severity: 'error',
        });
    }
    const [first] = undecided;
    if (first !== undefined)
      issues.push({
        where: first,
        what: `the required value set ${valueSet} is not at hand in full; its codes were not checked`,
        code: 'not-supported',
        severity: 'warning',
      });
  }
  return issues;
}
