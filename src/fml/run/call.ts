/** Calls of groups: which group a name means, what it is given, and its run in a frame of its own (fml.md §3). */
import { findGroup, importedMaps, type FoundGroup, type Library } from '../link.ts';
import type { GroupCall, MapText } from '../model.ts';
import { compileArgument, itemsOf } from './argument.ts';
import { Fault } from './fault.ts';
import { broken, Frame, type Code, type Names, type Parameters, type Slot } from './frame.ts';
import type { GroupCode } from './group.ts';
import type { Rules } from './scope.ts';

/** Groups that call each other deeper than this do not end (fml.md §10). */
const maxDepth = 200;

/** The group that a name means in a map, or why there is none. */
export function findCalled(library: Library, map: MapText, name: string): FoundGroup | Fault {
  const lookup = findGroup(library, map, name);
  switch (lookup.kind) {
    case 'found':
      return lookup.found;
    case 'ambiguous':
      return new Fault(
        'group',
        `there is more than one group ${name}: in ${lookup.candidates.map((each) => each.map.file).join(', ')}`,
        {
          advice: 'Rename one of them',
        },
      );
    case 'missing':
    default: {
      const absent = map.imports.filter(
        ({ canonical }) => !canonical.includes('*') && !importedMaps(library, map).some(({ url }) => url === canonical),
      );
      return new Fault('group', `the group ${name} is neither here nor in an imported map`, {
        advice:
          absent.length === 0
            ? 'Import the map that has it'
            : `Imported and not found: ${absent.map(({ canonical }) => canonical).join(', ')}`,
      });
    }
  }
}

/** Runs a group in a frame of its own. Throws a `Fault` when groups call each other too deep. */
export function enterGroup({ code }: GroupCode, frame: Frame): void {
  const { run } = frame;
  if (run.depth >= maxDepth)
    throw new Fault('recursion', `groups call each other more than ${maxDepth} deep`, {
      advice: 'End the recursion with where',
    });
  run.depth += 1;
  code(frame);
  run.depth -= 1;
}

/** `then name(a, b)`. */
export function compileCall(rules: Rules, { group: name, parameters }: GroupCall, names: Names): Code {
  const { compiler } = rules;
  const found = findCalled(compiler.library, rules.map, name);
  if (found instanceof Fault) return broken(found);
  const { inputs } = found.group;
  if (inputs.length !== parameters.length)
    return broken(
      new Fault('wrong-parameters', `the group ${name} takes ${inputs.length} parameters, not ${parameters.length}`),
    );
  const called = compiler.group(found);
  const passed: (number | undefined)[] = [];
  const pass = inputs.map((input, index): ((frame: Frame) => Slot) => {
    const parameter = parameters[index];
    const what = `the parameter ${input.name} of the group ${name}`;
    if (parameter === undefined) return () => undefined;
    if (input.mode === 'target') {
      const slot =
        parameter.kind === 'path' && parameter.elements.length === 0
          ? names.targets.get(parameter.variable)
          : undefined;
      if (slot === undefined || parameter.kind !== 'path')
        return broken(new Fault('wrong-parameters', `${what} is a target, and is not given one`));
      passed[index] = slot;
      return (frame) => {
        const held = frame.slots[slot];
        if (held === undefined)
          throw new Fault('no-value', `${what} has no value`, { advice: 'Call it only where there is one' });
        return held;
      };
    }
    const argument = compileArgument(rules, parameter, names);
    const { slot } = argument;
    passed[index] = slot;
    const nothingThere = (): Fault =>
      new Fault('no-value', `${what} has no value`, { advice: 'Call it only where there is one' });
    if (slot !== undefined)
      return (frame) => {
        const held = frame.slots[slot];
        if (held === undefined) throw nothingThere();
        return held;
      };
    return (frame) => {
      const [first, second] = itemsOf(argument, frame);
      if (first === undefined) throw nothingThere();
      if (second !== undefined) throw new Fault('several-values', `${what} is given more than one value`);
      return first;
    };
  });
  const origins: Parameters = { slots: passed, origins: rules.slots.origins };
  const variables = passed.filter((slot) => slot !== undefined);
  if (variables.length === inputs.length)
    return (frame) => {
      const inner = new Frame(frame.run, called.slots.empty, frame, origins);
      for (let index = 0; index < variables.length; index += 1) {
        const held = frame.slots[variables[index] as number];
        inner.slots[index] = held ?? (pass[index] as (frame: Frame) => Slot)(frame);
      }
      enterGroup(called, inner);
    };
  return (frame) => {
    const inner = new Frame(frame.run, called.slots.empty, frame, origins);
    for (let index = 0; index < pass.length; index += 1)
      inner.slots[index] = (pass[index] as (frame: Frame) => Slot)(frame);
    enterGroup(called, inner);
  };
}
