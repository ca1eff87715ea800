/** The constants of a map (`let name = …;`): worked out when they are first asked for in a run. */
import type { Item } from '../../definitions/item.ts';
import type { Constant as Declared, Group, MapText } from '../model.ts';
import type { Compiler } from './compile.ts';
import { Fault } from './fault.ts';
import { broken, noNames, type Frame } from './frame.ts';
import { Rules } from './scope.ts';

/** The value of a constant in a run. Throws a `Fault` when it refers to itself. */
export type Constant = (frame: Frame) => readonly Item[];

/** The constants of all maps of one compiler, each compiled once. */
export class Constants {
  readonly #compiler: Compiler;
  readonly #known = new Map<Declared, Constant>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  /** The value of `let name`; undefined when the map has no such constant. */
  find(map: MapText, name: string): Constant | undefined {
    const constant = map.constants.find((each) => each.name === name);
    if (constant === undefined) return undefined;
    const standing = this.#known.get(constant);
    if (standing !== undefined) return standing;
    const index = this.#known.size;
    const circular = new Fault('expression', `the constant “${name}” refers to itself`);
    let evaluate: ReturnType<Rules['evaluator']> = broken(circular);
    const value: Constant = (frame) => {
      const { constants } = frame.run;
      const known = constants[index];
      if (known !== undefined) return known;
      const open = (frame.run.openConstants ??= new Set());
      if (open.has(index)) return broken(circular)(frame);
      open.add(index);
      const items = evaluate(frame, []);
      open.delete(index);
      constants[index] = items;
      return items;
    };
    this.#known.set(constant, value);
    const nowhere: Group = { at: constant.at, name: '', typeMode: 'none', inputs: [], rules: [] };
    evaluate = new Rules(this.#compiler, map, nowhere).evaluator(constant.value, noNames);
    return value;
  }
}
