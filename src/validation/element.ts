/** What an element's definition asks of one value, beyond its type: shared by base R4 and by profiles. */
import { isObject } from '../definitions/item.ts';
import { meets } from './around.ts';
import { bindingCheck } from './bindings.ts';
import { core, type Binding, type Element, type ElementType } from './definition.ts';
import { invariantsOf } from './invariants.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import type { Run } from './run.ts';
import { targetCheck } from './targets.ts';
import { equal, matches } from './values.ts';

/** Types of the elements that have a definition in place. */
export const inPlace = new Set(['BackboneElement', 'Element']);

/**
 * `type` is the type that the value has. What one of `applied` asks has been checked at the same place.
 * Undefined when nothing is left to check.
 */
export function valueChecks(
  element: Element,
  applied: readonly Element[],
  type: string,
  know: Knowledge,
  /** For invariants: the name of a backbone element is its path. */
  typeName = type,
): Delta | undefined {
  const own = element.type?.find(({ code }) => code === type);
  return inTurn([
    constantCheck(element, applied),
    rangeCheck(element, applied),
    bound(element, applied, type, know),
    type === 'Reference' && own !== undefined
      ? targetCheck(
          own,
          applied.map((each) => each.type?.find(({ code }) => code === type)?.targetProfile),
          know,
        )
      : undefined,
    own === undefined ? undefined : profileCheck(own, applied, know),
    invariantsOf(
      element.constraint,
      applied.map(({ constraint }) => constraint),
      typeName,
      know,
    ),
  ]);
}

/** One check that runs all; undefined for none. */
export function inTurn(checks: readonly (Delta | undefined)[]): Delta | undefined {
  const all = checks.filter((check) => check !== undefined);
  const [first, second] = all;
  if (first === undefined || second === undefined) return first;
  if (all.length === 2)
    return (value, extra, run) => {
      first(value, extra, run);
      second(value, extra, run);
    };
  return (value, extra, run) => {
    for (let index = 0; index < all.length; index += 1) (all[index] as Delta)(value, extra, run);
  };
}

/** A constant of the profile in an issue: short ones are shown. */
const shown = (constant: unknown): string => {
  const text = JSON.stringify(constant);
  return text.length > 200 ? 'what the profile says' : text;
};

function constantCheck({ fixed, pattern }: Element, applied: readonly Element[]): Delta | undefined {
  const isNew = (constant: unknown, name: 'fixed' | 'pattern'): boolean =>
    constant !== undefined && !applied.some((each) => equal(each[name], constant));
  if (isNew(fixed, 'fixed'))
    return (value, _, run) => {
      if (!equal(fixed, value)) run.add('value', `the value must be ${shown(fixed)}`);
    };
  if (isNew(pattern, 'pattern'))
    return (value, _, run) => {
      if (!matches(pattern, value)) run.add('value', `the value must have ${shown(pattern)}`);
    };
  return undefined;
}

/** −1, 0, 1; undefined when they cannot be compared. */
function order(one: unknown, other: unknown): number | undefined {
  if (typeof one === 'number' && typeof other === 'number') return Math.sign(one - other);
  // Dates and times of one precision and zone read in their order.
  if (typeof one === 'string' && typeof other === 'string') {
    const length = Math.min(one.length, other.length);
    const [start, end] = [one.slice(0, length), other.slice(0, length)];
    return start < end ? -1 : start > end ? 1 : one.length === other.length ? 0 : undefined;
  }
  if (isObject(one) && isObject(other) && one['code'] === other['code'] && one['system'] === other['system'])
    return order(one['value'], other['value']);
  return undefined;
}

function rangeCheck({ minValue, maxValue, maxLength }: Element, applied: readonly Element[]): Delta | undefined {
  const least = applied.some((each) => equal(each.minValue, minValue)) ? undefined : minValue;
  const most = applied.some((each) => equal(each.maxValue, maxValue)) ? undefined : maxValue;
  const length = applied.some((each) => each.maxLength === maxLength) ? undefined : maxLength;
  if (least === undefined && most === undefined && length === undefined) return undefined;
  return (value, _, run) => {
    if (least !== undefined && order(value, least) === -1) run.add('value', `the value is below ${shown(least)}`);
    if (most !== undefined && order(value, most) === 1) run.add('value', `the value is above ${shown(most)}`);
    // Characters, not UTF-16 units.
    if (length !== undefined && typeof value === 'string' && value.length > length && Array.from(value).length > length)
      run.add('value', `the text may have ${length} characters at most`);
  };
}

/** A binding on a choice speaks of its concepts: the units of a Quantity beside them are others. */
const isMeantForConcepts = ({ type: types }: Element, type: string): boolean =>
  type === 'Quantity' && types?.some(({ code }) => code === 'CodeableConcept' || code === 'Coding') === true;

const advice = ({ strength, valueSet }: Binding): Binding => ({
  strength: strength === 'required' ? 'extensible' : strength,
  ...(valueSet === undefined ? {} : { valueSet }),
});

function bound(element: Element, applied: readonly Element[], type: string, know: Knowledge): Delta | undefined {
  const { binding } = element;
  if (binding === undefined) return undefined;
  const done = applied.some(
    (each) =>
      each.binding?.valueSet === binding.valueSet &&
      (each.binding?.strength === binding.strength || each.binding?.strength === 'required') &&
      (binding.maxValueSet === undefined || each.binding.maxValueSet === binding.maxValueSet) &&
      (binding.additional === undefined || equal(each.binding.additional, binding.additional)),
  );
  const check = done
    ? undefined
    : bindingCheck(isMeantForConcepts(element, type) ? advice(binding) : binding, type, know.codeSets);
  return check === undefined
    ? undefined
    : (value, _, run) => {
        if (value !== undefined && value !== null) check(value, run);
      };
}

/** `type.profile`: one of several must be met. Extensions are checked by their url wherever they stand. */
function profileCheck(type: ElementType, applied: readonly Element[], know: Knowledge): Delta | undefined {
  const profiles = (type.profile ?? []).filter(
    (url) => !(type.code === 'Extension' && know.tree(url) !== undefined) && url !== `${core}${type.code}`,
  );
  const done = applied.some((each) => {
    const before = each.type?.find(({ code }) => code === type.code)?.profile;
    return before?.length === profiles.length && profiles.every((url) => before.includes(url));
  });
  const [only] = profiles;
  if (only === undefined || done) return undefined;
  if (profiles.length === 1) {
    let delta: Delta | undefined;
    return (value, extra, run) => {
      delta ??= know.delta(only);
      if (delta === undefined) run.addProfileMissing(only);
      else under(only, delta, value, extra, run);
    };
  }
  return (value, extra, run) => {
    const met = profiles.some((url) => meets(value, extra, url, run, know) !== false);
    if (!met) run.add('structure', `none of the profiles is met: ${profiles.join(', ')}`);
  };
}

/** Runs what a profile asks in its name. */
export function under(profile: string, delta: Delta, value: unknown, extra: unknown, run: Run): void {
  const { by } = run;
  run.by = profile;
  delta(value, extra, run);
  run.by = by;
}
