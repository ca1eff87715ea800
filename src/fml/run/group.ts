/** A group → code: its rules in order, after those of the group that it extends (fml.md §3.2). */
import type { FoundGroup } from '../link.ts';
import type { Group } from '../model.ts';
import { findCalled } from './call.ts';
import type { Compiler } from './compile.ts';
import { Fault } from './fault.ts';
import { broken, noNames, sequence, withSource, withTarget, type Code, type Names, type Slots } from './frame.ts';
import { compileBlock } from './rule.ts';
import { Rules } from './scope.ts';

/** A compiled group. */
export type GroupCode = {
  readonly found: FoundGroup;
  readonly slots: Slots;
  /** Filled in after its slots: a group may call itself. */
  code: Code;
};

/** The code of a group; its inputs take the first slots. */
export function compileGroup(compiler: Compiler, { found, slots }: GroupCode): Code {
  let names = noNames;
  for (const [index, { mode, name }] of found.group.inputs.entries()) {
    const slot = slots.add({ kind: 'input', name, index });
    names = mode === 'source' ? withSource(names, name, slot) : withTarget(names, name, slot);
  }
  return told(compiler, found, sequence(rulesOf(compiler, found, names, slots, [])));
}

/** The rules of a group, after those of the group that it extends, with the same variables (fml.md §3.2). */
function rulesOf(
  compiler: Compiler,
  found: FoundGroup,
  names: Names,
  slots: Slots,
  extended: readonly Group[],
): Code[] {
  const { map, group } = found;
  const rules = new Rules(compiler, map, group, slots);
  const own = compileBlock(rules, group.rules, names);
  if (group.extends === undefined) return [own];
  if (extended.includes(group)) return [broken(new Fault('group', `the group ${group.name} extends itself`))];
  const base = findCalled(compiler.library, map, group.extends);
  if (base instanceof Fault) return [broken(base)];
  const missing = base.group.inputs.find(
    ({ mode, name }) => !(mode === 'source' ? names.sources : names.targets).has(name),
  );
  if (missing !== undefined)
    return [
      broken(
        new Fault(
          'group',
          `the group ${group.name} extends ${base.group.name}, and has no ${missing.mode} “${missing.name}” as that has`,
          {
            advice: 'Give the inputs the same names',
          },
        ),
      ),
    ];
  return [...rulesOf(compiler, base, names, slots, [...extended, group]), own];
}

function told(compiler: Compiler, { map, group }: FoundGroup, code: Code): Code {
  if (compiler.options.trace !== true) return code;
  return (frame) => {
    const { depth, options } = frame.run;
    options.trace?.({ kind: 'group-entered', file: map.file, group: group.name, depth });
    code(frame);
    options.trace?.({ kind: 'group-left', file: map.file, group: group.name, depth });
  };
}
