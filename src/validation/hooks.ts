/** What single types ask that no table of elements says. */
import { isObject, type JsonObject } from '../definitions/item.ts';
import { extensionCheck } from './extensions.ts';
import type { Delta, Knowledge } from './knowledge.ts';

const quantities = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration', 'MoneyQuantity', 'SimpleQuantity']);

/** Undefined for most types. */
export function typeHook(type: string, know: Knowledge): Delta | undefined {
  if (type === 'Extension') return extensionCheck(know);
  if (quantities.has(type)) return ucumHasCode;
  return know.types.get(type)?.kind === 'resource' ? containedAreSound : undefined;
}

/** UCUM is a system of codes: a unit in words alone says nothing of it. qty-3 asks for the system of a code only. */
const ucumHasCode: Delta = (value, _, run) => {
  const { system, code } = value as JsonObject;
  if (code === undefined && system === 'http://unitsofmeasure.org')
    run.add('value', 'a quantity in UCUM has no code', 'warning');
};

/** dom-2 to dom-5. */
const containedAreSound: Delta = (value, _, run) => {
  const resource = value as JsonObject;
  const { contained } = resource;
  // What a contained resource contains is one too many, and is said of that.
  if (!Array.isArray(contained) || run.around.root !== resource) return;
  let used: Set<string> | undefined;
  const ids = new Set<unknown>();
  run.enter('contained');
  for (let index = 0; index < contained.length; index += 1) {
    const each: unknown = contained[index];
    if (!isObject(each)) continue;
    run.indexes[run.depth] = index;
    const { id, meta } = each;
    if (each['contained'] !== undefined)
      run.add('invariant', 'a contained resource contains no others', 'error', 'dom-2');
    if (isObject(meta) && (meta['versionId'] !== undefined || meta['lastUpdated'] !== undefined))
      run.add('invariant', 'a contained resource has no version and no time of change', 'error', 'dom-4');
    if (isObject(meta) && meta['security'] !== undefined)
      run.add('invariant', 'a contained resource has no security label', 'error', 'dom-5');
    if (ids.has(id)) run.add('structure', 'another contained resource has this id');
    else if (id !== undefined) ids.add(id);
    used ??= localReferences(resource);
    const refersOut = (): boolean => localReferences(each).has('#');
    if (typeof id !== 'string' || (!used.has(`#${id}`) && !refersOut()))
      run.add('invariant', 'nothing in the resource refers to this contained resource', 'error', 'dom-3');
  }
  run.depth -= 1;
};

/** All texts that begin with `#`: references, canonicals and uris within the resource. */
function localReferences(resource: JsonObject): Set<string> {
  const found = new Set<string>();
  // As deep as somebody may send it.
  const left: unknown[] = [resource];
  while (left.length > 0) {
    const json = left.pop();
    if (typeof json === 'string') {
      if (json.startsWith('#')) found.add(json);
    } else if (typeof json === 'object' && json !== null) for (const each of Object.values(json)) left.push(each);
  }
  return found;
}
