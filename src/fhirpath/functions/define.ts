/** How a function of FHIRPath is described and compiled. */
import { nothing, type Item } from '../../definitions/item.ts';
import { truthNode, type Call, type Items, type Node, type Scope } from '../node.ts';
import { stringOf, type Truth } from '../system.ts';

export type BuiltIn = {
  readonly min: number;
  readonly max: number;
  /** Parameters that are evaluated once for each item, with the item as `$this`; the others see what the call stands in. */
  readonly perItem?: true;
  /** Parameters are the names of types. */
  readonly types?: true;
  readonly compile: (call: Call) => Node;
};

export type BuiltIns = Readonly<Record<string, BuiltIn>>;

/** A function that only turns its input into something else. */
export const onItems = (apply: (items: readonly Item[], what: string, scope: Scope) => readonly Item[]): BuiltIn => ({
  min: 0,
  max: 0,
  compile: ({ of, what }) => ({ items: (focus, scope) => apply(of.items(focus, scope), what, scope) }),
});

/** A function whose answer is true, false or empty. */
export const onItemsTruth = (apply: (items: readonly Item[], what: string) => Truth): BuiltIn => ({
  min: 0,
  max: 0,
  compile: ({ of, what }) => truthNode((focus, scope) => apply(of.items(focus, scope), what)),
});

/** A function of one string; empty for nothing. */
export const onString = (apply: (text: string) => readonly Item[]): BuiltIn =>
  onItems((items, what) => {
    const text = stringOf(items, what);
    return text === undefined ? nothing : apply(text);
  });

export const parameter = ({ parameters }: Call, index: number): Items => parameters[index]?.items ?? (() => nothing);
