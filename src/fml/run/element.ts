/**
 * Writing an element: what its definition takes, under which key it stands, and the conversions that FML implies
 * (fml.md §5). What does not fit is an error, never a silent change.
 */
import { writerOf, type Writer } from '../../definitions/generated.ts';
import { isObject, Item, type JsonObject } from '../../definitions/item.ts';
import { isA, type ElementDef, type ElementKey, type TypeDef, type TypeTable } from '../../definitions/types.ts';
import { Fault } from './fault.ts';
import { Box, copyAs, copyOf, refuseUnsafe, type Json } from './json.ts';
import { castPrimitive, isPrimitive, typesOfChoice, type Primitive } from './primitive.ts';
import { isPrimitiveTarget, standsIn, Target, type Output } from './target.ts';

/** What an element's name means in one type, ready to write. */
export type Cell = {
  /** As the map names it. */
  readonly name: string;
  /** Absent in plain JSON. */
  readonly def: ElementDef | undefined;
  /** Where it is written; of an open choice it follows from the value. */
  readonly key: ElementKey | undefined;
  readonly repeats: boolean;
  /** The one type that it takes, if it is one. */
  readonly expected: TypeDef | undefined;
  /** Writes under the key. */
  readonly write: Writer | undefined;
  /** One value of one primitive type under one key. */
  readonly simple: boolean;
  /** Objects of one type under one key: one that is opened needs no choosing. */
  readonly opens: boolean;
};

const isPlain = (type: TypeDef | undefined): boolean => type === undefined || type.elements.size === 0;

function cellOf(types: TypeTable, type: TypeDef | undefined, name: string): Cell {
  const found = type === undefined || isPlain(type) ? undefined : types.element(type, name);
  if (found === undefined && type !== undefined && !isPlain(type) && !type.open)
    throw new Fault('unknown-element', `${type.name} has no element “${name}”`);
  if (found === undefined)
    return {
      name,
      def: undefined,
      key: { key: name, extraKey: `_${name}`, type: undefined },
      repeats: false,
      expected: undefined,
      write: undefined,
      simple: false,
      opens: false,
    };
  const { def } = found;
  const key = found.key ?? (def.choice ? undefined : def.keys[0]);
  return {
    name,
    def,
    key,
    repeats: def.repeats,
    expected: key?.type,
    write: key === undefined ? undefined : writerOf(key.key),
    simple: !def.repeats && !def.choice && key?.type?.kind === 'primitive' && !isPlain(key.type),
    opens: !def.choice && key?.type !== undefined && key.type.kind !== 'primitive' && key.type.name !== 'Resource',
  };
}

/** Finds the cell of an element in one type after another; remembers, for there are few. */
export function cellFinder(types: TypeTable, name: string): (type: TypeDef | undefined) => Cell {
  let last: TypeDef | undefined;
  let lastCell: Cell | undefined;
  let known: Map<TypeDef | undefined, Cell> | undefined;
  return (type) => {
    if (lastCell !== undefined && type === last) return lastCell;
    refuseUnsafe(name);
    known ??= new Map();
    let cell = known.get(type);
    if (cell === undefined) known.set(type, (cell = cellOf(types, type, name)));
    last = type;
    lastCell = cell;
    return cell;
  };
}

const offeredBy = (cell: Cell): string => (cell.def?.types ?? []).map(({ name }) => name).join(', ');

const named = (type: TypeDef | undefined, otherwise: string): string => type?.name ?? otherwise;

const isOpen = (type: TypeDef): boolean => type.name === 'Element' || type.name === 'BackboneElement' || isPlain(type);

/** Age, Duration … are Quantities, and stand for each other where one is asked for. */
const isQuantity = (type: TypeDef | undefined): boolean => isA(type, 'Quantity') || type?.name === 'MoneyQuantity';

const adviceFor = (expected: string): string | undefined => {
  if (expected === 'Reference') return 'Use reference(…)';
  if (expected === 'CodeableConcept') return "Use cc(system, code), or create('CodeableConcept') and fill it";
  if (expected === 'Coding') return 'Use c(system, code)';
  return expected === 'Quantity' ? 'Use qty(value, unit, system, code)' : undefined;
};

function misfit(cell: Cell, given: string, value: unknown): Fault {
  const expected = cell.expected?.name ?? offeredBy(cell);
  const advice = adviceFor(expected);
  return new Fault('wrong-type', `${cell.name} takes ${expected}, not ${given}`, {
    value,
    ...(advice === undefined ? {} : { advice }),
  });
}

export class ElementWriter {
  readonly #types: TypeTable;
  readonly #string: TypeDef | undefined;

  constructor(types: TypeTable) {
    this.#types = types;
    this.#string = types.get('string');
  }

  /**
   * Puts a value into an element: appends to a list, else replaces. An item is copied; a target that stands nowhere yet
   * is put there itself. Returns what a variable then names; for a primitive only when `named` asks for it.
   */
  put(
    output: Output,
    into: Target,
    cell: Cell,
    made: Item | Target,
    asVariable: boolean,
    mode: 'first' | 'last' | undefined,
  ): Target | undefined {
    if (made instanceof Target) {
      if (made.parent !== undefined || made.value !== undefined || standsIn(into, made)) {
        const item = output.itemOf(made);
        return item === undefined ? undefined : this.put(output, into, cell, item, asVariable, mode);
      }
      return this.#attach(output, into, cell, made, mode);
    }
    const { json } = made;
    if (typeof json === 'object' && json !== null)
      return this.#putObject(output, into, cell, made, json as JsonObject, mode);
    return this.#putPrimitive(output, into, cell, made, asVariable, mode);
  }

  #putPrimitive(
    output: Output,
    into: Target,
    cell: Cell,
    { json, type, extra }: Item,
    asVariable: boolean,
    mode: 'first' | 'last' | undefined,
  ): Target | undefined {
    let { key } = cell;
    let value = json as Primitive | undefined;
    const { expected } = cell;
    if (expected !== undefined && expected !== type && expected.kind !== 'primitive' && !isOpen(expected))
      return this.#wrap(output, into, cell, new Item(json, type, extra), mode);
    if (key === undefined) {
      const found = this.#choose(cell, value, type);
      key = found.key;
      value = found.value;
    } else if (expected !== undefined && expected !== type && value !== undefined && !isOpen(expected)) {
      value = castPrimitive(value, expected.name);
      if (value === undefined)
        throw new Fault('cast-failed', `the value for ${cell.name} is no ${expected.name}`, { value: json });
    }
    if (cell.def?.choice === true) clearChoice(into, cell.def, key);
    if (!asVariable) {
      this.#place(output, into, cell, key, value, extra, mode);
      return undefined;
    }
    const target = output.primitive(key.type ?? type ?? this.#string, value);
    target.parent = into;
    target.key = key.key;
    const index = this.#place(output, into, cell, key, target.json, extra, mode);
    if (extra !== undefined) {
      const part = into.json[key.extraKey];
      const own: unknown = Array.isArray(part) ? part[index] : part;
      if (isObject(own)) target.part = this.#partOf(target, own);
    }
    return target;
  }

  /** Writes value and `_` twin; returns the position in a list, or -1. */
  #place(
    output: Output,
    into: Target,
    cell: Cell,
    key: ElementKey,
    value: Primitive | Json | undefined,
    extra: JsonObject | undefined,
    mode: 'first' | 'last' | undefined,
  ): number {
    const { json } = into;
    if (cell.repeats || (cell.def === undefined && Array.isArray(json[key.key]))) {
      const index = output.insert(json, key.key, value ?? null, mode);
      if (extra === undefined) return index;
      output.setExtra(json, key.key, key.extraKey, copyOf(extra) as JsonObject, index);
      return index;
    }
    if (value !== undefined) json[key.key] = value;
    else if (key.key in json) delete json[key.key];
    if (extra !== undefined) {
      const copy = copyOf(extra);
      if (copy !== undefined) output.setExtra(json, key.key, key.extraKey, copy as JsonObject, -1);
    } else if ((into.foreign || output.hasExtras) && key.extraKey in json) delete json[key.extraKey];
    return -1;
  }

  #choose(
    cell: Cell,
    value: Primitive | undefined,
    type: TypeDef | undefined,
  ): { key: ElementKey; value: Primitive | undefined } {
    const keys = cell.def?.keys ?? [];
    for (const key of keys) if (key.type === type && type !== undefined) return { key, value };
    for (const name of value === undefined ? [] : typesOfChoice(value, type)) {
      const key = keys.find((each) => each.type?.name === name);
      const cast = key === undefined || value === undefined ? undefined : castPrimitive(value, name);
      if (key !== undefined && cast !== undefined) return { key, value: cast };
    }
    throw misfit(cell, named(type, 'this value'), value);
  }

  #putObject(
    output: Output,
    into: Target,
    cell: Cell,
    item: Item,
    json: JsonObject,
    mode: 'first' | 'last' | undefined,
  ): Target | undefined {
    const { expected } = cell;
    const reinterpreted = item.type === undefined || item.type.kind === 'logical';
    let type = item.type;
    let copy: unknown;
    if (
      expected !== undefined &&
      item.type !== expected &&
      reinterpreted &&
      expected.kind !== 'primitive' &&
      !isOpen(expected) &&
      expected.name !== 'Resource'
    ) {
      type = expected;
      copy = copyAs(this.#types, expected, json);
    } else copy = copyOf(json);
    if (copy === undefined) return undefined;
    return this.#attach(output, into, cell, new Target(copy as Json, type, true), mode);
  }

  /** Puts an object where it belongs, under the key of its type. */
  #attach(
    output: Output,
    into: Target,
    cell: Cell,
    made: Target,
    mode: 'first' | 'last' | undefined,
  ): Target | undefined {
    const { expected } = cell;
    let { key } = cell;
    if (key === undefined) key = this.#chooseObject(cell, made);
    else if (expected !== undefined && made.type !== expected && !this.#fits(made, expected)) {
      if (expected.kind === 'primitive') return this.#convert(output, into, cell, made, expected, mode);
      if (isPrimitiveTarget(made)) {
        const item = output.itemOf(made);
        return item === undefined ? undefined : this.#wrap(output, into, cell, item, mode);
      }
      throw misfit(cell, named(made.type, 'an object without type'), made.json);
    }
    if (cell.def?.choice === true) clearChoice(into, cell.def, key);
    const { json } = into;
    if (cell.repeats || (cell.def === undefined && Array.isArray(json[key.key])))
      output.insert(json, key.key, made.json, mode);
    else {
      json[key.key] = made.json;
      if (isPrimitiveTarget(made) && key.extraKey in json) delete json[key.extraKey];
    }
    made.parent = into;
    made.key = key.key;
    if (made.part !== undefined) this.#attachPart(output, made, made.part);
    return made;
  }

  #fits(made: Target, expected: TypeDef): boolean {
    const { type } = made;
    if (type !== undefined && (isA(type, expected.name) || (isOpen(expected) && type.kind !== 'resource')))
      return type.kind !== 'primitive' || expected.kind !== 'primitive';
    if (type === undefined || type.kind === 'logical') {
      if (expected.name === 'Resource' || expected.kind === 'primitive')
        return typeof made.json['resourceType'] === 'string' && expected.kind !== 'primitive';
      made.type = expected;
      return true;
    }
    if (isQuantity(type) && isQuantity(expected)) {
      made.type = expected;
      return true;
    }
    return false;
  }

  #chooseObject(cell: Cell, made: Target): ElementKey {
    const keys = cell.def?.keys ?? [];
    const { type } = made;
    if (type?.kind === 'primitive') {
      const exact = keys.find((each) => each.type === type);
      const key =
        exact ??
        typesOfChoice(made.value ?? '', type).flatMap((name) => keys.find((each) => each.type?.name === name) ?? [])[0];
      if (key !== undefined) return key;
    } else if (type === undefined || type.kind === 'logical') {
      const complex = keys.filter((each) => each.type?.kind !== 'primitive');
      if (complex.length === 1 && complex[0] !== undefined) {
        made.type = complex[0].type;
        return complex[0];
      }
    } else {
      const key =
        keys.find((each) => each.type === type) ??
        keys.find((each) => each.type !== undefined && isA(type, each.type.name));
      if (key !== undefined) return key;
    }
    throw misfit(cell, named(type, 'an object without type'), made.json);
  }

  /** An object where a primitive is asked for: a primitive of another type, or the text of a Reference. */
  #convert(
    output: Output,
    into: Target,
    cell: Cell,
    made: Target,
    expected: TypeDef,
    mode: 'first' | 'last' | undefined,
  ): Target | undefined {
    if (isPrimitiveTarget(made)) {
      if (made.value !== undefined) {
        const cast = castPrimitive(made.value, expected.name);
        if (cast === undefined)
          throw new Fault('cast-failed', `the value for ${cell.name} is no ${expected.name}`, { value: made.value });
        made.value = cast;
      }
      made.type = expected;
      return this.#attach(output, into, cell, made, mode);
    }
    // `subject.reference = reference(r)` and `subject = reference(r)` are both in use.
    const standing = made.type?.name === 'Reference' ? made.json['reference'] : undefined;
    const text = standing instanceof Box ? standing.value : standing;
    if (!isPrimitive(text)) throw misfit(cell, named(made.type, 'an object'), made.json);
    return this.#putPrimitive(output, into, cell, new Item(text, this.#string), true, mode);
  }

  /** code → CodeableConcept and uri → Reference are the two that FHIR's reference implementation makes. */
  #wrap(output: Output, into: Target, cell: Cell, item: Item, mode: 'first' | 'last' | undefined): Target | undefined {
    const { expected } = cell;
    const from = item.type?.name;
    if (expected?.name === 'CodeableConcept' && from === 'code')
      return this.#attach(output, into, cell, new Target({ coding: [{ code: item.json }] }, expected, true), mode);
    if (expected?.name === 'Reference' && (from === 'uri' || from === 'url' || from === 'canonical'))
      return this.#attach(output, into, cell, new Target({ reference: item.json }, expected, true), mode);
    throw misfit(cell, named(item.type, 'a primitive'), item.json);
  }

  /** The object that an element holds, or a new one: `tgt.element as v` (fml.md §5). */
  open(output: Output, into: Target, cell: Cell, mode: 'first' | 'last' | undefined): Target {
    if (cell.opens && mode === undefined) {
      const { key, type } = cell.key as ElementKey;
      if (cell.repeats || into.json[key] === undefined) {
        const made = output.made(new Target({}, type));
        if (cell.repeats) output.insert(into.json, key, made.json, undefined);
        else cell.write?.(into.json, made.json);
        made.parent = into;
        made.key = key;
        return made;
      }
    }
    const { def } = cell;
    let { key } = cell;
    if (key === undefined) {
      const [standing] = def?.keys.filter((each) => isObject(into.json[each.key])) ?? [];
      if (standing === undefined || cell.repeats)
        throw new Fault('wrong-type', `${cell.name} takes one of ${offeredBy(cell)}`, {
          advice: "Say which: create('…')",
        });
      key = standing;
    }
    const type = key.type;
    if (def !== undefined && type?.name === 'Resource')
      throw new Fault('wrong-type', `${cell.name} takes any resource`, { advice: "Say which: create('…')" });
    const standing = into.json[key.key];
    const repeats = cell.repeats || (def === undefined && Array.isArray(standing));
    if (!repeats && isObject(standing) && !(standing instanceof Box)) {
      const target = new Target(standing, type, true);
      target.parent = into;
      target.key = key.key;
      return target;
    }
    if (type?.kind === 'primitive')
      throw new Fault('wrong-type', `${cell.name} is a primitive and is not made empty`, { advice: 'Give it a value' });
    const made = output.made(new Target({}, type));
    if (def?.choice === true) clearChoice(into, def, key);
    if (repeats) output.insert(into.json, key.key, made.json, mode);
    else into.json[key.key] = made.json;
    made.parent = into;
    made.key = key.key;
    return made;
  }

  /** `.value` of a primitive, as HAPI and its maps have it (fml.md §3.6). */
  putIntoPrimitive(output: Output, into: Target, made: Item | Target): Target | undefined {
    const item = made instanceof Target ? output.itemOf(made) : made;
    if (item === undefined) return undefined;
    const name = into.type?.name ?? 'string';
    if (!isPrimitive(item.json))
      throw new Fault('wrong-type', `${name}.value takes a primitive, not ${named(item.type, 'an object')}`, {
        value: item.json,
      });
    const value = into.type === undefined ? item.json : castPrimitive(item.json, name);
    if (value === undefined) throw new Fault('cast-failed', `the value is no ${name}`, { value: item.json });
    into.value = value;
    return into;
  }

  /** The object in which id and extensions of a primitive stand. */
  partOf(output: Output, target: Target): Target {
    if (target.part !== undefined) return target.part;
    const part = this.#partOf(target, {});
    output.made(part);
    target.part = part;
    if (target.parent !== undefined) this.#attachPart(output, target, part);
    return part;
  }

  #partOf(target: Target, json: Json): Target {
    const part = new Target(json, this.#types.get('Element'), true);
    part.parent = target.parent;
    part.key = `_${target.key}`;
    return part;
  }

  #attachPart(output: Output, target: Target, part: Target): void {
    const { parent, key } = target;
    if (parent === undefined) return;
    part.type ??= this.#types.get('Element');
    part.parent = parent;
    part.key = `_${key}`;
    const standing = parent.json[key];
    const index = Array.isArray(standing) ? standing.indexOf(target.json) : -1;
    // Another value has taken its place.
    if (standing !== target.json && index < 0) return;
    output.setExtra(parent.json, key, part.key, part.json, index);
  }
}

/** A choice holds one type: what another has written goes (fml.md §5). */
function clearChoice(into: Target, def: ElementDef, key: ElementKey): void {
  const { json } = into;
  if (into.foreign) {
    for (const other of def.keys)
      if (other !== key) {
        if (other.key in json) delete json[other.key];
        if (other.extraKey in json) delete json[other.extraKey];
      }
    return;
  }
  const choices = (into.choices ??= []);
  for (let index = 0; index < choices.length; index += 2)
    if (choices[index] === def) {
      const before = choices[index + 1] as ElementKey;
      if (before !== key) {
        delete json[before.key];
        delete json[before.extraKey];
        choices[index + 1] = key;
      }
      return;
    }
  choices.push(def, key);
}
