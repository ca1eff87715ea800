/** Parameters of transforms and groups → what gives their value in a frame. */
import { Item, nothing } from '../../definitions/item.ts';
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
  /** The slot, of a variable alone. */
  readonly slot: number | undefined;
  readonly items: (frame: Frame) => readonly Item[];
};

export function compileArgument(rules: Rules, parameter: Parameter, names: Names): Argument {
  switch (parameter.kind) {
    case 'literal': {
      const { type, value } = parameter.literal;
      const items = [new Item(value, rules.compiler.types.get(type))];
      return { constant: value, slot: undefined, items: () => items };
    }
    case 'expression': {
      const evaluate = rules.evaluator(parameter.expression, names);
      return { constant: undefined, slot: undefined, items: (frame) => evaluate(frame, nothing) };
    }
    case 'path':
    default: {
      const { variable, elements } = parameter;
      const slot = rules.context(names, variable);
      const start = slot === undefined ? rules.items(names, variable) : undefined;
      if (slot === undefined && start === undefined)
        return {
          constant: undefined,
          slot: undefined,
          items: broken(new Fault('unknown-variable', `the variable “${variable}” is not known here`)),
        };
      const read =
        slot === undefined
          ? (frame: Frame): readonly Item[] => start?.(frame) ?? nothing
          : (frame: Frame): readonly Item[] => {
              const item = itemIn(frame, slot);
              return item === undefined ? nothing : [item];
            };
      if (elements.length === 0) return { constant: undefined, slot, items: read };
      const step = children(rules, elements);
      return {
        constant: undefined,
        slot: undefined,
        items: (frame) => {
          const out: Item[] = [];
          for (const item of read(frame)) step(item, out);
          return out;
        },
      };
    }
  }
}

/** What a variable holds, a target as itself. */
export function heldBy({ slot, items }: Argument, frame: Frame): Item | Target | readonly Item[] | undefined {
  if (slot === undefined) return items(frame);
  const held = frame.slots[slot];
  return typeof held === 'number' ? undefined : held;
}

export function itemOf(argument: Argument | undefined, frame: Frame, what: string): Item | undefined {
  const [first, second] = argument?.items(frame) ?? nothing;
  if (second !== undefined)
    throw new Fault('several-values', `${what} is given more than one value`, {
      advice: 'Choose with first() or where',
    });
  return first;
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
