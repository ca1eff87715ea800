/** The transforms of FML (fml.md §7), one entry each. */
import { isObject } from '../../../src/definitions/item.ts';
import { isAbstract, type TypeDef, type TypeTable } from '../../../src/definitions/types.ts';
import type { ConceptMap } from '../../../src/fml/model.ts';
import { castPrimitive } from './conform.ts';
import { Fault } from './stopped.ts';
import { translate } from './translate.ts';
import { emptyNode, nodeFrom, primitiveNode, type Node } from './tree.ts';
import { escapeText, momentOf, unixMoment } from './writing.ts';
import { isPrimitive, isVoid, type Primitive, type Value } from './values.ts';

/** A parameter: what it holds, and the node when it is something that is being built. */
export type Argument = { readonly values: readonly Value[]; readonly node?: Node };

export type Surroundings = {
  readonly types: TypeTable;
  readonly findConceptMap: (canonical: string) => ConceptMap | undefined;
  readonly typeNamed: (written: string) => TypeDef | undefined;
  /** What `create()` without a parameter makes, if that is clear. */
  readonly typeOfElement: TypeDef | undefined;
  readonly uuid: () => string;
};

type TransformFunction = (surroundings: Surroundings, parameters: readonly Argument[]) => readonly Node[];

const wrong = (message: string): Fault => new Fault('wrong-parameters', message);

function primitiveOf(argument: Argument | undefined, what: string): Primitive | undefined {
  const [first, second] = argument?.values ?? [];
  if (second !== undefined) throw new Fault('several-values', `${what} is given more than one value`);
  if (first?.json === undefined) return undefined;
  if (!isPrimitive(first.json)) throw new Fault('wrong-type', `${what} is no primitive`);
  return first.json;
}

function textOf(argument: Argument | undefined, what: string): string | undefined {
  const primitive = primitiveOf(argument, what);
  return primitive === undefined ? undefined : String(primitive);
}

function required(argument: Argument | undefined, what: string): string {
  const text = textOf(argument, what);
  if (text === undefined) throw new Fault('no-value', `${what} is missing`);
  return text;
}

const primitive = (types: TypeTable, type: string, value: Primitive): Node => primitiveNode(types.get(type), value);

const withoutHoles = (json: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));

function object(types: TypeTable, name: string, json: Readonly<Record<string, unknown>>): Node {
  const type = types.get(name);
  return nodeFrom(types, { json: withoutHoles(json), ...(type === undefined ? {} : { type }) });
}

const create: TransformFunction = ({ typeNamed, typeOfElement }, [name]) => {
  const written = textOf(name, 'the type of create');
  const type = written === undefined ? typeOfElement : typeNamed(written);
  if (type === undefined)
    throw written === undefined
      ? wrong('create() has no type, and the element has not one only')
      : new Fault('unknown-type', `no type ${written}`);
  if (isAbstract(type)) throw new Fault('unknown-type', `no ${type.name} as such`);
  return [emptyNode(type)];
};

const copy: TransformFunction = ({ types }, parameters) =>
  parameters.flatMap(({ values }) => values.filter(({ json }) => !isVoid(json)).map((value) => nodeFrom(types, value)));

const truncate: TransformFunction = ({ types }, [text, length]) => {
  const whole = textOf(text, 'the text of truncate');
  const characters = Number(required(length, 'the length of truncate'));
  if (!Number.isInteger(characters) || characters < 0) throw wrong('the length of truncate is no whole number');
  return whole === undefined ? [] : [primitive(types, 'string', Array.from(whole).slice(0, characters).join(''))];
};

const cast: TransformFunction = ({ types, typeOfElement }, [value, type]) => {
  const from = primitiveOf(value, 'the value of cast');
  const wanted = textOf(type, 'the type of cast') ?? typeOfElement?.name;
  if (from === undefined) return [];
  if (wanted === undefined) throw wrong('cast has no type, and the element has not one only');
  const result = castPrimitive(from, wanted);
  if (result === undefined) throw new Fault('cast-failed', `the value is no ${wanted}`);
  return [primitive(types, wanted, result)];
};

const append: TransformFunction = ({ types }, parameters) => {
  const text = parameters.map((part) => textOf(part, 'a part of append') ?? '').join('');
  return text === '' ? [] : [primitive(types, 'string', text)];
};

const translateCode: TransformFunction = ({ types, findConceptMap, typeOfElement }, [value, map, output]) => {
  const canonical = required(map, 'the ConceptMap of translate');
  const wanted = ['Coding', 'CodeableConcept'].find((name) => name === typeOfElement?.name) ?? 'code';
  const form = textOf(output, 'the output of translate') ?? wanted;
  return (value?.values ?? []).flatMap((from) => {
    const found = translate(from, canonical, findConceptMap);
    if (found === undefined) return [];
    const { system, code, display } = found;
    switch (form) {
      case 'code':
        return code === undefined ? [] : [primitive(types, 'code', code)];
      case 'system':
        return system === undefined ? [] : [primitive(types, 'uri', system)];
      case 'display':
        return display === undefined ? [] : [primitive(types, 'string', display)];
      case 'Coding':
      case 'coding':
        return [object(types, 'Coding', found)];
      case 'CodeableConcept':
        return [object(types, 'CodeableConcept', { coding: [found] })];
      default:
        throw wrong(`translate has no output “${form}”`);
    }
  });
};

/** Type and id of a resource; one that is being built gets an id when it has none. */
function identityOf({ types, uuid }: Surroundings, argument: Argument | undefined): { type: string; id: string } {
  const [value] = argument?.values ?? [];
  const type = argument?.node?.type ?? value?.type;
  if (type?.kind !== 'resource') throw new Fault('wrong-type', 'only a resource can be referred to');
  const json = isObject(value?.json) ? value.json : {};
  if (typeof json['id'] === 'string') return { type: type.name, id: json['id'] };
  if (argument?.node === undefined) throw new Fault('no-value', 'the resource has no id');
  const id = uuid();
  const def = type.elements.get('id');
  argument.node.slots.set('id', {
    nodes: [primitive(types, 'id', id)],
    repeats: false,
    ...(def === undefined ? {} : { def }),
  });
  return { type: type.name, id };
}

const reference: TransformFunction = (surroundings, [resource]) => {
  const { type, id } = identityOf(surroundings, resource);
  return [object(surroundings.types, 'Reference', { reference: `${type}/${id}` })];
};

const pointer: TransformFunction = (surroundings, [resource]) => [
  primitive(surroundings.types, 'uri', `urn:uuid:${identityOf(surroundings, resource).id}`),
];

const codingOf = (parameters: readonly Argument[]): Readonly<Record<string, unknown>> =>
  withoutHoles({
    system: textOf(parameters[0], 'the system'),
    code: textOf(parameters[1], 'the code'),
    display: textOf(parameters[2], 'the display'),
  });

const cc: TransformFunction = ({ types }, parameters) => {
  const text = parameters.length === 1 ? textOf(parameters[0], 'the text of cc') : undefined;
  const coding = parameters.length === 1 ? {} : codingOf(parameters);
  if (text !== undefined) return [object(types, 'CodeableConcept', { text })];
  return Object.keys(coding).length === 0 ? [] : [object(types, 'CodeableConcept', { coding: [coding] })];
};

const c: TransformFunction = ({ types }, parameters) => {
  const coding = codingOf(parameters);
  return Object.keys(coding).length === 0 ? [] : [object(types, 'Coding', coding)];
};

const decimal = (text: string): number => {
  const value = castPrimitive(text, 'decimal');
  if (typeof value !== 'number') throw new Fault('cast-failed', 'the value of qty is no decimal');
  return value;
};

const qty: TransformFunction = ({ types }, parameters) => {
  if (parameters.length === 1) {
    const text = textOf(parameters[0], 'the text of qty');
    if (text === undefined) return [];
    const written = /^\s*(<=|>=|<|>)?\s*([+-]?\d[\d.]*(?:[eE][+-]?\d+)?)\s*(\S.*?)?\s*$/u.exec(text);
    if (written === null) throw new Fault('cast-failed', 'the text of qty is no quantity');
    const [, comparator, value = '', unit] = written;
    return [object(types, 'Quantity', { value: decimal(value), comparator, unit })];
  }
  const value = textOf(parameters[0], 'the value of qty');
  if (value === undefined) return [];
  return [
    object(types, 'Quantity', {
      value: decimal(value),
      unit: textOf(parameters[1], 'the unit of qty'),
      system: textOf(parameters[2], 'the system of qty'),
      code: textOf(parameters[3], 'the code of qty'),
    }),
  ];
};

const id: TransformFunction = ({ types }, [system, given, type]) => {
  const value = textOf(given, 'the value of id');
  if (value === undefined) return [];
  const code = textOf(type, 'the type of id');
  const coding = { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code };
  return [
    object(types, 'Identifier', {
      type: code === undefined ? undefined : { coding: [coding] },
      system: textOf(system, 'the system of id'),
      value,
    }),
  ];
};

const contactSystem = (value: string): string => {
  if (/^https?:/u.test(value)) return 'url';
  return value.includes('@') ? 'email' : 'phone';
};

const cp: TransformFunction = ({ types }, parameters) => {
  const value = textOf(parameters.at(-1), 'the value of cp');
  if (value === undefined) return [];
  const system = parameters.length > 1 ? textOf(parameters[0], 'the system of cp') : contactSystem(value);
  return [object(types, 'ContactPoint', { system, value })];
};

const escape: TransformFunction = ({ types }, [text, first, second]) => {
  const whole = textOf(text, 'the text of escape');
  if (whole === undefined) return [];
  const format = required(first, 'the format of escape');
  const written =
    second === undefined
      ? escapeText(whole, 'plain', format)
      : escapeText(whole, format, required(second, 'the second format of escape'));
  return [primitive(types, 'string', written)];
};

type Moment = 'date' | 'dateTime' | 'time';

const moment =
  (as: Moment): TransformFunction =>
  ({ types }, [text, format]) => {
    const written = textOf(text, 'the text of a date');
    return written === undefined
      ? []
      : [primitive(types, as, momentOf(written, textOf(format, 'the format of a date'), as))];
  };

const unix =
  (as: Moment): TransformFunction =>
  ({ types }, [seconds, zone]) => {
    const written = textOf(seconds, 'the Unix time');
    if (written === undefined) return [];
    return [primitive(types, as, unixMoment(decimal(written), textOf(zone, 'the zone') ?? 'Z', as))];
  };

/** R4's name for the one of `toDate`, `toDateTime`, `toTime` that fits the element. */
const dateOp: TransformFunction = (surroundings, parameters) => {
  const name = surroundings.typeOfElement?.name;
  return moment(name === 'date' || name === 'time' ? name : 'dateTime')(surroundings, parameters);
};

/** The least and the most parameters of each. */
export const parameterCounts: Readonly<Record<string, readonly [number, number]>> = {
  create: [0, 1],
  copy: [1, 1],
  truncate: [2, 2],
  escape: [2, 3],
  cast: [1, 2],
  append: [1, Infinity],
  translate: [2, 3],
  reference: [1, 1],
  dateOp: [1, 2],
  uuid: [0, 0],
  pointer: [1, 1],
  evaluate: [1, 2],
  cc: [1, 3],
  c: [2, 3],
  qty: [1, 4],
  id: [2, 3],
  cp: [1, 2],
};

/** Without `evaluate`, whose parameter is an expression: that is the interpreter's own. */
export const transforms: Readonly<Record<string, TransformFunction>> = {
  create,
  copy,
  truncate,
  cast,
  append,
  translate: translateCode,
  reference,
  pointer,
  uuid: ({ types, uuid }) => [primitive(types, 'uuid', uuid())],
  cc,
  c,
  qty,
  id,
  cp,
  escape,
  dateOp,
  toDate: moment('date'),
  toDateTime: moment('dateTime'),
  toTime: moment('time'),
  unixToDate: unix('date'),
  unixToDateTime: unix('dateTime'),
  unixToTime: unix('time'),
};
