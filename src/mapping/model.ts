/**
 * A map as the executor runs it: the StructureMap of one text, with the line of every rule and with its FHIRPath
 * expressions as they were written. Reader and executor share nothing but this.
 */

export type Literal = {
  readonly type: 'string' | 'integer' | 'decimal' | 'boolean';
  readonly value: string | number | boolean;
};

export type Parameter =
  | { readonly kind: 'path'; readonly variable: string; readonly elements: readonly string[] }
  | { readonly kind: 'literal'; readonly literal: Literal }
  | { readonly kind: 'expression'; readonly expression: string };

export const listModes = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const;
export type ListMode = (typeof listModes)[number];

export type RuleSource = {
  readonly context: string;
  readonly elements: readonly string[];
  readonly type?: string;
  readonly min?: number;
  readonly max?: number;
  readonly default?: string;
  readonly listMode?: ListMode;
  readonly variable?: string;
  readonly where?: string;
  readonly check?: string;
  readonly log?: string;
};

export type Transform = { readonly name: string; readonly parameters: readonly Parameter[] };

export type RuleTarget = {
  /** Absent: the value goes into the variable only. */
  readonly context?: string;
  readonly elements: readonly string[];
  readonly transform?: Transform;
  readonly variable?: string;
  readonly share?: string;
};

export type GroupCall = { readonly group: string; readonly parameters: readonly Parameter[] };

export type Rule = {
  readonly name?: string;
  readonly line: number;
  readonly sources: readonly RuleSource[];
  readonly targets: readonly RuleTarget[];
  readonly rules: readonly Rule[];
  readonly calls: readonly GroupCall[];
};

export type GroupInput = { readonly mode: 'source' | 'target'; readonly name: string; readonly type?: string };

export type Group = {
  readonly name: string;
  readonly line: number;
  readonly extends?: string;
  readonly typeMode: 'none' | 'types' | 'type-and-types';
  readonly inputs: readonly GroupInput[];
  readonly rules: readonly Rule[];
};

export type Structure = { readonly url: string; readonly alias?: string; readonly mode: string };

export type MapText = {
  readonly file: string;
  readonly url: string;
  readonly name: string;
  readonly structures: readonly Structure[];
  readonly imports: readonly string[];
  readonly conceptMaps: readonly ConceptMap[];
  readonly groups: readonly Group[];
};

/** The part of an R4 ConceptMap that `translate` reads. */
export type ConceptMap = {
  readonly resourceType: 'ConceptMap';
  readonly url?: string;
  readonly id?: string;
  readonly group?: readonly ConceptMapGroup[];
};

export type ConceptMapGroup = {
  readonly source?: string;
  readonly target?: string;
  readonly element?: readonly {
    readonly code?: string;
    readonly target?: readonly {
      readonly code?: string;
      readonly display?: string;
      /** R4; R5 calls it `relationship`. */
      readonly equivalence?: string;
      readonly relationship?: string;
    }[];
  }[];
  readonly unmapped?: {
    readonly mode: string;
    readonly code?: string;
    readonly display?: string;
    readonly url?: string;
  };
};
