/** Primitives as other primitives: the lexical forms of R4, and which type widens to which. */
import type { TypeDef } from '../../definitions/types.ts';

export type Primitive = string | number | boolean;

export const isPrimitive = (json: unknown): json is Primitive =>
  typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean';

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
  base64Binary: /^\s*[0-9a-zA-Z+/=][0-9a-zA-Z+/=\s]{3,}$/u,
};

const numbers = new Set(['integer', 'unsignedInt', 'positiveInt', 'decimal']);

/** R4's integers have 32 bits. */
const numberIn = (text: string, type: string): number | undefined => {
  const number = Number(text);
  return type === 'decimal' || (number >= -(2 ** 31) && number < 2 ** 31) ? number : undefined;
};

/** A primitive as another primitive type, or undefined when it does not parse. A dateTime is cut to a date. */
export function castPrimitive(value: Primitive, type: string): Primitive | undefined {
  const form = forms[type];
  if (form === undefined) return String(value);
  const text = String(value);
  if (!form.test(text))
    return type === 'date' && forms['dateTime']?.test(text) === true ? text.slice(0, 10) : undefined;
  if (numbers.has(type)) return numberIn(text, type);
  return type === 'boolean' ? text === 'true' : text;
}

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

/** The types under which a choice may take a primitive, the best first; text without a type of its own may be many things. */
export function typesOfChoice(value: Primitive, type: TypeDef | undefined): readonly string[] {
  const name = type?.name;
  const wider = name === undefined ? [] : (widenings[name] ?? []);
  return name === undefined || name === 'string' ? [...wider, ...plainTypes(value)] : wider;
}
