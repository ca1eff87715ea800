/** The variables that a rule sees, with what is known of each (fml.md §4). Immutable, but for who was used. */
import type { Place, Rule } from '../model.ts';
import type { Shape } from './shape.ts';

export type Variable = {
  readonly name: string;
  readonly shape: Shape;
  /** Where it was named; absent for the parameters of a group. */
  readonly at?: Place;
  used: boolean;
  /** The rule that makes it, anew for each item. */
  readonly madeBy?: Rule;
  /** Elements read of it that its type has, and that it does not have: those that look like a slip, and the others. */
  known?: number;
  slips?: number;
  strange?: number;
};

/** Keeps account of an element that is read of a variable. */
export function noteRead(variable: Variable, found: boolean, slip: boolean): void {
  if (found) variable.known = (variable.known ?? 0) + 1;
  else if (slip) variable.slips = (variable.slips ?? 0) + 1;
  else variable.strange = (variable.strange ?? 0) + 1;
}

/** Nothing that is read of it is there: it was declared to be what it is not. */
export const isMistaken = ({ known = 0, slips = 0, strange = 0 }: Variable): boolean =>
  known === 0 && slips === 0 && strange > 0;

type Entry = { readonly side: 'source' | 'target'; readonly variable: Variable };

/** Two name spaces; inner hides outer. */
export class Scope {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly Entry[] = []) {
    this.#entries = entries;
  }

  with(side: 'source' | 'target', variable: Variable): Scope {
    return new Scope([{ side, variable }, ...this.#entries]);
  }

  source(name: string): Variable | undefined {
    return this.#entries.find(({ side, variable }) => side === 'source' && variable.name === name)?.variable;
  }

  target(name: string): Variable | undefined {
    return this.#entries.find(({ side, variable }) => side === 'target' && variable.name === name)?.variable;
  }

  /** As parameters and expressions look: sources first. */
  any(name: string): Variable | undefined {
    return this.source(name) ?? this.target(name);
  }

  names(only?: 'source' | 'target'): readonly string[] {
    const entries = this.#entries.filter(({ side }) => only === undefined || side === only);
    return [...new Set(entries.map(({ variable }) => variable.name))];
  }

  /** An expression that cannot be read may use all of them. */
  useAll(): void {
    for (const { variable } of this.#entries) variable.used = true;
  }
}

/** `Variables here: src, tgt.` */
export const namesHere = (scope: Scope): string | undefined => {
  const names = scope.names();
  return names.length === 0 || names.length > 16 ? undefined : `Variables here: ${names.join(', ')}.`;
};
