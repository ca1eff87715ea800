/** `create`, `copy` and `cast`: a value as the element takes it. */
import { Item } from '../../../definitions/item.ts';
import { isAbstract, type TypeDef } from '../../../definitions/types.ts';
import { findDefaultGroup } from '../../link.ts';
import { primitiveOf, required } from '../argument.ts';
import type { Cell } from '../cell.ts';
import { Fault } from '../fault.ts';
import { broken, itemIn, type Frame } from '../frame.ts';
import { castPrimitive, type Primitive } from '../primitive.ts';
import type { Rules } from '../scope.ts';
import { Target } from '../target.ts';
import type { Parts, Produce } from './transform.ts';

/** An empty object, resource or primitive of a type, which stands nowhere yet. */
export function newTarget(frame: Frame, type: TypeDef): Target {
  if (type.kind === 'resource') return new Target({ resourceType: type.name }, type);
  if (type.kind === 'primitive') return frame.run.output.primitive(type);
  return frame.run.output.made(new Target({}, type));
}

/** `create('Type')`: an empty object; without a type, one of the type that the element has. */
export const create = ({ rules, given: [name], source }: Parts): Produce => {
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

/** `copy(v)`, or `v` alone: the value itself. */
export const copy = ({ given: [value] }: Parts): Produce => {
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

/** `cast(v, 'type')`: a primitive in another type. */
export const cast = ({ rules, given: [value, type] }: Parts): Produce => {
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
