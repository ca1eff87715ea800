/** Parameters of transforms and groups → what gives their value in a frame. */
import { Item, nothing } from '../../definitions/item.ts';
import type { Found } from '../../definitions/path.ts';
import type { Parameter } from '../model.ts';
import { Fault } from './fault.ts';
import { broken, itemIn, type Frame, type Names } from './frame.ts';
import { isPrimitive, type Primitive } from './primitive.ts';
import type { Rules } from './scope.ts';
import { children } from './source.ts';
import type { Target } from './target.ts';

export type Argument = {
  /** The value, when the text says it. */
  readonly constant: Primitive | undefined;
  /** The same, typed. */
  readonly literal?: Item;
  /** The slot, of a variable alone. */
  readonly slot: number | undefined;
  readonly find: (frame: Frame) => Found;
};

export function compileArgument(rules: Rules, parameter: Parameter, names: Names): Argument {
  switch (parameter.kind) {
    case 'literal': {
      const { type, value } = parameter.literal;
      const item = new Item(value, rules.compiler.types.get(type));
      return { constant: value, literal: item, slot: undefined, find: () => item };
    }
    case 'expression': {
      const find = rules.finder(parameter.expression, names);
      return { constant: undefined, slot: undefined, find: (frame) => find(frame, nothing) };
    }
    case 'path':
    default: {
      const { variable, elements } = parameter;
      const slot = rules.context(names, variable);
      const start =
        slot === undefined
          ? rules.compiler.constant(rules.map, variable)
          : (frame: Frame): Found => itemIn(frame, slot);
      if (start === undefined)
        return {
          constant: undefined,
          slot: undefined,
          find: broken(new Fault('unknown-variable', `the variable “${variable}” is not known here`)),
        };
      if (elements.length === 0) return { constant: undefined, slot, find: start };
      const step = children(rules, elements);
      return {
        constant: undefined,
        slot: undefined,
        find: (frame) => {
          const out: Item[] = [];
          for (const item of listOf(start(frame))) step(item, out);
          return out;
        },
      };
    }
  }
}

const listOf = (found: Found): readonly Item[] =>
  found === undefined ? nothing : found instanceof Item ? [found] : found;

export const itemsOf = (argument: Argument | undefined, frame: Frame): readonly Item[] => listOf(argument?.find(frame));

/** What a variable holds, a target as itself. */
export function heldBy({ slot, find }: Argument, frame: Frame): Item | Target | readonly Item[] | undefined {
  if (slot === undefined) return find(frame);
  const held = frame.slots[slot];
  return typeof held === 'number' ? undefined : held;
}

export function itemOf(argument: Argument | undefined, frame: Frame, what: string): Item | undefined {
  const found = argument?.find(frame);
  if (found === undefined || found instanceof Item) return found;
  if (found.length > 1)
    throw new Fault('several-values', `${what} is given more than one value`, {
      advice: 'Choose with first() or where',
    });
  return found[0];
}

export function primitiveOf(argument: Argument | undefined, frame: Frame, what: string): Primitive | undefined {
  if (argument?.constant !== undefined) return argument.constant;
  const json = itemOf(argument, frame, what)?.json;
  if (json === undefined) return undefined;
  if (!isPrimitive(json)) throw new Fault('wrong-type', `${what} is no primitive`, { value: json });
  return json;
}

export function textOf(argument: Argument | undefined, frame: Frame, what: string): string | undefined {
  const primitive = primitiveOf(argument, frame, what);
  return primitive === undefined ? undefined : String(primitive);
}

export function required(argument: Argument | undefined, frame: Frame, what: string): string {
  const text = textOf(argument, frame, what);
  if (text === undefined) throw new Fault('no-value', `${what} is missing`);
  return text;
}
