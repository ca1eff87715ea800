/**
 * The variables of a rule. What is read and what is built are two name spaces, so that a name may stand in both. A scope
 * is never changed: a rule makes a new one, and nothing leaks.
 */
import type { Node } from './tree.ts';
import type { Value } from './values.ts';

/** A source variable holds one item, or follows something that is being built, as a group's source may. */
export type Source =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'node'; readonly node: Node }
  /** A transform gave nothing: the name is known, and hides the outer one. */
  | { readonly kind: 'nothing' };

/** A primitive that a transform gave into a variable only can be read, and not written into. */
export type Held = { readonly held: Value };

export type Target = Node | Held | 'nothing';

export const isNode = (target: Target | undefined): target is Node => typeof target === 'object' && 'slots' in target;

export type Scope = {
  readonly sources: ReadonlyMap<string, Source>;
  readonly targets: ReadonlyMap<string, Target>;
  /** Elements made with `share`, by id. */
  readonly shared: Map<string, Node>;
};

export const emptyScope = (): Scope => ({ sources: new Map(), targets: new Map(), shared: new Map() });

export const withSource = (scope: Scope, name: string | undefined, source: Source): Scope =>
  name === undefined ? scope : { ...scope, sources: new Map(scope.sources).set(name, source) };

export const withTarget = (scope: Scope, name: string | undefined, target: Target): Scope =>
  name === undefined ? scope : { ...scope, targets: new Map(scope.targets).set(name, target) };
