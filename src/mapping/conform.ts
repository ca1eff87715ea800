/**
 * Makes a node fit the element it is written to: the type of a choice, and the conversions between primitives that are
 * implied (fml.md of FHIR R4 §7.8: "implicit conversion"). What does not fit is an error, never a silent change.
 */
import { nodeFrom, nodeOf, TargetError, valueOfNode, jsonOf, type Node, type Slot } from './tree.ts';
import { isObject, type Primitive } from './value.ts';
import type { TypeTable } from './types.ts';

const date = String.raw`\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?`;
const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?`;
const zone = String.raw`(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

/** Lexical forms of R4 (datatypes §2.24.0.1), with leading zeros, as forms send them. Types that are not here take any text. */
const forms: Readonly<Record<string, RegExp>> = {
  boolean: /^(?:true|false)$/u,
  integer: /^-?\d+$/u,
  unsignedInt: /^\d+$/u,
  positiveInt: /^0*[1-9]\d*$/u,
  decimal: /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/u,
  date: new RegExp(`^${date}$`, 'u'),
  dateTime: new RegExp(`^(?:${date}|\\d{4}-\\d{2}-\\d{2}T${time}${zone})$`, 'u'),
  instant: new RegExp(`^\\d{4}-\\d{2}-\\d{2}T${time}${zone}$`, 'u'),
  time: new RegExp(`^${time}$`, 'u'),
  code: /^\S+(?: \S+)*$/u,
  id: /^[A-Za-z0-9\-.]{1,64}$/u,
  oid: /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/u,
  uuid: /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u,
  base64Binary: /^(?:\s*[0-9a-zA-Z+/=]){4,}\s*$/u,
};

const numbers = new Set(['integer', 'unsignedInt', 'positiveInt', 'decimal']);

/** A primitive as another primitive type, or undefined when it does not parse. */
export function castPrimitive(value: Primitive, type: string): Primitive | undefined {
  const text = String(value);
  const form = forms[type];
  if (form !== undefined && !form.test(text)) {
    // A dateTime is cut to a date, and 1.0 is an integer only when it was written so.
    if (type === 'date' && forms['dateTime']?.test(text) === true) return text.slice(0, 10);
    return undefined;
  }
  if (numbers.has(type)) return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

const reinterpret = (types: TypeTable, node: Node, type: string): Node => {
  const { json } = valueOfNode(types, node);
  return isObject(json) ? nodeFrom(types, { json, type }) : node;
};

/** FHIR's widening of one primitive to another that a choice offers. */
const widenings: Readonly<Record<string, readonly string[]>> = {
  id: ['string', 'code'],
  code: ['string'],
  uri: ['string'],
  url: ['uri', 'string'],
  canonical: ['uri', 'string'],
  uuid: ['uri', 'string'],
  oid: ['uri', 'string'],
  markdown: ['string'],
  string: ['markdown'],
  integer: ['decimal'],
  unsignedInt: ['integer', 'decimal'],
  positiveInt: ['integer', 'unsignedInt', 'decimal'],
  date: ['dateTime'],
  instant: ['dateTime'],
};

const plainTypes = (value: Primitive): readonly string[] => {
  if (typeof value === 'boolean') return ['boolean'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'decimal'] : ['decimal'];
  return ['string', 'dateTime', 'date', 'time', 'instant', 'uri', 'code'];
};

function choose(types: TypeTable, node: Node, offered: readonly string[], element: string): Node {
  if (node.type !== undefined && offered.includes(node.type)) return node;
  if (node.value === undefined) {
    const only = offered.filter((type) => !types.isPrimitive(type));
    if (node.type === undefined && only.length === 1 && only[0] !== undefined) return reinterpret(types, node, only[0]);
    throw new TargetError(
      `${element} does not take ${node.type ?? 'an object without type'}; it takes ${offered.join(', ')}`,
    );
  }
  const value = node.value;
  const wanted = [
    ...(widenings[node.type ?? ''] ?? []),
    ...(node.type === undefined || node.type === 'string' ? plainTypes(value) : []),
  ];
  for (const type of wanted) {
    const cast = offered.includes(type) ? castPrimitive(value, type) : undefined;
    if (cast !== undefined) return { ...node, type, value: cast };
  }
  throw new TargetError(`${element} does not take ${node.type ?? 'this value'}; it takes ${offered.join(', ')}`);
}

/** The node as the element takes it. */
export function conform(types: TypeTable, node: Node, slot: Slot, element: string, fixed?: string): Node {
  if (slot.def === undefined) return node;
  const { def } = slot;
  if (def.choice && fixed === undefined) return choose(types, node, def.types, element);
  const expected = fixed ?? def.types[0];
  if (expected === undefined || node.type === expected) return node;
  if (expected === 'Resource') {
    if (types.isResource(node.type)) return node;
    throw new TargetError(`${element} takes a resource, not ${node.type ?? 'an object without resourceType'}`);
  }
  if (types.isPrimitive(expected)) return asPrimitive(types, node, expected, element);
  if (types.get(expected) === undefined) return node;
  if (node.value !== undefined) return wrapped(node, expected, element);
  if (node.type === undefined || types.get(node.type)?.kind === 'logical') return reinterpret(types, node, expected);
  // Age, Duration, … are Quantities; a profile's name stands for its base.
  const own = types.get(node.type);
  const wide = types.get(expected);
  if (
    own !== undefined &&
    wide !== undefined &&
    wide.kind === 'complex' &&
    isQuantity(node.type) &&
    isQuantity(expected)
  )
    return { ...node, type: expected };
  throw new TargetError(`${element} takes ${expected}, not ${node.type}`);
}

const isQuantity = (type: string): boolean =>
  ['Quantity', 'Age', 'Count', 'Distance', 'Duration', 'MoneyQuantity'].includes(type);

function asPrimitive(types: TypeTable, node: Node, expected: string, element: string): Node {
  // `subject.reference = reference(r)` and `subject = reference(r)` are both in use.
  const bare = node.type === 'Reference' ? node.children.get('reference')?.nodes[0] : node;
  const json = bare === undefined ? undefined : jsonOf(types, bare);
  if (bare === undefined || json === undefined || isObject(json)) {
    if (bare !== undefined && json === undefined) return { ...bare, type: expected };
    throw new TargetError(`${element} takes ${expected}, not ${node.type ?? 'an object'}`);
  }
  const value = castPrimitive(json as Primitive, expected);
  if (value === undefined) throw new TargetError(`the value for ${element} is no ${expected}`);
  return { type: expected, value, children: new Map(), ...(bare.extra === undefined ? {} : { extra: bare.extra }) };
}

/** code → CodeableConcept and uri → Reference are the two that FHIR's reference implementation makes. */
function wrapped(node: Node, expected: string, element: string): Node {
  const wrap = (outer: Node, name: string, repeats: boolean, inner: Node): Node => {
    outer.children.set(name, { nodes: [inner], repeats });
    return outer;
  };
  if (expected === 'CodeableConcept' && node.type === 'code')
    return wrap(nodeOf('CodeableConcept'), 'coding', true, wrap(nodeOf('Coding'), 'code', false, node));
  if (expected === 'Reference' && (node.type === 'uri' || node.type === 'url'))
    return wrap(nodeOf('Reference'), 'reference', false, node);
  throw new TargetError(`${element} takes ${expected}, not ${node.type ?? 'a primitive'}`);
}
