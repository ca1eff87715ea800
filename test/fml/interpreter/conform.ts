/**
 * Makes a node fit the element that it is written to (fml.md §5): the type of a choice, and the conversions between
 * primitives. What does not fit is an error, never a silent change.
 */
import { isObject } from '../../../src/definitions/item.ts';
import { isA, type TypeDef, type TypeTable } from '../../../src/definitions/types.ts';
import { Fault } from './stopped.ts';
import { emptyNode, jsonOf, nodeFrom, typesOf, type Node, type OpenSlot } from './tree.ts';
import { isPrimitive, type Primitive } from './values.ts';

const date = String.raw`\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?`;
const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?`;
const zone = String.raw`(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

/** Lexical forms of R4, with leading zeros, as forms send them. A type that is not here takes any text. */
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

/** A primitive as another primitive type; undefined when it does not parse. A dateTime is cut to a date. */
export function castPrimitive(value: Primitive, type: string): Primitive | undefined {
  const text = String(value);
  const form = forms[type];
  if (form !== undefined && !form.test(text))
    return type === 'date' && forms['dateTime']?.test(text) === true ? text.slice(0, 10) : undefined;
  const number = Number(text);
  if (numbers.has(type)) return type === 'decimal' || (number >= -(2 ** 31) && number < 2 ** 31) ? number : undefined;
  return type === 'boolean' ? text === 'true' : text;
}

/** FHIR's widening of one primitive to another that a choice offers, the nearest first. */
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

/** What a text, number or boolean of plain JSON, or a string, may be. */
const readings = (value: Primitive): readonly string[] => {
  if (typeof value === 'boolean') return ['boolean'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'decimal'] : ['decimal'];
  return ['string', 'dateTime', 'date', 'time', 'instant', 'uri', 'code'];
};

/** The node as the element takes it. */
export function conform(types: TypeTable, node: Node, open: OpenSlot, element: string): Node {
  const offered = typesOf(open);
  const [expected] = offered;
  if (expected === undefined || (node.type !== undefined && offered.includes(node.type))) return node;
  const refuse = (): never => {
    throw new Fault(
      'wrong-type',
      `${element} takes ${offered.map(({ name }) => name).join(' or ')}, not ${node.type?.name ?? 'this'}`,
    );
  };
  if (offered.length > 1) return oneOf(types, node, offered) ?? refuse();
  if (expected.name === 'Resource') return node.type?.kind === 'resource' ? node : refuse();
  if (expected.kind === 'primitive') return asPrimitive(node, expected) ?? refuse();
  if (node.value !== undefined) return wrapped(types, node, expected) ?? refuse();
  return asObject(types, node, expected) ?? refuse();
}

function oneOf(types: TypeTable, node: Node, offered: readonly TypeDef[]): Node | undefined {
  const { value, type } = node;
  if (value === undefined) {
    const [object, another] = offered.filter(({ kind }) => kind !== 'primitive');
    return type === undefined && object !== undefined && another === undefined
      ? asObject(types, node, object)
      : undefined;
  }
  const wanted = [
    ...(widenings[type?.name ?? ''] ?? []),
    ...(type === undefined || type.name === 'string' ? readings(value) : []),
  ];
  for (const name of wanted) {
    const into = offered.find((each) => each.name === name);
    const cast = into === undefined ? undefined : castPrimitive(value, name);
    if (into !== undefined && cast !== undefined) return { ...node, type: into, value: cast };
  }
  return undefined;
}

function asPrimitive(node: Node, expected: TypeDef): Node | undefined {
  // `subject.reference = reference(r)` and `subject = reference(r)` are both in use.
  const bare = node.type?.name === 'Reference' ? node.slots.get('reference')?.nodes[0] : node;
  if (bare === undefined) return undefined;
  const { json, extra } = jsonOf(bare);
  if (json === undefined) return bare.type?.kind === 'primitive' ? { ...bare, type: expected } : undefined;
  if (!isPrimitive(json)) return undefined;
  const value = castPrimitive(json, expected.name);
  if (value === undefined) throw new Fault('cast-failed', `the value is no ${expected.name}`);
  return { type: expected, value, slots: new Map(), ...(extra === undefined ? {} : { extra }) };
}

/** code → CodeableConcept and uri → Reference are the two that HAPI makes. */
function wrapped(types: TypeTable, node: Node, expected: TypeDef): Node | undefined {
  const json =
    expected.name === 'CodeableConcept' && node.type?.name === 'code'
      ? { coding: [{ code: node.value }] }
      : expected.name === 'Reference' && (node.type?.name === 'uri' || node.type?.name === 'url')
        ? { reference: node.value }
        : undefined;
  return json === undefined ? undefined : nodeFrom(types, { json, type: expected });
}

/** An object of plain JSON or of a logical model takes the type of the element; Age, Duration, … are Quantities. */
function asObject(types: TypeTable, node: Node, expected: TypeDef): Node | undefined {
  if (node.type === undefined || node.type.kind === 'logical') {
    const { json = {} } = jsonOf(node);
    return isObject(json) ? nodeFrom(types, { json, type: expected }) : emptyNode(expected);
  }
  const bothQuantities = isA(node.type, 'Quantity') && isA(expected, 'Quantity');
  return bothQuantities ? { ...node, type: expected } : undefined;
}
