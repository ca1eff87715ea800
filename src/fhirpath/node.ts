/** What a part of an expression is compiled to, and what it is evaluated in. */
import { Item, nothing } from '../definitions/item.ts';
import type { Found } from '../definitions/path.ts';
import type { TypeTable } from '../definitions/types.ts';
import type { Ast } from './ast.ts';
import { stringOf, textOf, truthItems, truthOf, truthOfItem, type Truth } from './system.ts';

/** What the surroundings of an evaluation give it. */
export type Env = {
  /** `%resource`: the resource that the focus stands in; the focus itself when absent. */
  readonly resource?: Item;
  /** `%rootResource`: the same, or the container of a contained resource. */
  readonly rootResource?: Item;
  /** For now(), today() and timeOfDay(), which speak UTC. */
  readonly now: Date;
  /** Not FHIRPath's: the accessors of variables read it. */
  readonly host?: unknown;
  /** What a reference (`Patient/1`, `#p`, a full URL) leads to. Contained resources are found without it. */
  readonly resolve?: (reference: string, from: Item) => Item | undefined;
  readonly trace?: (name: string, items: readonly Item[]) => void;
  /** Undefined: the value set is not at hand, and the answer empty. */
  readonly memberOf?: (item: Item, valueSet: string) => boolean | undefined;
  /** Undefined: the profile is not at hand; the base types of R4 are known without it. */
  readonly conformsTo?: (item: Item, profile: string) => boolean | undefined;
};

/** Made once per evaluation, and once more for each walk of where(), select(), all() … */
export type Scope = {
  readonly env: Env;
  /** `%context`: what the whole expression was evaluated on. */
  readonly context: readonly Item[];
  /** Below zero outside of every walk. */
  index: number;
  total: readonly Item[];
};

/** `focus` is `$this`: what a path without a start begins from. */
export type Items = (focus: readonly Item[], scope: Scope) => readonly Item[];

export type Node = {
  readonly items: Items;
  /** The same without a list, where there mostly is one item. */
  readonly found?: FoundOf;
  /** Where it can be had without making items. */
  readonly truth?: (focus: readonly Item[], scope: Scope) => Truth;
  /** Whether there is any item, where that can be had without making them. */
  readonly exists?: (focus: readonly Item[], scope: Scope) => boolean;
  /** Of what is always one number (or nothing), without making an item of it. */
  readonly number?: (focus: readonly Item[], scope: Scope) => number | undefined;
  /** Of a literal. */
  readonly constant?: Item;
};

export type FoundOf = (focus: readonly Item[], scope: Scope) => Found;
export type TruthOf = (focus: readonly Item[], scope: Scope) => Truth;
export type Exists = (focus: readonly Item[], scope: Scope) => boolean;

export const truthNode = (truth: TruthOf): Node => ({
  truth,
  items: (focus, scope) => truthItems(truth(focus, scope)),
});

/** The three-valued reading of a node; `what` is its text, for the message. */
export function truthFrom(node: Node, what: string): TruthOf {
  const { items, found, truth } = node;
  if (truth !== undefined) return truth;
  if (found === undefined) return (focus, scope) => truthOf(items(focus, scope), what);
  return (focus, scope) => {
    const one = found(focus, scope);
    if (one === undefined) return undefined;
    return one instanceof Item ? truthOfItem(one) : truthOf(one, what);
  };
}

export const foundFrom = ({ items, found }: Node): FoundOf => found ?? items;

/** A node of which `found` says all. */
export const foundNode = (found: FoundOf): Node => ({ found, items: (focus, scope) => listOf(found(focus, scope)) });

export const listOf = (found: Found): readonly Item[] =>
  found === undefined ? nothing : found instanceof Item ? [found] : found;

/** The text of a node that is to be one string. */
export function textFrom(node: Node, what: string): (focus: readonly Item[], scope: Scope) => string | undefined {
  const found = foundFrom(node);
  return (focus, scope) => {
    const one = found(focus, scope);
    if (one === undefined) return undefined;
    return one instanceof Item ? textOf(one, what) : stringOf(one, what);
  };
}

export function existsFrom({ items, found, exists, truth }: Node): Exists {
  if (exists !== undefined) return exists;
  if (truth !== undefined) return (focus, scope) => truth(focus, scope) !== undefined;
  if (found !== undefined)
    return (focus, scope) => {
      const one = found(focus, scope);
      return one !== undefined && (one instanceof Item || one.length > 0);
    };
  return (focus, scope) => items(focus, scope).length > 0;
}

/** What a function is compiled from. */
export type Call = {
  readonly types: TypeTable;
  /** What it is called on. */
  readonly of: Node;
  readonly parameters: readonly Node[];
  readonly asts: readonly Ast[];
  /** The text of the call, for messages. */
  readonly what: string;
};

export const walk = (scope: Scope): Scope => ({
  env: scope.env,
  context: scope.context,
  index: 0,
  total: scope.total,
});
