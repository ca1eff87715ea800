/** The transforms of FML (R4 §7.8.0.8.4), one entry each. */
import type { Evaluate } from './expression.ts';
import { RuleError } from './faults.ts';
import type { ConceptMap } from './model.ts';
import { castPrimitive } from './conform.ts';
import { translate } from './translate.ts';
import { nodeFrom, nodeOf, type Node } from './tree.ts';
import type { TypeTable } from './types.ts';
import { isObject, isPrimitive, type Primitive, type Value } from './value.ts';

/** A parameter as the rule gives it: a value, and the node when it is a target. */
export type Argument = { readonly values: readonly Value[]; readonly node?: Node; readonly text?: string };

type TransformContext = {
  readonly types: TypeTable;
  readonly evaluate: (expression: string, context?: Value) => ReturnType<Evaluate>;
  readonly findConceptMap: (canonical: string) => ConceptMap | undefined;
  readonly resolveType: (name: string) => string;
  readonly uuid: () => string;
  /** Type of the element that is written, when it has one only. */
  readonly elementType: string | undefined;
};

type TransformFunction = (context: TransformContext, parameters: readonly Argument[]) => readonly Node[];

const primitiveOf = (argument: Argument | undefined, what: string): Primitive | undefined => {
  const [first, second] = argument?.values ?? [];
  if (second !== undefined) throw new RuleError(`${what} is given more than one value`);
  if (first === undefined) return undefined;
  if (!isPrimitive(first.json)) throw new RuleError(`${what} is no primitive`);
  return first.json;
};

const textOf = (argument: Argument | undefined, what: string): string | undefined => {
  const primitive = primitiveOf(argument, what);
  return primitive === undefined ? undefined : String(primitive);
};

const required = (argument: Argument | undefined, what: string): string => {
  const text = textOf(argument, what);
  if (text === undefined) throw new RuleError(`${what} is missing`);
  return text;
};

const primitive = (type: string, value: Primitive): Node => ({ ...nodeOf(type), value });

const object = (types: TypeTable, type: string, json: Readonly<Record<string, unknown>>): Node =>
  nodeFrom(types, { json: Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined)), type });

const create: TransformFunction = ({ types, resolveType, elementType }, [type]) => {
  const written = textOf(type, 'the type of create') ?? elementType;
  if (written === undefined)
    throw new RuleError('create without a type is possible only where the element has one type');
  const known = types.resolve(resolveType(written));
  if (known === undefined) throw new RuleError(`create: the type ${written} is not known`);
  return [nodeOf(known.name)];
};

const copy: TransformFunction = ({ types }, parameters) =>
  parameters.flatMap(({ values }) => values.map((value) => nodeFrom(types, value)));

const truncate: TransformFunction = (_, [text, length]) => {
  const whole = textOf(text, 'the text of truncate');
  const characters = Number(required(length, 'the length of truncate'));
  if (!Number.isInteger(characters) || characters < 0) throw new RuleError('the length of truncate is no whole number');
  return whole === undefined ? [] : [primitive('string', Array.from(whole).slice(0, characters).join(''))];
};

const cast: TransformFunction = ({ elementType }, [value, type]) => {
  const from = primitiveOf(value, 'the value of cast');
  const wanted = textOf(type, 'the type of cast') ?? elementType;
  if (from === undefined) return [];
  if (wanted === undefined) throw new RuleError('cast without a type is possible only where the element has one type');
  const result = castPrimitive(from, wanted);
  if (result === undefined) throw new RuleError(`the value of cast is no ${wanted}`);
  return [primitive(wanted, result)];
};

const append: TransformFunction = (_, parameters) => [
  primitive('string', parameters.map((parameter) => textOf(parameter, 'a part of append') ?? '').join('')),
];

const evaluate: TransformFunction = ({ types, evaluate }, [first, second]) => {
  const [context, expression] = second === undefined ? [undefined, first] : [first, second];
  if (expression?.text === undefined) throw new RuleError('evaluate needs an expression');
  const subjects = context === undefined ? [undefined] : context.values;
  return subjects.flatMap((subject) => evaluate(expression.text ?? '', subject)).map((value) => nodeFrom(types, value));
};

const translateCode: TransformFunction = ({ types, findConceptMap }, [value, map, output]) => {
  const canonical = required(map, 'the ConceptMap of translate');
  const form = textOf(output, 'the output of translate') ?? 'code';
  return (value?.values ?? []).flatMap((from) => {
    const { system, code, display } = translate(from, canonical, findConceptMap);
    switch (form) {
      case 'code':
        return code === undefined ? [] : [primitive('code', code)];
      case 'system':
        return system === undefined ? [] : [primitive('uri', system)];
      case 'display':
        return display === undefined ? [] : [primitive('string', display)];
      case 'Coding':
      case 'coding':
        return [object(types, 'Coding', { system, code, display })];
      case 'CodeableConcept':
        return [object(types, 'CodeableConcept', { coding: [JSON.parse(JSON.stringify({ system, code, display }))] })];
      default:
        throw new RuleError(`translate has no output “${form}”`);
    }
  });
};

/** The id of a resource that is read or built; one that is built gets one when it has none. */
const idOf = (
  context: TransformContext,
  argument: Argument | undefined,
  what: string,
): { type: string; id: string } => {
  const { types, uuid } = context;
  const node = argument?.node;
  const value = argument?.values[0];
  const type = node?.type ?? value?.type;
  if (type === undefined || !types.isResource(type)) throw new RuleError(`${what} needs a resource`);
  if (node !== undefined) {
    const standing = node.children.get('id')?.nodes[0]?.value;
    if (standing !== undefined) return { type, id: String(standing) };
    const id = uuid();
    node.children.set('id', { nodes: [primitive('id', id)], repeats: false });
    return { type, id };
  }
  const id = isObject(value?.json) ? value.json['id'] : undefined;
  if (typeof id !== 'string') throw new RuleError(`${what}: the resource has no id`);
  return { type, id };
};

const reference: TransformFunction = (context, [resource]) => {
  const { type, id } = idOf(context, resource, 'reference');
  return [object(context.types, 'Reference', { reference: `${type}/${id}` })];
};

const pointer: TransformFunction = (context, [resource]) => [
  primitive('uri', `urn:uuid:${idOf(context, resource, 'pointer').id}`),
];

const coding = (parameters: readonly Argument[]): Record<string, unknown> => ({
  system: textOf(parameters[0], 'the system'),
  code: textOf(parameters[1], 'the code'),
  display: textOf(parameters[2], 'the display'),
});

const cc: TransformFunction = ({ types }, parameters) => {
  if (parameters.length === 1)
    return [object(types, 'CodeableConcept', { text: required(parameters[0], 'the text of cc') })];
  return [object(types, 'CodeableConcept', { coding: [JSON.parse(JSON.stringify(coding(parameters)))] })];
};

const c: TransformFunction = ({ types }, parameters) => [object(types, 'Coding', coding(parameters))];

const number = (text: string): number => {
  const value = castPrimitive(text, 'decimal');
  if (typeof value !== 'number') throw new RuleError('the value of qty is no decimal');
  return value;
};

const qty: TransformFunction = ({ types }, parameters) => {
  if (parameters.length === 1) {
    const written = /^\s*(<=|>=|<|>)?\s*(\S+?)\s*(?:(?<=[\d\s])([^\d\s].*))?$/u.exec(
      required(parameters[0], 'the text of qty'),
    );
    if (written === null) throw new RuleError('the text of qty is no quantity');
    const [, comparator, value = '', unit] = written;
    return [object(types, 'Quantity', { value: number(value), comparator, unit })];
  }
  const value = textOf(parameters[0], 'the value of qty');
  if (value === undefined) return [];
  return [
    object(types, 'Quantity', {
      value: number(value),
      unit: textOf(parameters[1], 'the unit of qty'),
      system: textOf(parameters[2], 'the system of qty'),
      code: textOf(parameters[3], 'the code of qty'),
    }),
  ];
};

const id: TransformFunction = ({ types }, [system, value, type]) => {
  const typeCode = textOf(type, 'the type of id');
  const coding = { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: typeCode };
  return [
    object(types, 'Identifier', {
      type: typeCode === undefined ? undefined : { coding: [coding] },
      system: textOf(system, 'the system of id'),
      value: required(value, 'the value of id'),
    }),
  ];
};

const contactSystem = (value: string): string => {
  if (/^https?:/u.test(value)) return 'url';
  return value.includes('@') ? 'email' : 'phone';
};

const cp: TransformFunction = ({ types }, parameters) => {
  const value = required(parameters[parameters.length - 1], 'the value of cp');
  const system = parameters.length > 1 ? textOf(parameters[0], 'the system of cp') : contactSystem(value);
  return [object(types, 'ContactPoint', { system, value })];
};

export const transforms: Readonly<Record<string, TransformFunction>> = {
  create,
  copy,
  truncate,
  cast,
  append,
  evaluate,
  translate: translateCode,
  reference,
  pointer,
  uuid: ({ uuid }) => [primitive('uuid', uuid())],
  cc,
  c,
  qty,
  id,
  cp,
};
