/** `src.a -> tgt.b;`: by the default group of the pair of types; identical types are copied (fml.md §6). */
import { Item } from '../../definitions/item.ts';
import type { TypeDef } from '../../definitions/types.ts';
import type { Rule } from '../model.ts';
import { cellFinder, type Cell } from './cell.ts';
import { defaultGroups } from './default-group.ts';
import { Fault } from './fault.ts';
import type { Code, Names } from './frame.ts';
import { isPrimitiveTarget } from './target.ts';
import { compileTarget, targetIn, type RuleParts } from './write.ts';

/** The code of a rule that says only from where to where. */
export function compileShorthand(parts: RuleParts, rule: Rule, names: Names): Code {
  const { rules, source } = parts;
  const [target] = rule.targets;
  const element = target?.elements.at(-1);
  const slot = target?.context === undefined ? undefined : names.targets.get(target.context);
  if (target?.context === undefined || element === undefined || slot === undefined)
    return (
      compileTarget(
        parts,
        {
          ...(target ?? { at: rule.at, elements: [], listModes: [] }),
          transform: { name: 'copy', parameters: [], at: rule.at },
        },
        names,
      ).code ?? (() => undefined)
    );
  const { context } = target;
  const { compiler } = rules;
  const { writer, types } = compiler;
  const find = cellFinder(types, element);
  const way = target.elements.slice(0, -1).map((step) => cellFinder(types, step));
  const defaultGroup = defaultGroups(rules);
  return (frame) => {
    const item = frame.slots[source];
    if (!(item instanceof Item)) return;
    const { output } = frame.run;
    let into = targetIn(frame, slot, context);
    for (const step of way) into = writer.open(output, into, step(into.type), undefined);
    if (isPrimitiveTarget(into) && element === 'value') {
      writer.putIntoPrimitive(output, into, item);
      return;
    }
    if (isPrimitiveTarget(into)) into = writer.partOf(output, into);
    const cell = find(into.type);
    const found = defaultGroup(item.type, cell);
    if (found !== undefined) {
      found(frame, item, into, cell);
      return;
    }
    const { type } = item;
    if (type !== undefined && cell.def !== undefined && cell.def.types.length > 0 && !takes(cell, type))
      throw new Fault(
        'group',
        `there is no default group from ${type.name} to ${(cell.expected === undefined ? cell.def.types : [cell.expected]).map(({ name }) => name).join(', ')}`,
        {
          advice: 'Write a group <<types>> for them, or a rule with variables',
        },
      );
    writer.put(output, into, cell, item, false, undefined);
  };
}

function takes(cell: Cell, type: TypeDef): boolean {
  const offered = cell.expected === undefined ? (cell.def?.types ?? []) : [cell.expected];
  return offered.some(
    (each) => each === type || (each.name === 'Resource' && type.kind === 'resource') || type.kind === 'logical',
  );
}
