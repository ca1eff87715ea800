/**
 * What a map builds: a tree of nodes with types, written out as JSON at the end. So arrays come from the definition,
 * the name of a choice from the type of what stands in it, and what stayed empty is not written.
 */
import { isObject, isPrimitive, type JsonObject, type Primitive, type Value } from './value.ts';
import { jsonName, type ElementDef, type TypeTable } from './types.ts';

export type Slot = { nodes: Node[]; repeats: boolean; readonly def?: ElementDef };

export type Node = {
  type: string | undefined;
  value?: Primitive;
  extra?: JsonObject;
  readonly children: Map<string, Slot>;
};

/** What a rule may not do to its target. The message holds no value, only names and types. */
export class TargetError extends Error {}

export const nodeOf = (type?: string): Node => ({ type, children: new Map() });

/** A deep copy of a value, so that later changes do not show through. */
export function nodeFrom(types: TypeTable, value: Value): Node {
  const node = nodeOf(value.type);
  if (value.extra !== undefined) node.extra = value.extra;
  if (isObject(value.json)) fill(types, node, value.json);
  else if (value.json !== '' || value.extra === undefined) node.value = value.json;
  return node;
}

function fill(types: TypeTable, node: Node, json: JsonObject): void {
  const type = types.get(node.type);
  for (const [key, written] of Object.entries(json)) {
    if (key === 'resourceType' && types.isResource(node.type)) continue;
    if (key.startsWith('_') && type !== undefined) {
      if (!Object.hasOwn(json, key.slice(1))) put(types, node, type, key.slice(1), undefined, written);
      continue;
    }
    put(types, node, type, key, written, type === undefined ? undefined : json[`_${key}`]);
  }
}

function put(
  types: TypeTable,
  node: Node,
  type: ReturnType<TypeTable['get']>,
  key: string,
  written: unknown,
  extra: unknown,
): void {
  refuseUnsafe(key);
  const found = type === undefined ? undefined : types.element(type, key);
  const elementType = found?.fixed ?? found?.def.types[0];
  const extras: unknown[] = Array.isArray(extra) ? extra : [extra];
  const items: unknown[] = Array.isArray(written) ? written : [written];
  const nodes = Array.from({ length: Math.max(items.length, extras.length) }, (_, index) => {
    const item = items[index];
    const itemType = isObject(item) && typeof item['resourceType'] === 'string' ? item['resourceType'] : elementType;
    const child = nodeOf(itemType);
    const own = extras[index];
    if (isObject(own)) child.extra = own;
    if (isObject(item)) fill(types, child, item);
    else if (isPrimitive(item)) child.value = item;
    return child;
  });
  const repeats = found?.def.repeats ?? Array.isArray(written);
  node.children.set(found?.def.name ?? key, { nodes, repeats, ...(found === undefined ? {} : { def: found.def }) });
}

function refuseUnsafe(name: string): void {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype')
    throw new TargetError(`“${name}” is not allowed as the name of an element`);
}

/** The node as JSON, or undefined when nothing is in it. A resource is never nothing. */
export function jsonOf(types: TypeTable, node: Node): unknown {
  const resource = types.isResource(node.type);
  if (node.children.size === 0 && !resource) return node.value;
  const json: Record<string, unknown> = resource ? { resourceType: node.type } : {};
  for (const [name, slot] of node.children) {
    const written = slot.nodes
      .map((child) => ({ child, json: jsonOf(types, child) }))
      .filter(({ child, json }) => json !== undefined || child.extra !== undefined);
    const first = written[0];
    if (first === undefined) continue;
    const key = slot.def === undefined || first.child.type === undefined ? name : jsonName(slot.def, first.child.type);
    if (written.some((item) => item.json !== undefined))
      json[key] = slot.repeats ? written.map((item) => item.json ?? null) : first.json;
    if (written.some(({ child }) => child.extra !== undefined))
      json[`_${key}`] = slot.repeats ? written.map(({ child }) => child.extra ?? null) : first.child.extra;
  }
  if (Object.keys(json).length === 0) return node.value;
  // A primitive with children is one that a map filled through `.value`.
  if (types.isPrimitive(node.type)) return json['value'] ?? node.value;
  return json;
}

/** The node as a value that sources and expressions can read. */
export const valueOfNode = (types: TypeTable, node: Node): Value => {
  const json = jsonOf(types, node);
  return {
    json: isObject(json) || isPrimitive(json) ? json : {},
    ...(node.type === undefined ? {} : { type: node.type }),
    ...(node.extra === undefined ? {} : { extra: node.extra }),
  };
};

/** The slot of an element, made when it is not there yet. Throws for an element that the type does not have. */
export function slotOf(
  types: TypeTable,
  node: Node,
  element: string,
): { readonly slot: Slot; readonly fixed?: string } {
  refuseUnsafe(element);
  const type = types.get(node.type);
  const found = type === undefined ? undefined : types.element(type, element);
  if (type !== undefined && found === undefined && !(type.kind === 'primitive' && element === 'value'))
    throw new TargetError(`${type.name} has no element “${element}”`);
  const name = found?.def.name ?? element;
  const standing = node.children.get(name);
  const slot = standing ?? {
    nodes: [],
    repeats: found?.def.repeats ?? false,
    ...(found === undefined ? {} : { def: found.def }),
  };
  if (standing === undefined) node.children.set(name, slot);
  return { slot, ...(found?.fixed === undefined ? {} : { fixed: found.fixed }) };
}
