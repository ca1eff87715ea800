/** Which values an element takes as they are, and which type of a choice a value has (fml.md §5). */
import { isA, type ElementDef, type ElementKey, type TypeDef } from '../../definitions/types.ts';
import { isPlain, type Cell } from './cell.ts';
import { misfit, named } from './misfit.ts';
import { castPrimitive, typesOfChoice, type Primitive } from './primitive.ts';
import type { Target } from './target.ts';

/** A type that says nothing of what it holds. */
export const isOpen = (type: TypeDef): boolean =>
  type.name === 'Element' || type.name === 'BackboneElement' || isPlain(type);

/** Age, Duration … are Quantities, and stand for each other where one is asked for. */
const isQuantity = (type: TypeDef | undefined): boolean => isA(type, 'Quantity') || type?.name === 'MoneyQuantity';

/** Whether an element takes an object; one without a type of its own gets that of the element. */
export function fits(made: Target, expected: TypeDef): boolean {
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

/** The key of a choice for a primitive, and the value in its type. Throws a `Fault` when it takes none such. */
export function choosePrimitive(
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

/** The key of a choice for an object. Throws a `Fault` when it takes none such. */
export function chooseObject(cell: Cell, made: Target): ElementKey {
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

/** A choice holds one type: what another has written goes (fml.md §5). */
export function clearChoice(into: Target, def: ElementDef, key: ElementKey): void {
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
