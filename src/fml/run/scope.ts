/** What the parts of a rule are compiled with: the names in reach, and what they are compiled to. */
import { nothing, Item } from '../../definitions/item.ts';
import type { Found } from '../../definitions/path.ts';
import type { TypeDef } from '../../definitions/types.ts';
import {
  compileExpression,
  FhirPathError,
  FhirPathSyntaxError,
  type CompiledExpression,
} from '../../fhirpath/index.ts';
import { typeNamed } from '../link.ts';
import type { Expression, Group, MapText } from '../model.ts';
import type { Compiler } from './compile.ts';
import { Fault } from './fault.ts';
import { broken, seenIn, Slots, type Frame, type Names } from './frame.ts';

export type Evaluator = (frame: Frame, focus: readonly Item[]) => readonly Item[];
/** As an evaluator; one item comes without a list around it. */
export type Finder = (frame: Frame, focus: readonly Item[]) => Found;
export type Condition = (frame: Frame, item: Item) => boolean;

/** The rules of one group, in one map. An extended group is compiled into the group that extends it. */
export class Rules {
  readonly compiler: Compiler;
  readonly map: MapText;
  readonly group: Group;
  readonly slots: Slots;

  constructor(compiler: Compiler, map: MapText, group: Group, slots: Slots = new Slots()) {
    this.compiler = compiler;
    this.map = map;
    this.group = group;
    this.slots = slots;
  }

  type(written: string): TypeDef | undefined {
    return typeNamed(this.compiler.library, this.map, written);
  }

  /** The slot that a rule reads from: sources first, then targets, then constants. */
  context(names: Names, name: string): number | undefined {
    return names.sources.get(name) ?? names.targets.get(name);
  }

  knows(names: Names, name: string): boolean {
    return this.context(names, name) !== undefined || this.compiler.constant(this.map, name) !== undefined;
  }

  #compile({ text }: Expression, names: Names): CompiledExpression | Fault {
    const { functions } = this.compiler.options;
    try {
      return compileExpression(text, {
        types: this.compiler.types,
        bareVariables: true,
        variable: (name) => {
          const slot = this.context(names, name);
          if (slot !== undefined) return ({ host }) => seenIn(host as Frame, slot);
          const constant = this.compiler.constant(this.map, name);
          return constant === undefined ? undefined : ({ host }) => constant(host as Frame);
        },
        ...(functions === undefined ? {} : { functions }),
      });
    } catch (error) {
      if (error instanceof FhirPathSyntaxError)
        return new Fault('expression', `the expression (${text}) cannot be read: ${error.message}`);
      throw error;
    }
  }

  evaluator(expression: Expression, names: Names): Evaluator {
    const find = this.finder(expression, names);
    return (frame, focus) => {
      const found = find(frame, focus);
      return found === undefined ? nothing : found instanceof Item ? [found] : found;
    };
  }

  finder(expression: Expression, names: Names): Finder {
    const compiled = this.#compile(expression, names);
    if (compiled instanceof Fault) return broken(compiled);
    const { compiler } = this;
    return (frame, focus) => {
      try {
        const found = compiled.find(focus, frame.env(compiler.itemOf));
        if (found === undefined) return undefined;
        return found instanceof Item ? compiler.itemAsFhir(found) : compiler.asFhir(found);
      } catch (error) {
        throw stopped(expression, error);
      }
    };
  }

  condition(expression: Expression, names: Names): Condition {
    const compiled = this.#compile(expression, names);
    if (compiled instanceof Fault) return broken(compiled);
    const { itemOf } = this.compiler;
    return (frame, item) => {
      try {
        return compiled.test(item, frame.env(itemOf));
      } catch (error) {
        throw stopped(expression, error);
      }
    };
  }
}

const stopped = ({ text }: Expression, error: unknown): unknown =>
  error instanceof FhirPathError
    ? new Fault('expression', `the expression (${text}) stopped: ${error.message}`, { cause: error })
    : error;
