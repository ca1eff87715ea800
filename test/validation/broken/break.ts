/** One way in which a copy of a resource was broken, and how a copy is changed. */
import type { Resource } from './definitions.ts';
import type { Keys } from './places.ts';

export type Break = {
  /** `cardinality`, `shape`, `primitive`, … */
  readonly kind: string;
  /** What was done, by which rule. */
  readonly what: string;
  /** FHIRPath of what was broken. */
  readonly path: string;
  readonly resource: Resource;
};

type Open = Record<string | number, unknown>;

const copied = (value: unknown): Open =>
  (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Open;

/**
 * A copy in which `change` was applied to the object or array that `keys` lead to. Only the way there is copied: the
 * change may set and delete what the target has, and leaves what lies deeper as it is.
 */
export function changed(resource: Resource, keys: Keys, change: (target: Open) => void): Resource {
  const copy = copied(resource);
  let at = copy;
  for (const key of keys) {
    const next = copied(at[key]);
    at[key] = next;
    at = next;
  }
  change(at);
  return copy as unknown as Resource;
}

/** A copy in which `value` stands where `keys` lead; undefined takes the element away, and an emptied list with it. */
export function replaced(resource: Resource, keys: Keys, value: unknown): Resource {
  const last = keys.at(-1);
  if (last === undefined) throw new Error('the resource itself is not replaced');
  return changed(resource, keys.slice(0, -1), (target) => {
    if (value !== undefined) target[last] = value;
    else if (Array.isArray(target)) target.splice(Number(last), 1);
    else {
      delete target[last];
      delete target[`_${last}`];
    }
  });
}
