/**
 * Base R4: the JSON of a type. One closure for each type, over a table of the names that its JSON may have
 * (https://hl7.org/fhir/R4/json.html).
 */
import { isObject, type JsonObject } from '../definitions/item.ts';
import type { ElementType } from './definition.ts';
import { inPlace, valueChecks } from './element.ts';
import { typeHook } from './hooks.ts';
import { invariantsOf } from './invariants.ts';
import type { Delta, Knowledge, Walk } from './knowledge.ts';
import { narrativeFault } from './narrative.ts';
import { lexical, type Lexical } from './primitives.ts';
import type { Run } from './run.ts';
import { nearest } from '../definitions/nearest.ts';
import { contentOf, type Group, type Node } from './tree.ts';

type Slot = {
  /** The name in a place: without the underscore of a twin. */
  readonly key: string;
  /** Set for a choice: its bit among the choices of the type. */
  readonly choice: number;
  /** `_birthDate`, which counts as `birthDate` when that is absent. */
  readonly twin: boolean;
  readonly stem: string;
  readonly check: (value: unknown, parent: JsonObject, run: Run) => void;
};

type Required = { readonly name: string; readonly keys: readonly string[] };

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const stemOf = (name: string): string => (name.endsWith('[x]') ? name.slice(0, -3) : name);

/** The JSON name of an element of one type: `value[x]` of `Quantity` is `valueQuantity`. */
export const keyOf = (name: string, type: string): string =>
  name.endsWith('[x]') ? `${name.slice(0, -3)}${upperFirst(type)}` : name;

export const isPrimitive = (type: string): boolean => Object.hasOwn(lexical, type);

const noNull = 'null is not allowed; leave the element out';
/** Of names in a place. Nobody writes such a resource; somebody may send one. */
const deepest = 500;
const abstractTypes = new Set(['Resource', 'DomainResource']);

/** The closure for an object whose elements are the children of `node`. `type`: of the object, for its invariants. */
export function walkOf(node: Node, type: string, know: Knowledge): Walk {
  const slots = new Map<string, Slot>();
  const required: Required[] = [];
  let choices = 0;
  for (const group of node.children.values()) {
    const { min = 0 } = group.node.element;
    const bit = group.name.endsWith('[x]') ? 1 << (choices++ % 31) : 0;
    const keys: string[] = [];
    for (const slot of slotsOf(group, type, bit, know)) {
      const key = slot.twin ? `_${slot.key}` : slot.key;
      slots.set(key, slot);
      keys.push(key);
    }
    if (min > 0) required.push({ name: stemOf(group.name), keys });
  }
  const isResource = know.types.get(type)?.kind === 'resource';
  const invariants = node.tree.root === node ? invariantsOf(node.element.constraint, [], type, know) : undefined;
  const hook = node.tree.root === node ? typeHook(type, know) : undefined;
  return (object, run) => {
    const depth = run.depth + 1;
    if (depth > deepest) {
      run.add('structure', `an element may lie ${deepest} steps deep at most`);
      return;
    }
    run.depth = depth;
    let seen = 0;
    let count = 0;
    for (const key in object) {
      const value = object[key];
      if (value === undefined) continue;
      run.keys[depth] = key;
      run.indexes[depth] = -1;
      const slot = slots.get(key);
      if (slot === undefined) {
        if (isResource && key === 'resourceType') continue;
        count += 1;
        unknown(key, slots, run);
        continue;
      }
      count += 1;
      run.keys[depth] = slot.key;
      if (slot.choice !== 0 && !(slot.twin && object[slot.key] !== undefined)) {
        if ((seen & slot.choice) !== 0) run.add('structure', `only one of ${slot.stem}[x] is allowed`);
        seen |= slot.choice;
      }
      slot.check(value, object, run);
    }
    for (let index = 0; index < required.length; index += 1) {
      const { name, keys } = required[index] as Required;
      let found = false;
      for (let at = 0; at < keys.length && !found; at += 1) found = object[keys[at] as string] !== undefined;
      if (found) continue;
      run.keys[depth] = name;
      run.indexes[depth] = -1;
      run.add('required', 'this element is required');
    }
    run.depth = depth - 1;
    if (!isResource && (count === 0 || (count === 1 && object['id'] !== undefined)))
      run.add('structure', 'an element has a value or children (ele-1)', 'error', 'ele-1');
    hook?.(object, undefined, run);
    invariants?.(object, undefined, run);
  };
}

function unknown(key: string, slots: ReadonlyMap<string, Slot>, run: Run): void {
  for (const slot of slots.values())
    if (slot.choice !== 0 && key.startsWith(slot.stem) && /^[A-Z]/u.test(key.slice(slot.stem.length))) {
      const meant = nearest(key, slots.keys());
      run.add(
        'structure',
        `${slot.stem}[x] has no such type here${meant === undefined ? '' : `; did you mean “${meant}”?`}`,
      );
      return;
    }
  const meant = nearest(key, slots.keys());
  run.add('structure', `there is no such element${meant === undefined ? '' : `; did you mean “${meant}”?`}`);
}

function slotsOf(group: Group, parent: string, choice: number, know: Knowledge): readonly Slot[] {
  const { node, name } = group;
  const { element } = node;
  const content = contentOf(node, know.treeOfType);
  const repeats = (element.base?.max ?? element.max ?? '1') !== '1';
  const most =
    element.max === undefined || element.max === '*' || element.max === '1' ? undefined : Number(element.max);
  const stem = stemOf(name);
  return (element.type ?? content.element.type ?? []).flatMap((type): Slot[] => {
    const key = keyOf(name, type.code);
    const common = { key, choice, stem };
    // R4 calls the id of a resource a string, and says its form in words.
    const id = name === 'id' && know.types.get(parent)?.kind === 'resource';
    const form = lexical[id ? 'id' : type.code];
    const typeName = inPlace.has(type.code) ? content.element.path : type.code;
    const checks = valueChecks(element, [], type.code, know, typeName);
    if (form !== undefined) {
      const one = primitiveOf(type, form, checks, parent === 'Narrative' && name === 'div');
      const fault = repeats ? listed(one, most, `_${key}`) : one;
      return [
        { ...common, twin: false, check: fault },
        { ...common, twin: true, check: twinOf(key, repeats, know) },
      ];
    }
    const one = complexOf(node, content, type, checks, know);
    return [{ ...common, twin: false, check: repeats ? listed(one, most, undefined) : one }];
  });
}

type SlotCheck = Slot['check'];

function listed(one: SlotCheck, most: number | undefined, extraKey: string | undefined): SlotCheck {
  return (value, parent, run) => {
    if (!Array.isArray(value)) {
      run.add('structure', value === null ? noNull : 'this element repeats: a list is expected');
      return;
    }
    const list = value as readonly unknown[];
    const { depth } = run;
    if (list.length === 0) run.add('structure', 'an empty list is not allowed; leave the element out');
    if (most !== undefined && list.length > most) run.add('structure', `at most ${most} are allowed`);
    for (let index = 0; index < list.length; index += 1) {
      run.indexes[depth] = index;
      const each = list[index];
      if (each === null && extraKey !== undefined) {
        const extras = parent[extraKey];
        if (!Array.isArray(extras) || !isObject(extras[index]))
          run.add('structure', 'null stands only for a primitive with id or extensions');
      } else one(each, parent, run);
    }
    run.indexes[depth] = -1;
  };
}

function primitiveOf(type: ElementType, form: Lexical, checks: Delta | undefined, isDiv: boolean): SlotCheck {
  return (value, _, run) => {
    if (value === null) {
      run.add('structure', noNull);
      return;
    }
    if (typeof value === 'object') {
      run.add('structure', Array.isArray(value) ? 'one value is expected, not a list' : `a ${type.code} is expected`);
      return;
    }
    const fault = form(value);
    if (fault !== undefined) {
      run.add('value', fault);
      return;
    }
    if (isDiv) {
      const wrong = narrativeFault(value as string);
      if (wrong !== undefined) run.add('invariant', wrong, 'error', 'txt-1');
    }
    checks?.(value, undefined, run);
  };
}

const hasValue = (primitive: unknown): boolean => primitive !== undefined && primitive !== null;

/** `_birthDate`: id and extensions of a primitive, or a list of them beside the list of values. */
function twinOf(key: string, repeats: boolean, know: Knowledge): SlotCheck {
  let walk: Walk | undefined;
  const one = (value: unknown, primitive: unknown, run: Run): void => {
    // Beside a value, an id may stand alone.
    if (isObject(value) && typeof value['id'] === 'string' && hasValue(primitive) && Object.keys(value).length === 1)
      return;
    if (isObject(value)) (walk ??= know.walk('Element'))?.(value, run);
    else run.add('structure', 'an object with id or extensions is expected beside a primitive');
  };
  return (value, parent, run) => {
    if (!repeats) {
      one(value, parent[key], run);
      return;
    }
    if (!Array.isArray(value)) {
      run.add('structure', 'this element repeats: a list is expected');
      return;
    }
    const values = parent[key];
    if (Array.isArray(values) && values.length !== value.length)
      run.add('structure', 'the lists of values and of their extensions differ in length');
    const { depth } = run;
    for (let index = 0; index < value.length; index += 1) {
      run.indexes[depth] = index;
      if (value[index] !== null) one(value[index], Array.isArray(values) ? values[index] : undefined, run);
      else if (!Array.isArray(values)) run.add('structure', 'null is not allowed here');
    }
    run.indexes[depth] = -1;
  };
}

function complexOf(
  node: Node,
  content: Node,
  type: ElementType,
  checks: Delta | undefined,
  know: Knowledge,
): SlotCheck {
  const contained = node.element.path.endsWith('.contained');
  const resource = abstractTypes.has(type.code) || know.types.get(type.code)?.kind === 'resource';
  let walk: Walk | undefined;
  // A type leads to others and back to itself: each is made when the first value of it comes.
  const make = (): Walk | undefined =>
    content.children.size > 0 && content.tree.root !== content ? know.walkNode(content) : know.walk(type.code);
  return (value, _, run) => {
    if (!isObject(value)) {
      run.add(
        'structure',
        value === null ? noNull : Array.isArray(value) ? 'one value is expected, not a list' : 'an object is expected',
      );
      return;
    }
    if (resource) know.inner(value, run, contained);
    else (walk ??= make())?.(value, run);
    checks?.(value, undefined, run);
  };
}
