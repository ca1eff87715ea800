/**
 * Writing an element: values and objects are put where they belong, with the conversions that FML implies
 * (fml.md §5). What does not fit is an error, never a silent change.
 */
import { isObject, Item, type JsonObject } from '../../definitions/item.ts';
import type { ElementKey, TypeDef, TypeTable } from '../../definitions/types.ts';
import type { Cell } from './cell.ts';
import { Fault } from './fault.ts';
import { chooseObject, choosePrimitive, clearChoice, fits, isOpen } from './fit.ts';
import { Box, copyAs, copyOf, type Json } from './json.ts';
import { misfit, named, offeredBy } from './misfit.ts';
import { castPrimitive, isPrimitive, type Primitive } from './primitive.ts';
import { isPrimitiveTarget, standsIn, Target, type Output } from './target.ts';
import { attachTwin, place, twinOf } from './twin.ts';

/** Writes the elements of one table of types. Throws a `Fault` for what an element does not take. */
export class ElementWriter {
  readonly #types: TypeTable;
  readonly #string: TypeDef | undefined;

  constructor(types: TypeTable) {
    this.#types = types;
    this.#string = types.get('string');
  }

  /**
   * Puts a value into an element: appends to a list, else replaces. An item is copied; a target that stands nowhere yet
   * is put there itself. Returns what a variable then names; for a primitive only when `asVariable` asks for it.
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
      const found = choosePrimitive(cell, value, type);
      key = found.key;
      value = found.value;
    } else if (expected !== undefined && expected !== type && value !== undefined && !isOpen(expected)) {
      value = castPrimitive(value, expected.name);
      if (value === undefined)
        throw new Fault('cast-failed', `the value for ${cell.name} is no ${expected.name}`, { value: json });
    }
    if (cell.def?.choice === true) clearChoice(into, cell.def, key);
    if (!asVariable) {
      place(output, into, cell, key, value, extra, mode);
      return undefined;
    }
    const target = output.primitive(key.type ?? type ?? this.#string, value);
    target.parent = into;
    target.key = key.key;
    const index = place(output, into, cell, key, target.json, extra, mode);
    if (extra !== undefined) {
      const part = into.json[key.extraKey];
      const own: unknown = Array.isArray(part) ? part[index] : part;
      if (isObject(own)) target.part = twinOf(this.#types, target, own);
    }
    return target;
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
    if (key === undefined) key = chooseObject(cell, made);
    else if (expected !== undefined && made.type !== expected && !fits(made, expected)) {
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
    if (made.part !== undefined) attachTwin(this.#types, output, made, made.part);
    return made;
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
    const part = twinOf(this.#types, target, {});
    output.made(part);
    target.part = part;
    if (target.parent !== undefined) attachTwin(this.#types, output, target, part);
    return part;
  }
}
