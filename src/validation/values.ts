/** Values against `fixed[x]` and `pattern[x]` (ElementDefinition.fixed, .pattern). */
import { isObject } from '../definitions/item.ts';

/** The same JSON, in whatever order of names. */
export function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((each, index) => equal(each, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equal(one[name], other[name]))
  );
}

/** All that the pattern says is there; of a list, each in any place. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((each) => value.some((one) => matches(each, one)));
  if (!isObject(pattern)) return pattern === value;
  if (!isObject(value)) return false;
  for (const name of Object.keys(pattern)) if (!matches(pattern[name], value[name])) return false;
  return true;
}
