/** Default groups (`<<types>>`, `<<type+>>`): looked up by the types that come by, and run (fml.md §6). */
import type { Item } from '../../definitions/item.ts';
import type { TypeDef } from '../../definitions/types.ts';
import { findDefaultGroup, type DefaultGroup } from '../link.ts';
import { enterGroup } from './call.ts';
import type { Cell } from './cell.ts';
import type { Compiler } from './compile.ts';
import { Fault } from './fault.ts';
import { broken, Frame } from './frame.ts';
import type { Rules } from './scope.ts';
import type { Target } from './target.ts';
import { newTarget } from './transforms/create.ts';

type RunDefault = (frame: Frame, item: Item, into: Target, cell: Cell) => void;

/** Looks up default groups by the types that come by, and remembers them. */
export function defaultGroups(rules: Rules): (from: TypeDef | undefined, cell: Cell) => RunDefault | undefined {
  const { compiler, map } = rules;
  let last: { from: TypeDef; cell: Cell; run: RunDefault | undefined } | undefined;
  return (from, cell) => {
    if (from === undefined) return undefined;
    if (last?.from === from && last.cell === cell) return last.run;
    const open = cell.def === undefined || cell.expected?.name === 'Resource';
    const offered = cell.expected === undefined ? cell.def?.types : [cell.expected];
    const lookup = findDefaultGroup(compiler.library, map, from, open ? undefined : offered);
    if (lookup.kind === 'ambiguous')
      throw new Fault(
        'group',
        `there are two default groups from ${from.name}: ${lookup.candidates.map((each) => each.group.name).join(', ')}`,
        {
          advice: 'Leave one of them without <<types>>, or call one by name',
        },
      );
    const run = lookup.kind === 'found' ? runDefault(compiler, lookup.found) : undefined;
    last = { from, cell, run };
    return run;
  };
}

function runDefault(compiler: Compiler, found: DefaultGroup): RunDefault {
  const { inputs } = found.group;
  const called = compiler.group(found);
  const { target: type } = found;
  if (inputs.length !== 2)
    return broken(
      new Fault(
        'wrong-parameters',
        `the default group ${found.group.name} takes ${inputs.length} parameters, not a source and a target`,
      ),
    );
  return (frame, item, into, cell) => {
    const { output } = frame.run;
    const made = newTarget(frame, type);
    const standing =
      cell.repeats || type.kind === 'primitive' || cell.key === undefined ? undefined : into.json[cell.key.key];
    const target =
      standing === undefined
        ? compiler.writer.put(output, into, cell, made, true, undefined)
        : compiler.writer.open(output, into, cell, undefined);
    if (target === undefined) return;
    const inner = new Frame(frame.run, called.slots.empty, frame, undefined);
    for (const [index, { mode }] of inputs.entries()) inner.slots[index] = mode === 'source' ? item : target;
    enterGroup(called, inner);
  };
}
