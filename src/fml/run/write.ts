/** One target of a rule → code that writes it (fml.md §5), and the names that it adds. */
import { Item, isObject } from '../../definitions/item.ts';
import type { TypeDef } from '../../definitions/types.ts';
import type { RuleTarget, TargetListMode } from '../model.ts';
import { cellFinder, type Cell } from './cell.ts';
import { Fault } from './fault.ts';
import { broken, withSource, withTarget, type Code, type Frame, type Names } from './frame.ts';
import { targetPath } from './path.ts';
import { castPrimitive, isPrimitive } from './primitive.ts';
import type { Rules } from './scope.ts';
import { Box } from './json.ts';
import { isPrimitiveTarget, Target, targetFrom } from './target.ts';
import type { RuleAt } from './trace.ts';
import { compileTransform } from './transforms.ts';
import type { Made, Produce } from './transforms/transform.ts';

/** What one block of rules shares: targets made with `share`, and who asked for the ends of a list. */
export class Block {
  readonly #slots = new Map<string, number>();
  readonly #ends = new Set<string>();

  slotOf(rules: Rules, id: string): number {
    let slot = this.#slots.get(id);
    if (slot === undefined) this.#slots.set(id, (slot = rules.slots.add({ kind: 'made' })));
    return slot;
  }

  /** Slots to be emptied when the block begins. */
  get shared(): readonly number[] {
    return [...this.#slots.values()];
  }

  /** False when another rule has asked for this end already. */
  take(end: string): boolean {
    if (this.#ends.has(end)) return false;
    this.#ends.add(end);
    return true;
  }
}

export type TargetCode = { readonly names: Names; readonly code: Code | undefined };

export type RuleParts = {
  readonly rules: Rules;
  readonly block: Block;
  readonly at: RuleAt;
  /** The slot of the rule's last source. */
  readonly source: number;
  /** Names that the rule's own sources give. */
  readonly own: ReadonlySet<string>;
};

/** The target in a slot. */
export function targetIn(frame: Frame, slot: number, name: string): Target {
  const held = frame.slots[slot];
  if (held instanceof Target) return held;
  if (held === undefined)
    throw new Fault('no-value', `the target variable “${name}” has no value here`, {
      advice: 'Its transform gave nothing: test that before',
    });
  throw new Fault('wrong-type', `the variable “${name}” holds a value that nothing can be written into`);
}

export function compileTarget(parts: RuleParts, target: RuleTarget, names: Names): TargetCode {
  const { rules } = parts;
  const { context, elements, transform, variable } = target;
  const produce =
    transform === undefined ? undefined : compileTransform(rules, transform, names, parts.source, parts.at.where);
  if (context === undefined) return intoVariable(parts, variable, produce, names);
  const slot = names.targets.get(context);
  if (slot === undefined) {
    const isSource = rules.knows(names, context);
    return {
      names: withNew(parts, names, variable),
      code: broken(
        isSource
          ? new Fault('unknown-variable', `“${context}” is a source variable and cannot be written`)
          : new Fault('unknown-variable', `the target variable “${context}” is not known here`),
      ),
    };
  }
  if (elements.length === 0) {
    if (transform === undefined) return { names: withTarget(names, variable, slot), code: undefined };
    return {
      names: withNew(parts, names, variable),
      code: broken(
        new Fault('wrong-parameters', 'a target without element takes no value', {
          advice: `Name the element: ${context}.…`,
        }),
      ),
    };
  }
  return intoElement(parts, target, names, slot, produce);
}

function withNew({ rules }: RuleParts, names: Names, variable: string | undefined): Names {
  return variable === undefined ? names : withTarget(names, variable, rules.slots.add({ kind: 'made' }));
}

/** A value that stands nowhere: a name for it, in reach of parameters, expressions and sources. */
function intoVariable(
  { rules, own }: RuleParts,
  variable: string | undefined,
  produce: Produce | undefined,
  names: Names,
): TargetCode {
  if (produce === undefined) return { names, code: undefined };
  if (variable === undefined) return { names, code: (frame) => void produce(frame, undefined) };
  const slot = rules.slots.add({ kind: 'made' });
  const both = withTarget(names, variable, slot);
  const code: Code = (frame) => {
    frame.slots[slot] = undefined;
    const made = produce(frame, undefined);
    frame.slots[slot] = made instanceof Target ? made : held(frame, oneOf(made, variable));
  };
  return { names: own.has(variable) ? both : withSource(both, variable, slot), code };
}

function oneOf(made: Item | readonly Item[] | undefined, what: string): Item | undefined {
  if (made === undefined || made instanceof Item) return made;
  const [first, second] = made;
  if (second !== undefined)
    throw new Fault('several-values', `there is more than one value for ${what}`, {
      advice: 'Choose with first() or where',
    });
  return first;
}

/** An object of the output stays itself, so that rules may go on filling it; what was read is copied. */
function held(frame: Frame, item: Item | undefined): Item | Target | undefined {
  if (item === undefined || !isObject(item.json)) return item;
  const { run } = frame;
  const original = run.output.originalOf(item.json);
  if (!run.owns(original)) return targetFrom(item);
  const target = new Target(original, item.type, true);
  // It stands somewhere already: written to another element, it is copied.
  target.parent = run.targets[0];
  return target;
}

function endOf(modes: readonly TargetListMode[]): 'first' | 'last' | undefined {
  if (modes.includes('first')) return 'first';
  return modes.includes('last') ? 'last' : undefined;
}

function intoElement(
  parts: RuleParts,
  target: RuleTarget,
  names: Names,
  context: number,
  produce: Produce | undefined,
): TargetCode {
  const { rules, block, at } = parts;
  const { variable, listModes, share } = target;
  const { writer, types } = rules.compiler;
  const contextName = target.context ?? '';
  const element = target.elements.at(-1) ?? '';
  const find = cellFinder(types, element);
  const way = target.elements.slice(0, -1).map((step) => cellFinder(types, step));
  const end = endOf(listModes);
  const slot = variable === undefined ? undefined : rules.slots.add({ kind: 'made' });
  const inner = slot === undefined ? names : withTarget(names, variable, slot);
  if (end !== undefined && !block.take(`${end} ${context} ${target.elements.join('.')}`))
    return {
      names: inner,
      code: broken(
        new Fault('list-mode', `two rules of one block ask for the ${end} place of ${element}`, {
          advice: 'Leave it to one of them',
        }),
      ),
    };
  const reuses = listModes.includes('collate') || listModes.includes('single');
  const traced = rules.compiler.options.trace === true;
  const asVariable = slot !== undefined || share !== undefined || traced;

  /** The object whose element is written. */
  const reach = (frame: Frame): Target => {
    let into = targetIn(frame, context, contextName);
    for (const step of way) into = writer.open(frame.run.output, into, step(into.type), undefined);
    // Id and extensions of a primitive stand beside it.
    return isPrimitiveTarget(into) && element !== 'value' ? writer.partOf(frame.run.output, into) : into;
  };

  /** `given` is what was produced already. */
  const write = (frame: Frame, given?: Made): Target | undefined => {
    const into = reach(frame);
    const { output } = frame.run;
    if (isPrimitiveTarget(into)) {
      const made = produce?.(frame, undefined);
      const value = made instanceof Target ? made : oneOf(made, element);
      return value === undefined ? undefined : writer.putIntoPrimitive(output, into, value);
    }
    if (element === 'resourceType' && into.type?.kind === 'resource') return nameType(frame, into);
    const cell = find(into.type);
    if (reuses) {
      const standing = firstOf(into, cell);
      if (standing !== undefined) return standing;
    }
    if (produce === undefined) return writer.open(output, into, cell, end);
    const made = given ?? produce(frame, cell);
    if (made === undefined) return undefined;
    if (made instanceof Item || made instanceof Target) return writer.put(output, into, cell, made, asVariable, end);
    return putAll(frame, into, cell, made);
  };

  /** Maps for engines without types write it; a typed one has it already. */
  const nameType = (frame: Frame, into: Target): undefined => {
    const made = produce?.(frame, undefined);
    const item = made instanceof Target ? frame.run.output.itemOf(made) : oneOf(made, element);
    if (item !== undefined && item.json !== into.type?.name)
      throw new Fault('wrong-type', `a ${into.type?.name} cannot become another type`, { value: item.json });
  };

  const putAll = (frame: Frame, into: Target, cell: Cell, made: readonly Item[]): Target | undefined => {
    const { output } = frame.run;
    if (made.length > 1 && !cell.repeats) {
      if (cell.def !== undefined)
        throw new Fault('several-values', `there are ${made.length} values for ${element}, which takes one`, {
          advice: 'Choose with first() or where',
        });
      // Plain JSON has no definition: several values make a list.
      if (cell.key !== undefined) into.json[cell.key.key] = [];
    }
    let last: Target | undefined;
    for (const item of made) last = writer.put(output, into, cell, item, asVariable, end);
    return last;
  };

  const direct = way.length === 0 && !reuses && end === undefined && element !== 'resourceType';
  const code =
    direct && produce !== undefined && !asVariable
      ? plainWrite(context, find, produce, write)
      : direct && produce === undefined && slot !== undefined && share === undefined
        ? (frame: Frame): void => {
            const into = frame.slots[context];
            frame.slots[slot] =
              into instanceof Target && !into.boxed
                ? writer.open(frame.run.output, into, find(into.type), undefined)
                : write(frame);
          }
        : codeFor(write, slot, share === undefined ? undefined : block.slotOf(rules, share));
  if (!traced) return { names: inner, code };
  const tracing = codeFor(
    (frame) => {
      const written = write(frame);
      if (written !== undefined)
        frame.run.options.trace?.({
          kind: 'wrote',
          rule: at,
          depth: frame.run.depth,
          path: targetPath(written),
          value: frame.run.output.itemOf(written)?.json,
        });
      return written;
    },
    slot,
    share === undefined ? undefined : block.slotOf(rules, share),
  );
  return { names: inner, code: tracing };
}

/** Most writes are of one primitive into an element that holds one: those are done at once. */
function plainWrite(
  context: number,
  find: (type: TypeDef | undefined) => Cell,
  produce: Produce,
  write: (frame: Frame, made?: Made) => unknown,
): Code {
  return (frame) => {
    const into = frame.slots[context];
    if (!(into instanceof Target) || isPrimitiveTarget(into)) {
      write(frame);
      return;
    }
    const cell = find(into.type);
    const made = produce(frame, cell);
    if (made === undefined) return;
    if (
      cell.simple &&
      made instanceof Item &&
      made.extra === undefined &&
      isPrimitive(made.json) &&
      !into.foreign &&
      !frame.run.output.hasExtras
    ) {
      const type = cell.expected as TypeDef;
      const value = made.type === type ? made.json : castPrimitive(made.json, type.name);
      if (value !== undefined) {
        cell.write?.(into.json, value);
        return;
      }
    }
    write(frame, made);
  };
}

function codeFor(
  write: (frame: Frame) => Target | undefined,
  slot: number | undefined,
  shared: number | undefined,
): Code {
  if (shared !== undefined)
    return (frame) => {
      const standing = frame.slots[shared] ?? write(frame);
      frame.slots[shared] = standing;
      if (slot !== undefined) frame.slots[slot] = standing;
    };
  if (slot === undefined) return (frame) => void write(frame);
  return (frame) => {
    frame.slots[slot] = undefined;
    frame.slots[slot] = write(frame);
  };
}

/** The first object of a list: `collate` (R5: `single`) goes on filling it. */
function firstOf(into: Target, { key }: Cell): Target | undefined {
  if (key === undefined) return undefined;
  const standing = into.json[key.key];
  const first: unknown = Array.isArray(standing) ? standing[0] : standing;
  if (!isObject(first) || first instanceof Box) return undefined;
  const target = new Target(first, key.type, true);
  target.parent = into;
  target.key = key.key;
  return target;
}
