/** The variables of a rule: sources and targets are two name spaces (FML §variables). Immutable: nothing leaks. */
import type { Node } from './tree.ts';
import type { Value } from './value.ts';

/**
 * A source variable holds a value, or follows a target that a group was given as its source. `none`: a transform gave
 * nothing; the name is known, and empty in expressions.
 */
export type Source =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'none' };

export type Scope = { readonly sources: ReadonlyMap<string, Source>; readonly targets: ReadonlyMap<string, Node> };

export const withSource = (scope: Scope, name: string | undefined, source: Source): Scope =>
  name === undefined ? scope : { ...scope, sources: new Map(scope.sources).set(name, source) };

export const withTarget = (scope: Scope, name: string | undefined, node: Node): Scope =>
  name === undefined ? scope : { ...scope, targets: new Map(scope.targets).set(name, node) };
