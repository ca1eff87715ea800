/** What a transform is compiled with, and what it makes. */
import { Item } from '../../../definitions/item.ts';
import type { TypeDef } from '../../../definitions/types.ts';
import type { Parameter } from '../../model.ts';
import type { Argument } from '../argument.ts';
import type { Cell } from '../cell.ts';
import type { Frame, Names } from '../frame.ts';
import type { Json } from '../json.ts';
import type { Rules } from '../scope.ts';
import { Target } from '../target.ts';

/** What is to be written: an item (copied), a target (put in place itself), several, or nothing. */
export type Made = Item | Target | readonly Item[] | undefined;

/** `cell` is the element that is written; absent when the value goes into a variable only. */
export type Produce = (frame: Frame, cell: Cell | undefined) => Made;

/** One use of a transform in a map. */
export type Parts = {
  readonly rules: Rules;
  readonly names: Names;
  readonly parameters: readonly Parameter[];
  readonly given: readonly Argument[];
  /** The slot of the rule's last source. */
  readonly source: number;
  /** For the record of unmapped codes. */
  readonly where: string;
};

/** A type by its name; undefined without definitions. */
export const typed = (rules: Rules, name: string): TypeDef | undefined => rules.compiler.types.get(name);

/** An object of which the parts that are missing are left out. */
export function objectOf(type: TypeDef | undefined, parts: Json): Target {
  const json: Json = {};
  for (const key in parts) if (parts[key] !== undefined) json[key] = parts[key];
  return new Target(json, type, true);
}

/** A primitive of a type from its text, or nothing. */
export const textMade =
  (type: TypeDef | undefined, text: (frame: Frame) => string | undefined): Produce =>
  (frame) => {
    const made = text(frame);
    return made === undefined ? undefined : new Item(made, type);
  };
