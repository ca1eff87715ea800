/** Runs one map by the compiled engine and by the interpreter, and says where they part. */
import type { MapText } from '../../../src/fml/model.ts';
import { placeOf } from '../../../src/fml/problem.ts';
import { MapStopped } from '../../../src/fml/run/fault.ts';
import { compileMap } from '../../../src/fml/run/index.ts';
import { interpret, type Inputs } from './interpret.ts';
import type { Library } from './library.ts';
import { Fault, Stopped } from './stopped.ts';

export type Outcome =
  | { readonly targets: readonly unknown[]; readonly log: readonly string[] }
  /** `where` is empty when no rule had begun. */
  | { readonly stopped: string; readonly where: string; readonly message: string };

const now = new Date('2026-05-06T07:08:09.123Z');

/** Ids in the order they are asked for. */
const ids = (): (() => string) => {
  let count = 0;
  return () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`;
};

export function byInterpreter(library: Library, map: MapText, inputs: Inputs): Outcome {
  const log: string[] = [];
  try {
    return { targets: interpret(library, map, inputs, { uuid: ids(), now, log: (line) => log.push(line) }), log };
  } catch (error) {
    if (error instanceof Stopped) {
      const { name } = error.rule;
      const where = placeOf({
        file: error.map.file,
        at: error.rule.at,
        ...(name === undefined ? {} : { rule: name }),
      });
      return { stopped: error.kind, where, message: error.message };
    }
    if (error instanceof Fault) return { stopped: error.kind, where: '', message: error.message };
    throw error;
  }
}

export function byEngine(library: Library, map: MapText, inputs: Inputs): Outcome {
  const log: string[] = [];
  try {
    const { targets } = compileMap(library, map).run(inputs, { uuid: ids(), now, log: (line) => log.push(line) });
    return { targets, log };
  } catch (error) {
    if (!(error instanceof MapStopped)) throw error;
    const { code, where, message } = error;
    return { stopped: code, where: where === map.file ? '' : where, message };
  }
}

/** Without the words of an error: those are the engine's own. */
export const comparable = (outcome: Outcome): unknown =>
  'stopped' in outcome ? { stopped: outcome.stopped, where: outcome.where } : outcome;
