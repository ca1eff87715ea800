/** Whether an element allows what its reference leads to. */
import { isObject } from '../definitions/item.ts';
import { meets } from './around.ts';
import { core, coreName, withoutVersion, type ElementType } from './definition.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import { readReference } from './reference.ts';

/** The type that a target profile is for; undefined when the profile is not at hand. */
export const typeOfTarget = (target: string, know: Knowledge): string | undefined => {
  const known = know.tree(target)?.definition.type;
  if (known !== undefined) return known;
  const name = coreName(target);
  return name !== undefined && know.types.get(name)?.kind === 'resource' ? name : undefined;
};

/**
 * What the targets of a Reference ask beyond those of `applied`. A target that is not at hand may be of any type.
 * urn:uuid and addresses of no known form are not judged.
 */
export function targetCheck(
  { targetProfile }: ElementType,
  applied: readonly (readonly string[] | undefined)[],
  know: Knowledge,
): Delta | undefined {
  const targets = (targetProfile ?? []).map(withoutVersion);
  const same = (other: readonly string[] | undefined): boolean =>
    other?.length === targets.length && targets.every((each) => other.some((one) => withoutVersion(one) === each));
  if (applied.length > 0 && (targets.length === 0 || applied.some(same))) return undefined;
  const base = applied.length === 0;
  const profiles = targets.filter((target) => coreName(target) === undefined);
  // Types are compared when first needed: a profile names others that need not be read for it.
  let names: ReadonlySet<string | undefined> | undefined;
  const allowedTypes = (): ReadonlySet<string | undefined> =>
    (names ??= new Set(targets.map((target) => typeOfTarget(target, know))));
  const isAllowed = (type: string): boolean => {
    const allowed = allowedTypes();
    return targets.length === 0 || allowed.has(type) || allowed.has(undefined) || allowed.has('Resource');
  };
  return (value, _, run) => {
    if (!isObject(value)) return;
    const { reference, type: said } = value;
    const wrong = (type: string): void => {
      const known = know.types.get(type)?.kind === 'resource';
      const allowed = targets.map((each) => each.replace(core, '')).join(', ');
      run.add('structure', `the reference leads to ${known ? `a ${type}` : 'no type of R4'}; allowed: ${allowed}`);
    };
    if (typeof reference === 'string' && reference !== '') {
      const read = readReference(reference);
      if (read.kind === 'contained') {
        const found = run.lookup.contained(run.around.root, read.id);
        if (found === undefined) {
          if (base) run.add('not-found', 'there is no contained resource of this id (ref-1)', 'error', 'ref-1');
          return;
        }
        const type = found['resourceType'];
        if (typeof type === 'string' && !isAllowed(type)) wrong(type);
        else if (profiles.length > 0 && profiles.length === targets.length && read.id !== '') {
          const met = profiles.some(
            (each) => (typeOfTarget(each, know) ?? type) === type && meets(found, undefined, each, run, know) !== false,
          );
          if (!met) run.add('structure', `the contained resource meets none of: ${profiles.join(', ')}`);
        }
        return;
      }
      if (read.kind === 'typed') {
        const known = know.types.get(read.type)?.kind === 'resource';
        if (known ? !isAllowed(read.type) : read.local && (base || !isAllowed(read.type))) wrong(read.type);
        else if (base && known && typeof said === 'string' && said !== read.type && /^[A-Z][A-Za-z]+$/u.test(said))
          run.add('structure', 'the type of the reference is not the type that it leads to');
        return;
      }
      const entry = run.lookup.entry(run.around.bundle, reference)?.['resourceType'];
      if (typeof entry === 'string' && !isAllowed(entry)) wrong(entry);
      if (base && /\s/u.test(reference)) run.add('value', 'a reference is an address and has no spaces');
    }
    if (typeof said === 'string' && /^[A-Z][A-Za-z]+$/u.test(said) && !isAllowed(said)) wrong(said);
  };
}
