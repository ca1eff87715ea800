/** Coded values against the value set that an element is bound to. */
import { isObject } from '../definitions/item.ts';
import type { Binding } from './definition.ts';
import type { Run } from './run.ts';
import type { CodeSet, CodeSets, Membership } from './terminology.ts';

export type BindingCheck = (value: unknown, run: Run) => void;

const judge = (set: CodeSet, value: unknown, type: string): Membership | 'none' => {
  if (type === 'CodeableConcept') {
    const codings = isObject(value) ? value['coding'] : undefined;
    if (!Array.isArray(codings)) return 'none';
    let result: Membership | 'none' = 'none';
    for (const coding of codings as unknown[]) {
      const membership = judge(set, coding, 'Coding');
      if (membership === 'in') return 'in';
      if (membership === 'unknown' || result === 'none') result = membership;
    }
    return result;
  }
  if (typeof value === 'string') return set(value, undefined);
  if (!isObject(value) || typeof value['code'] !== 'string') return 'none';
  // A coding says its system; without one it names no code of any.
  return set(value['code'], typeof value['system'] === 'string' ? value['system'] : '');
};

/** Whether a coded value is in a set; no code is in none. */
export const membershipOf = (set: CodeSet | undefined, value: unknown, type: string | undefined): Membership => {
  const membership = set === undefined ? 'unknown' : judge(set, value, type ?? '');
  return membership === 'none' ? 'out' : membership;
};

/** The types that a binding speaks of; a binding on a choice says nothing of its other types. */
const coded = new Set(['code', 'string', 'uri', 'url', 'canonical', 'id', 'Coding', 'CodeableConcept', 'Quantity']);

/**
 * Required: a code outside is an error, and so is none; a maximum value set asks the same of an extensible binding. Extensible: a code that is provably outside is a warning, text
 * alone is not. What cannot be decided is said once for each value set.
 */
export function bindingCheck(binding: Binding, type: string, codeSets: CodeSets): BindingCheck | undefined {
  if (!coded.has(type)) return undefined;
  const { strength, valueSet, maxValueSet, additional } = binding;
  const required = strength === 'required';
  const judged = required || strength === 'extensible';
  // A unit may be said in words alone, unless the profile asks for its code.
  const isCode = type !== 'Quantity';
  const checks: BindingCheck[] = [];
  if (maxValueSet !== undefined) checks.push(oneCheck(maxValueSet, type, codeSets, true, judged && isCode));
  if (valueSet !== undefined && judged) checks.push(oneCheck(valueSet, type, codeSets, required, required && isCode));
  for (const each of additional ?? [])
    checks.push(oneCheck(each.valueSet, type, codeSets, each.strength === 'required', false));
  const [first, second] = checks;
  if (first === undefined || second === undefined) return first;
  return (value, run) => {
    for (const check of checks) check(value, run);
  };
}

function oneCheck(
  valueSet: string,
  type: string,
  codeSets: CodeSets,
  strict: boolean,
  codeNeeded: boolean,
): BindingCheck {
  let set: CodeSet | undefined;
  let known = false;
  const what = `no code of the ${strict ? 'required' : 'extensible'} value set ${valueSet}`;
  return (value, run) => {
    if (!known) [set, known] = [codeSets(valueSet), true];
    if (set === undefined) {
      run.notChecked(valueSet, codeNeeded);
      return;
    }
    const membership = judge(set, value, type);
    if (membership === 'in') return;
    if (membership === 'unknown') run.notChecked(valueSet, codeNeeded);
    else if (membership === 'out' || codeNeeded) run.add('code-invalid', what, strict ? 'error' : 'warning');
  };
}
