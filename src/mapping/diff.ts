/** What two sets of maps make differently of one message: resources, elements by path, failures. Pure. */
import type { Outcome } from '../core/outcome.ts';
import type { Mapped } from '../core/ports.ts';
import { isObject, type JsonObject } from '../definitions/item.ts';

export const changeKinds = [
  'now fails',
  'no longer fails',
  'fails otherwise',
  'resource appears',
  'resource disappears',
  'added',
  'removed',
  'changed',
] as const;

export type Change = {
  readonly what: (typeof changeKinds)[number];
  /** Element path without indexes (`Observation.code.coding.display`), a resource and its slot, or cause and place. */
  readonly at: string;
  /** The artifact of the resource it is about. */
  readonly artifact?: string;
  /** Of the input: to be shown only to those who may see it. */
  readonly before?: unknown;
  readonly after?: unknown;
};

/** Keys that belong to one record or person are the same kind of thing in all: `‹record›.bp`. */
export type Keys = { readonly recordKey: string; readonly subjectKey: string };

const slotOf = (artifact: string, { recordKey, subjectKey }: Keys): string => {
  if (artifact.startsWith(recordKey)) return `‹record›${artifact.slice(recordKey.length)}`;
  // After the slot comes what the sender calls it: an id of a goal, say.
  const [, slot = ''] = /^\.([^.]+)/u.exec(artifact.slice(subjectKey.length)) ?? [];
  return artifact.startsWith(subjectKey) ? `‹person›.${slot}` : '‹other›';
};

const failureAt = ({ cause, issues = [] }: { cause: string; issues?: readonly { where: string }[] }): string =>
  [cause, ...new Set(issues.map(({ where }) => where))].slice(0, 3).join(' at ');

export function changesBetween(
  before: Outcome<readonly Mapped[]>,
  after: Outcome<readonly Mapped[]>,
  keys: Keys,
): readonly Change[] {
  if (!before.ok || !after.ok) {
    if (before.ok && !after.ok) return [{ what: 'now fails', at: failureAt(after.failure) }];
    if (!before.ok && after.ok) return [{ what: 'no longer fails', at: failureAt(before.failure) }];
    if (before.ok || after.ok) return [];
    const [was, is] = [failureAt(before.failure), failureAt(after.failure)];
    return was === is ? [] : [{ what: 'fails otherwise', at: `${was} → ${is}` }];
  }
  const changes: Change[] = [];
  const named = ({ artifact, resource }: Mapped): string => `${resource.resourceType} ${slotOf(artifact, keys)}`;
  const standing = new Map(before.value.map((one) => [one.artifact, one]));
  for (const one of after.value) {
    const old = standing.get(one.artifact);
    standing.delete(one.artifact);
    const { artifact } = one;
    if (old === undefined) changes.push({ what: 'resource appears', at: named(one), artifact, after: one.resource });
    else {
      if (old.do !== one.do) changes.push({ what: 'changed', at: `${named(one)} (${old.do} → ${one.do})`, artifact });
      elements(one.resource.resourceType, old.resource, one.resource, (change) =>
        changes.push({ ...change, artifact }),
      );
    }
  }
  for (const one of standing.values())
    changes.push({ what: 'resource disappears', at: named(one), artifact: one.artifact, before: one.resource });
  return changes;
}

type Put = (change: Change) => void;

const equal = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => equal(one, (b as unknown[])[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const [own, other] = [Object.keys(a), Object.keys(b)];
  return own.length === other.length && own.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
};

function elements(path: string, before: JsonObject, after: JsonObject, put: Put): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = `${path}.${key}`;
    const [was, is] = [before[key], after[key]];
    if (equal(was, is)) continue;
    if (was === undefined) put({ what: 'added', at, after: is });
    else if (is === undefined) put({ what: 'removed', at, before: was });
    else if (Array.isArray(was) || Array.isArray(is)) lists(at, [was].flat(), [is].flat(), put);
    else if (isObject(was) && isObject(is)) elements(at, was, is, put);
    else put({ what: 'changed', at, before: was, after: is });
  }
}

/** What stands in both, wherever, is no change; the rest is compared in order. */
function lists(path: string, before: readonly unknown[], after: readonly unknown[], put: Put): void {
  const was = [...before];
  const is = after.filter((one) => {
    const found = was.findIndex((other) => equal(one, other));
    if (found >= 0) was.splice(found, 1);
    return found < 0;
  });
  if (was.length === 0 && is.length === 0) return put({ what: 'changed', at: `${path} (order)` });
  for (let index = 0; index < Math.max(was.length, is.length); index += 1) {
    const [old, one] = [was[index], is[index]];
    if (index >= was.length) put({ what: 'added', at: path, after: one });
    else if (index >= is.length) put({ what: 'removed', at: path, before: old });
    else if (isObject(old) && isObject(one)) elements(path, old, one, put);
    else put({ what: 'changed', at: path, before: old, after: one });
  }
}
