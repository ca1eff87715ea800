/**
 * What a map builds: a tree of nodes, written out as JSON at the end. Lists come from the definition, the JSON name of a
 * choice from the type of what stands in it, and what stayed empty is not written.
 */
import { isObject, type JsonObject } from '../../../src/definitions/item.ts';
import type { ElementDef, TypeDef, TypeTable } from '../../../src/definitions/types.ts';
import { Fault } from './stopped.ts';
import { isPrimitive, valueOf, type Primitive, type Value } from './values.ts';

/** The content of one element. `def` is absent in plain JSON. */
export type Slot = {
  nodes: Node[];
  repeats: boolean;
  readonly def?: ElementDef;
  /** How many of a list came by the list modes `first` and `last`. */
  firsts?: number;
  lasts?: number;
};

export type Node = {
  type?: TypeDef;
  value?: Primitive;
  /** Id and extensions that a primitive was copied with. */
  extra?: JsonObject;
  readonly slots: Map<string, Slot>;
};

export const emptyNode = (type?: TypeDef): Node => ({ ...(type === undefined ? {} : { type }), slots: new Map() });

export const primitiveNode = (type: TypeDef | undefined, value: Primitive): Node => ({ ...emptyNode(type), value });

/** A deep copy of a value. */
export function nodeFrom(types: TypeTable, { json, type, extra }: Value): Node {
  const node = emptyNode(type);
  if (extra !== undefined) node.extra = extra;
  if (isPrimitive(json)) node.value = json;
  if (isObject(json)) for (const key of Object.keys(json)) copyKey(types, node, json, key);
  return node;
}

function copyKey(types: TypeTable, node: Node, json: JsonObject, key: string): void {
  if (key === 'resourceType' && node.type?.kind === 'resource') return;
  // The `_` twin goes along with its primitive, and stands alone where there is no value.
  const twinOf = key.startsWith('_') && node.type !== undefined ? key.slice(1) : undefined;
  if (twinOf !== undefined && Object.hasOwn(json, twinOf)) return;
  const name = twinOf ?? key;
  refuseUnsafe(name);
  const found = node.type === undefined ? undefined : types.element(node.type, name);
  const type = found?.key?.type ?? (found?.def.choice === true ? undefined : found?.def.types[0]);
  const items: unknown = json[name];
  const extras: unknown = node.type === undefined ? undefined : json[`_${name}`];
  const count = Math.max(...[items, extras].map((each) => (Array.isArray(each) ? each.length : 1)));
  const at = (each: unknown, index: number): unknown => (Array.isArray(each) ? (each as unknown[])[index] : each);
  const nodes = Array.from({ length: count }, (_, index) => {
    const value = valueOf(types, at(items, index), type, at(extras, index));
    return value === undefined ? emptyNode(type) : nodeFrom(types, value);
  });
  node.slots.set(found?.def.name ?? name, {
    nodes,
    repeats: found?.def.repeats ?? Array.isArray(items),
    ...(found === undefined ? {} : { def: found.def }),
  });
}

function refuseUnsafe(name: string): void {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype')
    throw new Fault('unknown-element', `“${name}” is not allowed as the name of an element`);
}

export type OpenSlot = {
  readonly slot: Slot;
  /** The name that was written fixed one type of a choice; the `value` of a primitive has the primitive's type. */
  readonly fixed?: TypeDef;
};

/** The slot of an element by name (`value`) or by its JSON name (`valueQuantity`). */
export function slotOf(types: TypeTable, node: Node, element: string): OpenSlot {
  refuseUnsafe(element);
  const found = node.type === undefined ? undefined : types.element(node.type, element);
  if (node.type !== undefined && node.type.elements.size > 0 && !node.type.open && found === undefined)
    throw new Fault('unknown-element', `${node.type.name} has no element “${element}”`);
  const name = found?.def.name ?? element;
  const standing = node.slots.get(name);
  const slot = standing ?? {
    nodes: [],
    repeats: found?.def.repeats ?? false,
    ...(found === undefined ? {} : { def: found.def }),
  };
  node.slots.set(name, slot);
  const fixed = node.type?.kind === 'primitive' && name === 'value' ? node.type : found?.key?.type;
  return { slot, ...(fixed === undefined ? {} : { fixed }) };
}

/** What the element takes: the one type that its JSON name fixed, else those of the definition. */
export const typesOf = ({ slot, fixed }: OpenSlot): readonly TypeDef[] =>
  fixed === undefined ? (slot.def?.types ?? []) : [fixed];

/** Which node a JSON object was written from: what an expression finds in the output is the output itself. */
const writtenFrom = new WeakMap<object, Node>();

export const nodeOf = ({ json }: Value): Node | undefined => (isObject(json) ? writtenFrom.get(json) : undefined);

/** A node as JSON, `extra` being what goes into the `_` twin. Undefined when nothing is in it; a resource is something. */
export function jsonOf(node: Node): { readonly json?: unknown; readonly extra?: JsonObject } {
  const written: Record<string, unknown> = {};
  for (const [name, { nodes, repeats, def }] of node.slots) {
    const items = nodes
      .map((child) => ({ child, ...jsonOf(child) }))
      .filter(({ json, extra }) => json !== undefined || extra !== undefined);
    const [first] = items;
    if (first === undefined) continue;
    const key = def?.choice === true ? (def.keys.find(({ type }) => type === first.child.type)?.key ?? name) : name;
    if (items.some(({ json }) => json !== undefined))
      written[key] = repeats ? items.map(({ json }) => json ?? null) : first.json;
    if (items.some(({ extra }) => extra !== undefined))
      written[`_${key}`] = repeats ? items.map(({ extra }) => extra ?? null) : first.extra;
  }
  if (node.type?.kind === 'primitive') {
    // Filled through `.value`, or with an extension of its own.
    // Of what is put into `value`, the value alone.
    const { value = node.value, _value: _, ...others } = written;
    const extra = { ...node.extra, ...others };
    return {
      ...(value === undefined ? {} : { json: value }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
  }
  const isResource = node.type?.kind === 'resource';
  const json: JsonObject = isResource ? { resourceType: node.type?.name, ...written } : written;
  writtenFrom.set(json, node);
  if (isResource || Object.keys(json).length > 0) return { json };
  return {
    ...(node.value === undefined ? {} : { json: node.value }),
    ...(node.extra === undefined ? {} : { extra: node.extra }),
  };
}

/** What rules and expressions read of something that is being built. */
export function valueOfNode(node: Node): Value {
  const { json, extra } = jsonOf(node);
  const isAPrimitive = node.type?.kind === 'primitive';
  return {
    json: isPrimitive(json) || isObject(json) ? json : isAPrimitive ? undefined : {},
    ...(node.type === undefined ? {} : { type: node.type }),
    ...(extra === undefined ? {} : { extra }),
  };
}

/** Whether `inner` is `outer` or stands somewhere in it. */
export const standsIn = (inner: Node, outer: Node): boolean =>
  inner === outer || [...outer.slots.values()].some(({ nodes }) => nodes.some((node) => standsIn(inner, node)));
