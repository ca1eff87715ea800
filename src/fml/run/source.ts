/**
 * The sources of a rule → a loop over their items (fml.md §3.5): children by name, default when there are none, type
 * filter, number, where, check, log, list mode; then the rest of the rule for each item, the first source outermost.
 */
import { childrenOf, Item, nothing, stepTo, type Step } from '../../definitions/item.ts';
import { pathTo, type Found } from '../../definitions/path.ts';
import type { ElementKey, TypeDef, TypeTable } from '../../definitions/types.ts';
import type { ListMode, RuleSource } from '../model.ts';
import { Fault } from './fault.ts';
import { broken, itemIn, withSource, type Code, type Frame, type Names } from './frame.ts';
import { isPrimitive } from './primitive.ts';
import type { Condition, Rules } from './scope.ts';

/** The items of a source and their places among what the element holds. */
type Kept = { readonly items: readonly Item[]; readonly places: readonly number[] | undefined };

export type SourceCode = {
  /** Names as the next source, the targets and the nested rules see them. */
  readonly names: Names;
  /** The slot of the item. */
  readonly slot: number;
  readonly loop: (body: Code) => Code;
};

export function compileSource(rules: Rules, source: RuleSource, names: Names): SourceCode {
  const { slots } = rules;
  const context = rules.context(names, source.context);
  if (context === undefined) {
    const constant = rules.compiler.constant(rules.map, source.context);
    if (constant !== undefined) return fromConstant(rules, source, names, constant);
    const slot = slots.add({ kind: 'made' });
    const fault = new Fault('unknown-variable', `the source variable “${source.context}” is not known here`);
    return { names: withSource(names, source.variable, slot), slot, loop: () => broken(fault) };
  }
  if (source.elements.length === 0) return sameItem(rules, source, names, context);
  const position = slots.add({ kind: 'made' });
  const slot = slots.add({ kind: 'child', of: context, elements: source.elements, position });
  const inner = withSource(names, source.variable, slot);
  const find = children(rules, source.elements);
  const read = reader(rules, source.elements, find);
  const narrow = filters(rules, source, names, inner, context, slot, position);
  const loop = (body: Code): Code => {
    if (narrow === undefined)
      return (frame) => {
        const parent = itemIn(frame, context);
        if (parent === undefined) return;
        const items = read(parent);
        if (items === undefined) return;
        const held = frame.slots;
        if (items instanceof Item) {
          held[position] = 0;
          held[slot] = items;
          body(frame);
          return;
        }
        for (let index = 0; index < items.length; index += 1) {
          held[position] = index;
          held[slot] = items[index];
          body(frame);
        }
      };
    return (frame) => {
      const parent = itemIn(frame, context);
      const items: Item[] = [];
      if (parent !== undefined) find(parent, items);
      const held = frame.slots;
      held[slot] = undefined;
      held[position] = undefined;
      const found = narrow(frame, items);
      for (let index = 0; index < found.items.length; index += 1) {
        held[position] = found.places === undefined ? index : found.places[index];
        held[slot] = found.items[index];
        body(frame);
      }
    };
  };
  return { names: inner, slot, loop };
}

/** `let` as the start of a source: once for each of its values. */
function fromConstant(
  rules: Rules,
  source: RuleSource,
  names: Names,
  constant: (frame: Frame) => readonly Item[],
): SourceCode {
  const held = rules.slots.add({ kind: 'made' });
  const code = compileSource(rules, source, withSource(names, source.context, held));
  const loop = (body: Code): Code => {
    const inner = code.loop(body);
    return (frame) => {
      for (const item of constant(frame)) {
        frame.slots[held] = item;
        inner(frame);
      }
    };
  };
  return { ...code, loop };
}

/** Whether anything but the name decides which items there are. */
export const isFiltered = ({ default: value, type, min, max, where, check, log, listMode }: RuleSource): boolean =>
  [value, type, min, max, where, check, log, listMode].some((each) => each !== undefined);

/** A source without element is the context itself (fml.md §3.6). */
function sameItem(rules: Rules, source: RuleSource, names: Names, context: number): SourceCode {
  if (!isFiltered(source)) {
    // Another name for the same slot: nothing is moved.
    const loop =
      (body: Code): Code =>
      (frame) => {
        if (frame.slots[context] instanceof Item || itemIn(frame, context) !== undefined) body(frame);
      };
    return { names: withSource(names, source.variable, context), slot: context, loop };
  }
  const slot = rules.slots.add({ kind: 'same', as: context });
  const inner = withSource(names, source.variable, slot);
  const { where, ...others } = source;
  if (where !== undefined && !isFiltered(others))
    return { names: inner, slot, loop: sameItemWhere(rules.condition(where, inner), context, slot) };
  const narrow = filters(rules, source, names, inner, context, slot, undefined);
  const loop =
    (body: Code): Code =>
    (frame) => {
      const held = frame.slots[context];
      const item = itemIn(frame, context);
      const { items } = narrow?.(frame, item === undefined ? nothing : [item]) ?? { items: [] };
      for (const each of items) {
        // A target stays one, so that later changes of it show.
        frame.slots[slot] = each === item ? held : each;
        body(frame);
      }
    };
  return { names: inner, slot, loop };
}

/** `src where (…)`, by far the commonest condition. */
const sameItemWhere =
  (holds: Condition, context: number, slot: number) =>
  (body: Code): Code =>
  (frame) => {
    const held = frame.slots[context];
    const item = held instanceof Item ? held : itemIn(frame, context);
    if (item === undefined) return;
    frame.slots[slot] = item;
    if (!holds(frame, item)) return;
    // A target stays one, so that later changes of it show.
    frame.slots[slot] = held;
    body(frame);
  };

/** The children; where there is one, itself: most elements are single, and need no list. */
function reader({ compiler: { types } }: Rules, elements: readonly string[], find: Step): (item: Item) => Found {
  if (!elements.includes('*')) return pathTo(types, elements).from;
  return (item) => {
    const items: Item[] = [];
    find(item, items);
    return items;
  };
}

/** The key of an element that stands under one name and says nothing of its own type. */
export function plainKey(types: TypeTable, type: TypeDef, name: string): ElementKey | undefined {
  if (type.kind === 'logical') return undefined;
  const found = types.element(type, name);
  const key = found?.key ?? (found?.def.choice === false ? found.def.keys[0] : undefined);
  return key?.type === undefined || key.type.kind === 'resource' ? undefined : key;
}

/** The children by one name or several; `*` is all. */
export function children(rules: Rules, elements: readonly string[]): Step {
  const steps = elements.map((element): Step => {
    const { types } = rules.compiler;
    if (element === '*') return (item, out) => void out.push(...childrenOf(types, item));
    return stepTo(types, element);
  });
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return (item, out) => {
    let items: Item[] = [item];
    for (const step of steps) {
      const next: Item[] = [];
      for (const each of items) step(each, next);
      items = next;
    }
    out.push(...items);
  };
}

type Narrow = (frame: Frame, items: readonly Item[]) => Kept;

/** Undefined when there is nothing to filter. */
function filters(
  rules: Rules,
  source: RuleSource,
  outer: Names,
  inner: Names,
  context: number,
  slot: number,
  position: number | undefined,
): Narrow | undefined {
  /** where, check and log see the rule's own variable (fml.md §3.5). */
  const show = (frame: Frame, item: Item, place: number): void => {
    frame.slots[slot] = item;
    if (position !== undefined) frame.slots[position] = place;
  };
  const name = [source.context, ...source.elements].join('.');
  const stages: ((frame: Frame, found: Kept) => Kept)[] = [];
  const { min, max, where, check, log } = source;
  if (source.default !== undefined) {
    const evaluate = rules.evaluator(source.default, outer);
    stages.push((frame, found) => {
      if (found.items.length > 0) return found;
      const parent = itemIn(frame, context);
      return { items: evaluate(frame, parent === undefined ? nothing : [parent]), places: undefined };
    });
  }
  if (source.type !== undefined) {
    const isOf = typeFilter(rules, source.type);
    stages.push((_, found) => keep(found, isOf));
  }
  if (min !== undefined || max !== undefined)
    stages.push((_, found) => {
      const { length } = found.items;
      if (length >= (min ?? 0) && length <= (max ?? length)) return found;
      throw new Fault(
        'cardinality',
        `${name} is to be there ${min ?? 0}..${max ?? '*'} times, and is there ${length} times`,
        {
          advice:
            length < (min ?? 0)
              ? 'Ask the sender for it, or give a default'
              : 'Widen the range, or choose with first or where',
        },
      );
    });
  if (where !== undefined) {
    const holds = rules.condition(where, inner);
    stages.push((frame, found) =>
      keep(found, (item, place) => {
        show(frame, item, place);
        return holds(frame, item);
      }),
    );
  }
  if (check !== undefined) {
    const holds = rules.condition(check, inner);
    stages.push((frame, found) => {
      for (const [index, item] of found.items.entries()) {
        show(frame, item, found.places?.[index] ?? index);
        if (!holds(frame, item))
          throw new Fault('check-failed', `the check (${check.text}) does not hold for ${name}`, {
            advice: 'Correct what was sent, or the check',
            value: item.json,
          });
      }
      return found;
    });
  }
  if (log !== undefined) {
    const evaluate = rules.evaluator(log, inner);
    stages.push((frame, found) => {
      const write = frame.run.options.log;
      if (write === undefined) return found;
      for (const [index, item] of found.items.entries()) {
        show(frame, item, found.places?.[index] ?? index);
        const line = evaluate(frame, [item]);
        write(line.map(({ json }) => (isPrimitive(json) ? String(json) : JSON.stringify(json))).join(', '));
      }
      return found;
    });
  }
  if (source.listMode !== undefined) {
    const choose = listMode(source.listMode, name);
    stages.push((_, found) => choose(found));
  }
  if (stages.length === 0) return undefined;
  const [first, second] = stages;
  if (first !== undefined && second === undefined) return (frame, items) => first(frame, { items, places: undefined });
  return (frame, items) => stages.reduce<Kept>((found, stage) => stage(frame, found), { items, places: undefined });
}

function keep(found: Kept, holds: (item: Item, place: number) => boolean): Kept {
  const items: Item[] = [];
  const places: number[] = [];
  for (let index = 0; index < found.items.length; index += 1) {
    const item = found.items[index] as Item;
    const place = found.places?.[index] ?? index;
    if (!holds(item, place)) continue;
    items.push(item);
    places.push(place);
  }
  return { items, places };
}

/** Exact types (fml.md §3.5): `FHIR.string`, `System.String`, an alias; plain JSON by what it is. */
function typeFilter(rules: Rules, written: string): (item: Item) => boolean {
  const bare = written.replace(/^FHIR\./u, '');
  const system = written.startsWith('System.') ? written.slice(7) : undefined;
  const name = system === undefined ? bare : system.charAt(0).toLowerCase() + system.slice(1);
  const type: TypeDef | undefined = rules.type(name);
  return (item) => {
    if (item.type !== undefined) return item.type === type || item.type.name === name;
    const { json } = item;
    if (typeof json === 'string') return name === 'string';
    if (typeof json === 'boolean') return name === 'boolean';
    return typeof json === 'number' && name === (Number.isInteger(json) ? 'integer' : 'decimal');
  };
}

function listMode(mode: ListMode, name: string): (found: Kept) => Kept {
  const part =
    (from: number, to: number | undefined) =>
    ({ items, places }: Kept): Kept => ({
      items: items.slice(from, to),
      places: (places ?? items.map((_, index) => index)).slice(from, to),
    });
  switch (mode) {
    case 'first':
      return part(0, 1);
    case 'not_first':
      return part(1, undefined);
    case 'last':
      return part(-1, undefined);
    case 'not_last':
      return part(0, -1);
    case 'only_one':
    default:
      return (found) => {
        if (found.items.length > 1)
          throw new Fault('not-only-one', `${name} is to be only one, and there are ${found.items.length}`, {
            advice: 'Choose with where or first',
          });
        return found;
      };
  }
}
