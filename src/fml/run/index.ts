/** Compiles a map, and runs it: pure, from inputs, clock and ids to plain FHIR JSON. */
import { isObject, itemOf } from '../../definitions/item.ts';
import { typeNamed, type Library } from '../link.ts';
import type { MapText } from '../model.ts';
import { enterGroup } from './call.ts';
import { Compiler, type CompileOptions } from './compile.ts';
import { Fault, MapStopped, type Unmapped } from './fault.ts';
import { Frame, Run, type RunOptions } from './frame.ts';
import { copyWhole, type Json } from './json.ts';
import { Target } from './target.ts';

export type RunInputs = {
  /** In the order of the first group's sources. */
  readonly sources: readonly unknown[];
  /** What is to be added to, in the order of its targets; a missing one is made empty. They are copied. */
  readonly targets?: readonly unknown[];
};

export type RunResult = {
  /** FHIR JSON, in the order of the first group's targets. */
  readonly targets: readonly unknown[];
  /** Codes that no ConceptMap listed, and for which one said what to do. */
  readonly unmapped: readonly Unmapped[];
};

export type CompiledMap = {
  /** Throws MapStopped. */
  readonly run: (inputs: RunInputs, options: RunOptions) => RunResult;
};

/** Maps of one library call the same groups: those are compiled once for all of them. */
const compilers = new WeakMap<Library, Compiler[]>();

function compilerFor(library: Library, options: CompileOptions): Compiler {
  const standing = compilers.get(library) ?? [];
  const same = standing.find(
    ({ options: { trace, functions } }) => trace === options.trace && functions === options.functions,
  );
  if (same !== undefined) return same;
  const compiler = new Compiler(library, options);
  compilers.set(library, [...standing, compiler]);
  return compiler;
}

/**
 * Compiles a map and what it calls. The first group is the one that runs. What is wrong with the text stops the map when
 * it is reached, and is told before by `checkMap`.
 */
export function compileMap(library: Library, map: MapText, options: CompileOptions = {}): CompiledMap {
  const compiler = compilerFor(library, options);
  const { types } = library;
  const [group] = map.groups;
  if (group === undefined) {
    const fault = new Fault('group', 'the map has no group', {
      advice: 'Write one: group main(source src, target tgt) { … }',
    });
    return {
      run: () => {
        throw new MapStopped(fault, map.file);
      },
    };
  }
  const code = compiler.group({ map, group });
  const inputs = group.inputs.map(({ name, mode, type }) => ({
    name,
    mode,
    type: type === undefined ? undefined : typeNamed(library, map, type),
  }));
  const missing = (mode: 'source' | 'target'): Fault =>
    new Fault('input', `the first group, ${group.name}, has no ${mode}`, {
      advice: 'It takes what is read as source and what is made as target',
    });
  const absent = (['source', 'target'] as const).find((mode) => !inputs.some((input) => input.mode === mode));

  const run = (given: RunInputs, runOptions: RunOptions): RunResult => {
    if (absent !== undefined) throw new MapStopped(missing(absent), map.file);
    const state = new Run(runOptions);
    const frame = new Frame(state, code.slots.empty, undefined, undefined);
    let sources = 0;
    let targets = 0;
    for (let index = 0; index < inputs.length; index += 1) {
      const { name, mode, type } = inputs[index] as (typeof inputs)[number];
      if (mode === 'source') {
        const item = itemOf(types, given.sources[sources], type);
        if (item === undefined)
          throw new Fault('input', `the input “${name}” of ${group.name} is missing`, {
            advice: 'A map takes one value for each source of its first group',
          });
        sources += 1;
        state.sources.push(item);
        frame.slots[index] = item;
      } else {
        const target = newTarget(state, given.targets?.[targets], type);
        targets += 1;
        state.targets.push(target);
        frame.slots[index] = target;
      }
    }
    enterGroup(code, frame);
    state.output.finish();
    return { targets: state.targets.map(({ json }) => json), unmapped: state.unmapped };
  };

  const newTarget = (state: Run, json: unknown, type: (typeof inputs)[number]['type']): Target => {
    if (!isObject(json)) return new Target(type?.kind === 'resource' ? { resourceType: type.name } : {}, type);
    const own = itemOf(types, json, type);
    return new Target(copyWhole(json, (at, key) => state.output.given(at, key)) as Json, own?.type, true);
  };

  return {
    run: (given, runOptions) => {
      try {
        return run(given, runOptions);
      } catch (error) {
        throw error instanceof Fault ? new MapStopped(error, map.file) : error;
      }
    },
  };
}
