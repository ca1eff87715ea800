/** The transforms of FML (fml.md §7), one entry each: compiled with their parameters, run for each target that is written. */
import { isObject, Item, nothing } from '../../definitions/item.ts';
import { isAbstract, type TypeDef } from '../../definitions/types.ts';
import { findDefaultGroup } from '../link.ts';
import type { Parameter, Transform } from '../model.ts';
import { compileArgument, heldBy, itemOf, itemsOf, primitiveOf, required, textOf, type Argument } from './argument.ts';
import { readMoment, readUnix, type Moment } from './dates.ts';
import type { Cell } from './element.ts';
import { escapeText } from './escape.ts';
import { Fault } from './fault.ts';
import { broken, itemIn, type Frame, type Names } from './frame.ts';
import { Box, isEmpty, type Json } from './json.ts';
import { castPrimitive, isPrimitive, type Primitive } from './primitive.ts';
import type { Rules } from './scope.ts';
import { Target } from './target.ts';
import { sourceOf, translate, type ConceptTable, type Translation } from './translate.ts';

/** What is to be written: an item (copied), a target (put in place itself), several, or nothing. */
export type Made = Item | Target | readonly Item[] | undefined;

/** `cell` is the element that is written; absent when the value goes into a variable only. */
export type Produce = (frame: Frame, cell: Cell | undefined) => Made;

type Parts = {
  readonly rules: Rules;
  readonly names: Names;
  readonly parameters: readonly Parameter[];
  readonly given: readonly Argument[];
  /** The slot of the rule's last source. */
  readonly source: number;
  /** For the record of unmapped codes. */
  readonly where: string;
};

type TransformDefinition = {
  /** Least and most number of parameters. */
  readonly min: number;
  readonly max: number;
  readonly compile: (parts: Parts) => Produce;
};

const typed = (rules: Rules, name: string): TypeDef | undefined => rules.compiler.types.get(name);

/** An object of which the parts that are missing are left out. */
function objectOf(type: TypeDef | undefined, parts: Json): Target {
  const json: Json = {};
  for (const key in parts) if (parts[key] !== undefined) json[key] = parts[key];
  return new Target(json, type, true);
}

const textMade =
  (type: TypeDef | undefined, text: (frame: Frame) => string | undefined): Produce =>
  (frame) => {
    const made = text(frame);
    return made === undefined ? undefined : new Item(made, type);
  };

/** An empty object, resource or primitive of a type, which stands nowhere yet. */
export function newTarget(frame: Frame, type: TypeDef): Target {
  if (type.kind === 'resource') return new Target({ resourceType: type.name }, type);
  if (type.kind === 'primitive') return frame.run.output.primitive(type);
  return frame.run.output.made(new Target({}, type));
}

const create = ({ rules, given: [name], source }: Parts): Produce => {
  const unknown = (written: string): Fault =>
    new Fault('unknown-type', `create: the type ${written} is not known`, {
      advice: 'Check its spelling, or load its definition',
    });
  const abstract = (type: TypeDef): Fault =>
    new Fault('unknown-type', `create: there is no ${type.name} as such`, { advice: 'Say which one is meant' });
  if (name === undefined)
    return (frame, cell) => {
      const type = cell?.expected ?? openType(rules, frame, cell, source);
      if (type === undefined || type.name === 'Resource')
        throw new Fault('wrong-parameters', 'create without a type is possible only where the element has one type', {
          advice: "Say which: create('…')",
        });
      return newTarget(frame, type);
    };
  const { library, types } = rules.compiler;
  // Without definitions every name is taken at its word.
  const untyped = types.all().length === 0;
  if (name.constant !== undefined) {
    const written = String(name.constant);
    const type = rules.type(written);
    if (type !== undefined) return isAbstract(type) ? broken(abstract(type)) : (frame) => newTarget(frame, type);
    if (!untyped) return broken(unknown(written));
    return (frame) => frame.run.output.made(new Target({}, undefined));
  }
  return (frame) => {
    const written = required(name, frame, 'the type of create');
    const type = rules.type(written) ?? library.types.get(written);
    if (type === undefined) throw unknown(written);
    if (isAbstract(type)) throw abstract(type);
    return newTarget(frame, type);
  };
};

/** The target type of the `<<type+>>` group for the source (fml.md §6). */
function openType(rules: Rules, frame: Frame, cell: Cell | undefined, source: number): TypeDef | undefined {
  const from = itemIn(frame, source)?.type;
  if (from === undefined) return undefined;
  const offered = cell?.def === undefined || cell.expected?.name === 'Resource' ? undefined : cell.def.types;
  const lookup = findDefaultGroup(rules.compiler.library, rules.map, from, offered);
  return lookup.kind === 'found' ? lookup.found.target : undefined;
}

const copy = ({ given: [value] }: Parts): Produce => {
  if (value === undefined) return () => undefined;
  const { slot, literal } = value;
  if (slot !== undefined)
    return (frame) => {
      const held = frame.slots[slot];
      return typeof held === 'number' ? undefined : held;
    };
  return literal === undefined ? value.find : constantOf(literal);
};

/** A constant in the type of the element that takes it; that does not change from one run to the next. */
function constantOf(item: Item): Produce {
  let fitted = item;
  let last: TypeDef | undefined;
  return (_, cell) => {
    const expected = cell?.expected;
    if (expected === undefined || expected === last) return expected === undefined ? item : fitted;
    const cast =
      expected === item.type || expected.kind !== 'primitive'
        ? undefined
        : castPrimitive(item.json as Primitive, expected.name);
    last = expected;
    fitted = cast === undefined ? item : new Item(cast, expected);
    return fitted;
  };
}

const truncate = ({ rules, given: [text, length] }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    const whole = textOf(text, frame, 'the text of truncate');
    const characters = Number(required(length, frame, 'the length of truncate'));
    if (!Number.isInteger(characters) || characters < 0)
      throw new Fault('wrong-parameters', 'the length of truncate is no whole number');
    // Characters, not UTF-16 units: a cut through one would not be text.
    return whole === undefined || whole.length <= characters ? whole : Array.from(whole).slice(0, characters).join('');
  });

const cast = ({ rules, given: [value, type] }: Parts): Produce => {
  const written = type?.constant === undefined ? undefined : String(type.constant);
  return (frame, cell) => {
    const from = primitiveOf(value, frame, 'the value of cast');
    if (from === undefined) return undefined;
    const name = (
      written ?? (type === undefined ? cell?.expected?.name : required(type, frame, 'the type of cast'))
    )?.replace(/^FHIR\./u, '');
    if (name === undefined)
      throw new Fault('wrong-parameters', 'cast without a type is possible only where the element has one type');
    const to = rules.type(name);
    if (to !== undefined && to.kind !== 'primitive')
      throw new Fault('cast-failed', `cast makes primitives, and ${name} is none`);
    if (to === undefined && rules.compiler.types.all().length > 0)
      throw new Fault('unknown-type', `cast: the type ${name} is not known`);
    const result = castPrimitive(from, to?.name ?? name);
    if (result === undefined)
      throw new Fault('cast-failed', `the value of cast is no ${name}`, {
        value: from,
        advice: 'Correct what was sent, or test it with where',
      });
    return new Item(result, to);
  };
};

const append = ({ rules, given }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    let text = '';
    for (const part of given) text += textOf(part, frame, 'a part of append') ?? '';
    return text === '' ? undefined : text;
  });

const evaluate = ({ rules, names, parameters, given: [first, second] }: Parts): Produce => {
  const last = parameters.at(-1);
  // A path is FHIRPath here, read in the context; a string is FHIRPath too, and means itself.
  const text = last === undefined ? undefined : expressionText(last);
  if (last === undefined || text === undefined)
    return second === undefined ? copyOfArgument(first) : copyOfArgument(second);
  const compiled = rules.finder({ text, at: last.at }, names);
  if (second === undefined || first === undefined) return (frame) => compiled(frame, nothing);
  return (frame) => compiled(frame, itemsOf(first, frame));
};

const copyOfArgument =
  (argument: Argument | undefined): Produce =>
  (frame) =>
    argument?.find(frame);

function expressionText(parameter: Parameter): string | undefined {
  if (parameter.kind === 'expression') return parameter.expression.text;
  return parameter.kind === 'path' ? [parameter.variable, ...parameter.elements].join('.') : undefined;
}

const translateCode = ({ rules, given: [value, map, output], where }: Parts): Produce => {
  const { compiler } = rules;
  const form = output?.constant === undefined ? undefined : String(output.constant);
  const fixed = map?.constant === undefined ? undefined : String(map.constant);
  const missing = (name: string): Fault =>
    new Fault('concept-map', `the ConceptMap ${name} is not known`, { advice: 'Load it, or correct its url' });
  const known = fixed === undefined ? undefined : compiler.conceptTable(rules.map, fixed);
  if (fixed !== undefined && known === undefined) return broken(missing(fixed));
  const shapes = shapesOf(rules);
  return (frame, cell) => {
    let table: ConceptTable | undefined = known;
    if (table === undefined) {
      const name = required(map, frame, 'the ConceptMap of translate');
      table = compiler.conceptTable(rules.map, name);
      if (table === undefined) throw missing(name);
    }
    const item = itemOf(value, frame, 'the value of translate');
    if (item === undefined) return undefined;
    const wanted = form ?? (output === undefined ? formFor(cell) : required(output, frame, 'the output of translate'));
    const shape = Object.hasOwn(shapes, wanted) ? shapes[wanted] : undefined;
    if (shape === undefined) throw new Fault('wrong-parameters', `translate has no output “${wanted}”`);
    const found = translate(item, table);
    if (found === undefined) return undefined;
    if (found.policy !== undefined) frame.run.unmapped.push({ ...sourceOf(item, table), policy: found.policy, where });
    return shape(found);
  };
};

const formFor = (cell: Cell | undefined): string => {
  const name = cell?.expected?.name;
  return name === 'CodeableConcept' || name === 'Coding' ? name : 'code';
};

function shapesOf(rules: Rules): Readonly<Record<string, (found: Translation) => Made>> {
  const [code, uri, string] = ['code', 'uri', 'string'].map((name) => typed(rules, name));
  const coding = typed(rules, 'Coding');
  const concept = typed(rules, 'CodeableConcept');
  const primitive = (type: TypeDef | undefined, value: string | undefined): Made =>
    value === undefined ? undefined : new Item(value, type);
  const bare = ({ system, code: own, display }: Translation): Json => ({
    ...(system === undefined ? {} : { system }),
    ...(own === undefined ? {} : { code: own }),
    ...(display === undefined ? {} : { display }),
  });
  const codingOf = (found: Translation): Made =>
    found.text === undefined ? new Target(bare(found), coding, true) : undefined;
  return {
    code: (found) => primitive(code, found.code),
    system: (found) => primitive(uri, found.system),
    display: (found) => primitive(string, found.text ?? found.display),
    Coding: codingOf,
    coding: codingOf,
    CodeableConcept: (found) =>
      new Target(found.text === undefined ? { coding: [bare(found)] } : { text: found.text }, concept, true),
  };
}

/** Type and id of the resource that a variable names; one that is being built gets an id when it has none. */
function resourceIn(
  argument: Argument | undefined,
  frame: Frame,
  what: string,
): { readonly type: string; readonly id: string } {
  const held = argument === undefined ? undefined : heldBy(argument, frame);
  if (held instanceof Target) {
    const name = held.json['resourceType'];
    if (typeof name !== 'string')
      throw new Fault('wrong-type', `${what} needs a resource, not ${held.type?.name ?? 'an object'}`);
    const standing = held.json['id'];
    const id: unknown = standing instanceof Box ? standing.value : standing;
    if (isPrimitive(id)) return { type: name, id: String(id) };
    const made = frame.run.options.uuid();
    held.json['id'] = made;
    return { type: name, id: made };
  }
  const item = held instanceof Item ? held : held?.[0];
  if (item === undefined) throw new Fault('no-value', `${what} is given nothing`);
  const { json } = item;
  const name = isObject(json) ? json['resourceType'] : undefined;
  if (!isObject(json) || typeof name !== 'string')
    throw new Fault('wrong-type', `${what} needs a resource, not ${item.type?.name ?? 'this'}`);
  if (typeof json['id'] === 'string') return { type: name, id: json['id'] };
  const original = frame.run.output.originalOf(json);
  if (frame.run.owns(original)) {
    const id = frame.run.options.uuid();
    original['id'] = id;
    return { type: name, id };
  }
  throw new Fault('no-value', `${what}: the resource has no id`, {
    advice: 'What is read is not changed: the sender must give it one',
  });
}

const reference = ({ rules, given: [resource] }: Parts): Produce => {
  const type = typed(rules, 'Reference');
  return (frame) => {
    const { type: name, id } = resourceIn(resource, frame, 'reference');
    return new Target({ reference: `${name}/${id}` }, type, true);
  };
};

const pointer = ({ rules, given: [resource] }: Parts): Produce =>
  textMade(typed(rules, 'uri'), (frame) => `urn:uuid:${resourceIn(resource, frame, 'pointer').id}`);

const uuid = ({ rules }: Parts): Produce => textMade(typed(rules, 'uuid'), (frame) => frame.run.options.uuid());

const codingParts = ['system', 'code', 'display'] as const;

/** A coding of its own for each time: where the map says all of it, a copy of one. */
function codingOf(given: readonly Argument[]): (frame: Frame) => Json | undefined {
  const write = (frame: Frame | undefined): Json | undefined => {
    const json: Json = {};
    for (let index = 0; index < given.length; index += 1) {
      const part = codingParts[index] as (typeof codingParts)[number];
      const argument = given[index] as Argument;
      const text = frame === undefined ? String(argument.constant) : textOf(argument, frame, `the ${part}`);
      if (text !== undefined) json[part] = text;
    }
    return isEmpty(json) ? undefined : json;
  };
  if (given.some(({ constant }) => constant === undefined)) return write;
  const whole = write(undefined);
  return () => (whole === undefined ? undefined : { ...whole });
}

const cc = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'CodeableConcept');
  if (given.length === 1)
    return (frame) => {
      const text = textOf(given[0], frame, 'the text of cc');
      return text === undefined ? undefined : new Target({ text }, type, true);
    };
  const coding = codingOf(given);
  return (frame) => {
    const json = coding(frame);
    return json === undefined ? undefined : new Target({ coding: [json] }, type, true);
  };
};

const c = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'Coding');
  const coding = codingOf(given);
  return (frame) => {
    const json = coding(frame);
    return json === undefined ? undefined : new Target(json, type, true);
  };
};

function decimal(text: string): number {
  const value = castPrimitive(text, 'decimal');
  if (typeof value !== 'number') throw new Fault('cast-failed', 'the value of qty is no decimal', { value: text });
  return value;
}

const qty = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'Quantity');
  const [value, unit, system, code] = given;
  if (given.length === 1)
    return (frame) => {
      const text = textOf(value, frame, 'the text of qty');
      if (text === undefined) return undefined;
      const written = /^\s*(<=|>=|<|>)?\s*([+-]?\d[\d.]*(?:[eE][+-]?\d+)?)\s*(\S.*?)?\s*$/u.exec(text);
      if (written === null) throw new Fault('cast-failed', 'the text of qty is no quantity', { value: text });
      return objectOf(type, { value: decimal(written[2] ?? ''), comparator: written[1], unit: written[3] });
    };
  return (frame) => {
    const written = textOf(value, frame, 'the value of qty');
    if (written === undefined) return undefined;
    return objectOf(type, {
      value: decimal(written),
      unit: textOf(unit, frame, 'the unit of qty'),
      system: textOf(system, frame, 'the system of qty'),
      code: textOf(code, frame, 'the code of qty'),
    });
  };
};

const id = ({ rules, given: [system, value, type] }: Parts): Produce => {
  const identifier = typed(rules, 'Identifier');
  return (frame) => {
    const written = textOf(value, frame, 'the value of id');
    if (written === undefined) return undefined;
    const code = textOf(type, frame, 'the type of id');
    return objectOf(identifier, {
      type:
        code === undefined
          ? undefined
          : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }] },
      system: textOf(system, frame, 'the system of id'),
      value: written,
    });
  };
};

const contactSystem = (value: string): string => {
  if (/^https?:/iu.test(value)) return 'url';
  return value.includes('@') ? 'email' : 'phone';
};

const cp = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'ContactPoint');
  const [first, second] = given;
  return (frame) => {
    const value = textOf(second ?? first, frame, 'the value of cp');
    if (value === undefined) return undefined;
    const system = second === undefined ? contactSystem(value) : textOf(first, frame, 'the system of cp');
    return objectOf(type, { system, value });
  };
};

const escape = ({ rules, given: [text, first, second] }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    const whole = textOf(text, frame, 'the text of escape');
    if (whole === undefined) return undefined;
    const format = required(first, frame, 'the format of escape');
    return second === undefined
      ? escapeText(whole, 'plain', format)
      : escapeText(whole, format, required(second, frame, 'the second format of escape'));
  });

const moment =
  (as: Moment) =>
  ({ rules, given: [text, format] }: Parts): Produce =>
    textMade(typed(rules, as), (frame) => {
      const written = textOf(text, frame, 'the text of a date');
      return written === undefined ? undefined : readMoment(written, textOf(format, frame, 'the format of a date'), as);
    });

const unix =
  (as: Moment) =>
  ({ rules, given: [seconds, zone] }: Parts): Produce =>
    textMade(typed(rules, as), (frame) => {
      const written = textOf(seconds, frame, 'the Unix time');
      if (written === undefined) return undefined;
      const number = castPrimitive(written, 'decimal');
      if (typeof number !== 'number') throw new Fault('cast-failed', 'the Unix time is no number', { value: written });
      return readUnix(number, textOf(zone, frame, 'the zone'), as);
    });

/** `dateOp(s, format)`: toDate, toTime or toDateTime, as the element wants it. */
const dateOp = (parts: Parts): Produce => {
  const forms = { date: moment('date')(parts), dateTime: moment('dateTime')(parts), time: moment('time')(parts) };
  return (frame, cell) => {
    const name = cell?.expected?.name;
    return forms[name === 'date' || name === 'time' ? name : 'dateTime'](frame, cell);
  };
};

const definitions: Readonly<Record<string, TransformDefinition>> = {
  create: { min: 0, max: 1, compile: create },
  copy: { min: 1, max: 1, compile: copy },
  truncate: { min: 2, max: 2, compile: truncate },
  escape: { min: 2, max: 3, compile: escape },
  cast: { min: 1, max: 2, compile: cast },
  append: { min: 1, max: Number.POSITIVE_INFINITY, compile: append },
  translate: { min: 2, max: 3, compile: translateCode },
  reference: { min: 1, max: 1, compile: reference },
  dateOp: { min: 1, max: 2, compile: dateOp },
  uuid: { min: 0, max: 0, compile: uuid },
  pointer: { min: 1, max: 1, compile: pointer },
  evaluate: { min: 1, max: 2, compile: evaluate },
  cc: { min: 1, max: 3, compile: cc },
  c: { min: 2, max: 3, compile: c },
  qty: { min: 1, max: 4, compile: qty },
  id: { min: 2, max: 3, compile: id },
  cp: { min: 1, max: 2, compile: cp },
  toDate: { min: 1, max: 2, compile: moment('date') },
  toDateTime: { min: 1, max: 2, compile: moment('dateTime') },
  toTime: { min: 1, max: 2, compile: moment('time') },
  unixToDate: { min: 1, max: 2, compile: unix('date') },
  unixToDateTime: { min: 1, max: 2, compile: unix('dateTime') },
  unixToTime: { min: 1, max: 2, compile: unix('time') },
};

/** Names of all transforms, and how many parameters each takes. */
export const transforms: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map(
  Object.entries(definitions),
);

const inWords = ({ min, max }: TransformDefinition): string => {
  if (max === Infinity) return `at least ${min} parameters`;
  return min === max ? `${min} parameters` : `${min} to ${max} parameters`;
};

export function compileTransform(
  rules: Rules,
  { name, parameters }: Transform,
  names: Names,
  source: number,
  where: string,
): Produce {
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (definition === undefined)
    return broken(
      new Fault('unknown-transform', `the transform “${name}” is not known`, {
        advice: `Known are ${Object.keys(definitions).join(', ')}`,
      }),
    );
  if (parameters.length < definition.min || parameters.length > definition.max)
    return broken(new Fault('wrong-parameters', `${name} takes ${inWords(definition)}, not ${parameters.length}`));
  const last = parameters.length - 1;
  const given = parameters.map((parameter, index) =>
    // The last parameter of evaluate is compiled there, with its context.
    name === 'evaluate' && index === last && parameter.kind !== 'literal'
      ? { constant: undefined, slot: undefined, find: () => undefined }
      : compileArgument(rules, parameter, names),
  );
  return definition.compile({ rules, names, parameters, given, source, where });
}
