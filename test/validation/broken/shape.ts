/** JSON of another shape than the type has: retyped, empty, null, unknown names, `_` where it means nothing. */
import { changed, replaced, type Break } from './break.ts';
import type { Resource } from './definitions.ts';
import { isObject, type Place } from './places.ts';
import { isPrimitive, malformedOf } from './samples.ts';

const retyped = (value: unknown): readonly unknown[] => {
  if (typeof value === 'string') return [7, true, { wrong: 'object' }];
  if (typeof value === 'number') return [String(value), true, { wrong: 'object' }];
  if (typeof value === 'boolean') return [String(value), 1, { wrong: 'object' }];
  return ['text', 7, true, {}];
};

export function* shapeBreaks(resource: Resource, places: readonly Place[]): Generator<Break> {
  for (const { keys, path, type, value, repeats } of places) {
    const last = keys.at(-1);
    const replace = (kind: string, what: string, by: unknown): Break => ({
      kind,
      what: `${what} for a ${type}`,
      path,
      resource: replaced(resource, keys, by),
    });
    if (last !== undefined) {
      for (const wrong of retyped(value)) yield replace('shape', JSON.stringify(wrong), wrong);
      // Of the ids of elements all that is said is that they are strings.
      for (const wrong of malformedOf(type)) yield replace('primitive', `malformed ${JSON.stringify(wrong)}`, wrong);
      yield replace('shape', 'null', null);
      if (repeats) {
        yield replace('shape', 'a list in the list', [value]);
        const list = keys.slice(0, -1);
        const at = path.replace(/\[\d+\]$/u, '');
        yield { kind: 'shape', what: `empty list of ${type}`, path: at, resource: replaced(resource, list, []) };
        yield {
          kind: 'shape',
          what: `a null among ${type}`,
          path: at,
          resource: changed(resource, list, (target) => void (target as unknown as unknown[]).push(null)),
        };
      } else yield replace('shape', 'empty list', []);
    }
    if (!isObject(value)) continue;
    const within = (
      kind: string,
      what: string,
      name: string,
      change: (target: Record<string, unknown>) => void,
    ): Break => ({
      kind,
      what: `${what} in a ${type}`,
      path: `${path}.${name}`,
      resource: changed(resource, keys, change),
    });
    yield within('name', 'unknown element', 'zzUnknown', (target) => (target['zzUnknown'] = 'x'));
    for (const key of Object.keys(value)) {
      if (key.startsWith('_') || key === 'resourceType') continue;
      yield within('name', `misspelt ${key}`, `${key}s`, (target) => {
        target[`${key}s`] = target[key];
        delete target[key];
      });
    }
    yield within(
      'name',
      'underscore of an unknown element',
      '_zzUnknown',
      (target) => (target['_zzUnknown'] = { id: 'a' }),
    );
  }
  for (const { keys, path, type, value, repeats } of places) {
    const last = keys.at(-1);
    if (typeof last !== 'string' || repeats || type === 'xhtml' || last.startsWith('_')) continue;
    const beside = (what: string, extra: unknown): Break => ({
      kind: 'underscore',
      what: `${what} beside a ${type}`,
      path,
      resource: changed(resource, keys.slice(0, -1), (target) => (target[`_${last}`] = extra)),
    });
    if (isPrimitive(type)) {
      // The id and url of the special kind have no extensions; all else may.
      yield beside('text', 'text');
      yield beside('an empty object', {});
      yield beside('an unknown element', { zzUnknown: 'x' });
      yield beside('a list', [{ id: 'a' }]);
    } else if (isObject(value)) yield beside('an underscore', { id: 'a' });
  }
  for (const { keys, path, value } of places)
    if (isObject(value) && typeof value['resourceType'] === 'string') {
      const named = (what: string, name: unknown): Break => ({
        kind: 'resource type',
        what,
        path: `${path}.resourceType`,
        resource: changed(resource, keys, (target) => {
          if (name === undefined) delete target['resourceType'];
          else target['resourceType'] = name;
        }),
      });
      yield named('unknown resource type', 'Visitation');
      yield named('data type for a resource type', 'HumanName');
      yield named('abstract resource type', 'DomainResource');
      yield named('no resource type', undefined);
      yield named('number for a resource type', 5);
    }
}
