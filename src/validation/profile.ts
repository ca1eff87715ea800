/**
 * What a profile asks beyond base R4. A snapshot repeats all of its base; what the base has checked is left out when the
 * profile is compiled, so that a resource is walked once for R4, and for each profile only where that says more.
 */
import { isObject, type JsonObject } from '../definitions/item.ts';
import { isA } from '../definitions/types.ts';
import type { Element, ElementType } from './definition.ts';
import { inPlace, inTurn, valueChecks } from './element.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import type { Run } from './run.ts';
import { isPrimitive, keyOf, stemOf } from './shape.ts';
import type { Found } from './discriminator.ts';
import { slicingOf } from './slicing.ts';
import { contentOf, type Group, type Node, type Tree } from './tree.ts';

/** Undefined when the profile is for a type that R4 does not have. */
export function deltaOf(tree: Tree, know: Knowledge): Delta | undefined {
  const { type } = tree.definition;
  const base = know.treeOfType(type);
  return base === undefined ? undefined : (nodeDelta(tree.root, [base.root], type, know) ?? nothing);
}

const nothing: Delta = () => undefined;

/** Of a value of `type` at a node; undefined when `applied` asks as much. */
export function nodeDelta(node: Node, applied: readonly Node[], type: string, know: Knowledge): Delta | undefined {
  const [base] = applied;
  const typeName = inPlace.has(type) && base !== undefined ? contentOf(base, know.treeOfType).element.path : type;
  const own = valueChecks(
    node.element,
    applied.map(({ element }) => element),
    type,
    know,
    typeName,
  );
  return inTurn([own, childrenDelta(node, applied, type, know)]);
}

type GroupDelta = (object: JsonObject, run: Run) => void;

const none: JsonObject = Object.freeze({});

function childrenDelta(node: Node, applied: readonly Node[], type: string, know: Knowledge): Delta | undefined {
  const content = contentOf(node, know.treeOfType);
  // Where a profile refers to its own element (`#Observation.component`), that may lead back here.
  if (content !== node && content.tree === node.tree && content.children.size > 0) {
    if (applied.some((each) => contentOf(each, know.treeOfType) === content)) return undefined;
    let made: Delta | undefined;
    return (value, extra, run) => {
      made ??= childrenDelta(content, applied, type, know) ?? nothing;
      made(value, extra, run);
    };
  }
  const primitive = isPrimitive(type);
  const groups = [...node.children.values()]
    .filter(({ name }) => !(primitive && name === 'value'))
    .map((group) => groupDelta(group, applied, type, know))
    .filter((delta) => delta !== undefined);
  if (groups.length === 0) return undefined;
  return (value, extra, run) => {
    const object = isObject(value) ? value : isObject(extra) ? extra : primitive ? none : undefined;
    if (object === undefined) return;
    run.depth += 1;
    for (let index = 0; index < groups.length; index += 1) (groups[index] as GroupDelta)(object, run);
    run.depth -= 1;
  };
}

/** The group of a name in what a node has: of its own, of what it refers to, or of its type. */
function childOf(node: Node, type: string, name: string, know: Knowledge): Group | undefined {
  return (
    contentOf(node, know.treeOfType).children.get(name) ?? know.treeOfType(type)?.root.children.get(name) ?? undefined
  );
}

/** Of a choice that a profile names by one type (`valueQuantity`): the choice. */
function choiceOf(node: Node, type: string, name: string, know: Knowledge): Group | undefined {
  for (const source of [contentOf(node, know.treeOfType), know.treeOfType(type)?.root])
    for (const group of source?.children.values() ?? [])
      if (
        group.name.endsWith('[x]') &&
        group.node.element.type?.some(({ code }) => keyOf(group.name, code) === name) === true
      )
        return group;
  return undefined;
}

type Key = {
  readonly key: string;
  readonly extraKey: string | undefined;
  readonly type: string;
  /** Whether the profile allows this type of the choice. */
  readonly allowed: boolean;
  readonly delta: Delta | undefined;
};

const count = (max: string | undefined): number =>
  max === undefined || max === '*' ? Number.POSITIVE_INFINITY : Number(max);

/** What is left to count: 0 and infinity when another has counted as much. */
function limitsOf(element: Element, befores: readonly Node[]): { readonly least: number; readonly most: number } {
  const min = element.min ?? 0;
  const max = count(element.max);
  return {
    least: befores.some((each) => (each.element.min ?? 0) >= min) ? 0 : min,
    most: befores.some((each) => count(each.element.max) <= max) ? Number.POSITIVE_INFINITY : max,
  };
}

/** An element of one type, as it stands in JSON under the name that base R4 gives it. */
function readKey(node: Node, name: string, type: string, befores: readonly Node[], know: Knowledge): Key {
  const key = keyOf(name, type);
  // A string may be an id; a choice is narrowed by its JSON names alone.
  const narrows = (code: string): boolean =>
    isAnyResource(type) || (!name.endsWith('[x]') && isA(know.types.get(code), type));
  const types = node.element.type;
  const allowed = types === undefined || types.some(({ code }) => code === type || narrows(code));
  return {
    key,
    extraKey: isPrimitive(type) ? `_${key}` : undefined,
    type,
    allowed,
    delta: allowed ? deltaByType(node, befores, type, know) : undefined,
  };
}

function groupDelta(
  group: Group,
  applied: readonly Node[],
  parentType: string,
  know: Knowledge,
): GroupDelta | undefined {
  const { node, name } = group;
  const { element } = node;
  const [first] = applied;
  const before = applied.map((each) => childOf(each, parentType, name, know)).filter((each) => each !== undefined);
  const oneType = before.length === 0 && first !== undefined ? choiceOf(first, parentType, name, know) : undefined;
  const base = before[0] ?? oneType;
  if (base === undefined) return undefined;
  const befores = (before.length === 0 ? [base] : before).map((each) => each.node);
  const baseTypes = base.node.element.type ?? contentOf(base.node, know.treeOfType).element.type ?? [];
  const keys = baseTypes
    .filter(({ code }) => oneType === undefined || keyOf(base.name, code) === name)
    .map((type) => readKey(node, base.name, type.code, befores, know));
  const place = stemOf(name);
  // One type of a choice is counted for itself.
  const { least, most } = limitsOf(element, oneType === undefined ? befores : []);
  const [only] = baseTypes;
  const slicing = slicingOf(
    group,
    befores,
    baseTypes.map(({ code }) => code),
    only !== undefined && inPlace.has(only.code) ? contentOf(base.node, know.treeOfType).element.path : undefined,
    know,
    (each, done, type) => deltaByType(each, done, type, know),
  );
  const resources = resourceTypes(element.type, baseTypes);
  const modifies = keys.some(({ allowed, delta }) => !allowed || delta !== undefined);
  if (least === 0 && most === Number.POSITIVE_INFINITY && !modifies && slicing === undefined && resources === undefined)
    return undefined;
  const visit = visitOf(resources);
  // Of an open choice, which has some fifty names, those that are there are looked up; else each name is looked for.
  const byName = keys.length > 4 ? namesOf(keys) : undefined;
  return (object, run) => {
    const found: Found[] | undefined = slicing === undefined ? undefined : [];
    let total = 0;
    if (byName === undefined)
      for (let at = 0; at < keys.length; at += 1) total += visit(keys[at] as Key, object, run, found);
    else
      for (const json in object) {
        const key = byName.get(json);
        if (key !== undefined && (json === key.key || object[key.key] === undefined))
          total += visit(key, object, run, found);
      }
    run.keys[run.depth] = place;
    run.indexes[run.depth] = -1;
    if (total < least)
      run.add('required', least === 1 ? 'this element is required' : `at least ${least} of this element are required`);
    if (total > most) run.add('structure', most === 0 ? 'this element is not allowed' : `at most ${most} are allowed`);
    if (slicing !== undefined && found !== undefined) slicing(found, place, run);
  };
}

/** Checks what stands under one name, and adds it to `found`; how many there are. */
type Visit = (key: Key, object: JsonObject, run: Run, found: Found[] | undefined) => number;

function visitOf(resources: readonly string[] | undefined): Visit {
  const one = (key: Key, value: unknown, extra: unknown, index: number, run: Run, found: Found[] | undefined): void => {
    run.indexes[run.depth] = index;
    key.delta?.(value, extra, run);
    if (resources !== undefined) checkResource(value, resources, run);
    found?.push({ value, extra, key: key.key, index, type: key.type });
  };
  return (key, object, run, found) => {
    const value = object[key.key];
    const extra = key.extraKey === undefined ? undefined : object[key.extraKey];
    if (value === undefined && extra === undefined) return 0;
    run.keys[run.depth] = key.key;
    run.indexes[run.depth] = -1;
    if (!key.allowed) run.add('structure', 'the profile does not allow this type here');
    if (!Array.isArray(value) && !Array.isArray(extra)) {
      one(key, value, extra, -1, run, found);
      return 1;
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [];
    const extras: readonly unknown[] = Array.isArray(extra) ? extra : [];
    const length = Math.max(values.length, extras.length);
    for (let index = 0; index < length; index += 1) one(key, values[index], extras[index], index, run, found);
    return length;
  };
}

function namesOf(keys: readonly Key[]): ReadonlyMap<string, Key> {
  const names = new Map<string, Key>();
  for (const key of keys) {
    names.set(key.key, key);
    if (key.extraKey !== undefined) names.set(key.extraKey, key);
  }
  return names;
}

/** Of an element that holds any resource: by what type comes. */
function deltaByType(node: Node, applied: readonly Node[], type: string, know: Knowledge): Delta | undefined {
  if (!isAnyResource(type)) return nodeDelta(node, applied, type, know);
  const deltas = new Map(
    (node.element.type ?? []).map(({ code }) => [code, nodeDelta(node, applied, code, know)] as const),
  );
  if ([...deltas.values()].every((delta) => delta === undefined)) return undefined;
  return (value, extra, run) => {
    const own = isObject(value) ? deltas.get(String(value['resourceType'])) : undefined;
    (own ?? deltas.get(type))?.(value, extra, run);
  };
}

const isAnyResource = (type: string): boolean => type === 'Resource' || type === 'DomainResource';

/** Where base R4 allows any resource and the profile names some: those. */
function resourceTypes(
  types: readonly ElementType[] | undefined,
  base: readonly ElementType[],
): readonly string[] | undefined {
  if (types === undefined || !base.some(({ code }) => isAnyResource(code))) return undefined;
  return types.some(({ code }) => isAnyResource(code)) ? undefined : types.map(({ code }) => code);
}

function checkResource(value: unknown, allowed: readonly string[], run: Run): void {
  if (isObject(value) && !allowed.includes(String(value['resourceType'])))
    run.add('structure', `a resource of another type is expected: ${allowed.join(', ')}`);
}
