/**
 * A map as its author wrote it: the syntax tree of FML (https://hl7.org/fhir/R4/mapping-language.html), with the place
 * of everything that a message may have to point to. Text and StructureMap JSON are read into it and written from it.
 */

/** Where something stands in its file, 1-based; `offset` and `length` count UTF-16 units. A map read from JSON has zeros. */
export type Place = {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly length: number;
};

/**
 * Comment lines (without `//`) around a thing, kept for `map fmt`: before it, after it on its last line, and for what
 * has a block, after its `{` and before its `}`. An entry `\n` stands for an empty line.
 */
export type Comments = {
  readonly before?: readonly string[];
  readonly after?: string;
  readonly opening?: string;
  readonly closing?: readonly string[];
};

/** FHIRPath as it was written (double quotes and all), and where it starts. */
export type Expression = { readonly text: string; readonly at: Place };

export type LiteralType = 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'dateTime' | 'time';

export type Literal = { readonly type: LiteralType; readonly value: string | number | boolean };

export type Parameter =
  /** A variable, or (elements given) a path from it: `v`, `v.x`. */
  | { readonly kind: 'path'; readonly variable: string; readonly elements: readonly string[]; readonly at: Place }
  | { readonly kind: 'literal'; readonly literal: Literal; readonly at: Place }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly at: Place };

export const listModes = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const;
export type ListMode = (typeof listModes)[number];

export const targetListModes = ['first', 'last', 'single', 'collate', 'share'] as const;
export type TargetListMode = (typeof targetListModes)[number];

export type RuleSource = {
  readonly at: Place;
  readonly context: string;
  /** Usually one; `*` is all children. None: the context itself. */
  readonly elements: readonly string[];
  readonly type?: string;
  readonly min?: number;
  /** `undefined` with a `min`: `*`. */
  readonly max?: number;
  /** A constant of the old form `default "x"` is an expression too. */
  readonly default?: Expression;
  readonly listMode?: ListMode;
  readonly variable?: string;
  readonly where?: Expression;
  readonly check?: Expression;
  readonly log?: Expression;
};

export type Transform = { readonly name: string; readonly parameters: readonly Parameter[]; readonly at: Place };

export type RuleTarget = {
  readonly at: Place;
  readonly comments?: Comments;
  /** Absent: the value goes into the variable only. */
  readonly context?: string;
  readonly elements: readonly string[];
  /** `= v` and `= 'x'` are `copy`, `= (expr)` is `evaluate` with one parameter. Absent: made, or (no element) renamed. */
  readonly transform?: Transform;
  readonly variable?: string;
  readonly listModes: readonly TargetListMode[];
  /** Id of `share`. */
  readonly share?: string;
};

export type GroupCall = { readonly at: Place; readonly group: string; readonly parameters: readonly Parameter[] };

export type Rule = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly name?: string;
  /** `src.a -> tgt.b;`: by default groups or as a copy. `src -> tgt: a, b;` is read as one such rule for each element. */
  readonly shorthand: boolean;
  readonly sources: readonly RuleSource[];
  readonly targets: readonly RuleTarget[];
  readonly calls: readonly GroupCall[];
  readonly rules: readonly Rule[];
};

export type GroupInput = {
  readonly at: Place;
  readonly mode: 'source' | 'target';
  readonly name: string;
  readonly type?: string;
};

export type TypeMode = 'none' | 'types' | 'type-and-types';

export type Group = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly name: string;
  readonly extends?: string;
  readonly typeMode: TypeMode;
  readonly inputs: readonly GroupInput[];
  readonly rules: readonly Rule[];
};

export type StructureMode = 'source' | 'queried' | 'target' | 'produced';

/** A `uses` line. */
export type Structure = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly url: string;
  readonly alias?: string;
  readonly mode: StructureMode;
};

/** An `imports` line. */
export type Import = { readonly at: Place; readonly comments?: Comments; readonly canonical: string };

/** `let name = expression;` */
export type Constant = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly name: string;
  readonly value: Expression;
};

/** A `///` line: `key` may have dots. The value as FHIRPath literal would have it; absent for a parent. */
export type Metadata = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly key: string;
  readonly value?: string | number | boolean;
};

/** The relation signs of an inline conceptmap; `--` has no target. */
export const relationSigns = ['-', '==', '=', '!=', '<=', '>=', '~', '<-', '>-', '--'] as const;
export type RelationSign = (typeof relationSigns)[number];

/** A line of an inline conceptmap. */
export type ConceptMapLine =
  | { readonly kind: 'prefix'; readonly comments?: Comments; readonly prefix: string; readonly system: string }
  /** `unmapped for s = provided`; a code in place of `provided` is mode `fixed`. */
  | { readonly kind: 'unmapped'; readonly comments?: Comments; readonly source: string; readonly code?: string }
  | {
      readonly kind: 'mapping';
      readonly comments?: Comments;
      /** Prefix and code. */
      readonly source: readonly [string, string];
      readonly sign: RelationSign;
      readonly target?: readonly [string, string];
    };

/** `conceptmap "id" { … }` as it was written. */
export type ConceptMapText = {
  readonly at: Place;
  readonly comments?: Comments;
  readonly id: string;
  readonly lines: readonly ConceptMapLine[];
};

export type MapText = {
  /** For messages: path of the file. */
  readonly file: string;
  readonly url: string;
  readonly name: string;
  /** There is a `map` line: R4 wants one, R5 allows `///` lines for url and name in its place. */
  readonly mapLine?: true;
  /** Of the `map` line; `closing`: at the end of the file. */
  readonly comments?: Comments;
  readonly metadata: readonly Metadata[];
  readonly structures: readonly Structure[];
  readonly imports: readonly Import[];
  readonly constants: readonly Constant[];
  /** `conceptmap "id" { … }` as R4 ConceptMap; `id` is what `#id` refers to. */
  readonly conceptMaps: readonly ConceptMap[];
  /** The same as they were written, for `map fmt`. */
  readonly conceptMapTexts?: readonly ConceptMapText[];
  readonly groups: readonly Group[];
};

/** The part of an R4 ConceptMap (R5's `relationship` too) that `translate` reads. */
export type ConceptMap = {
  readonly resourceType: 'ConceptMap';
  readonly url?: string;
  readonly id?: string;
  readonly group?: readonly ConceptMapGroup[];
};

export type ConceptMapTarget = {
  readonly code?: string;
  readonly display?: string;
  /** R4's; R5 calls it `relationship`. */
  readonly equivalence?: string;
  readonly relationship?: string;
};

export type ConceptMapGroup = {
  readonly source?: string;
  readonly target?: string;
  readonly element?: readonly {
    readonly code?: string;
    readonly display?: string;
    readonly target?: readonly ConceptMapTarget[];
  }[];
  readonly unmapped?: {
    readonly mode: string;
    readonly code?: string;
    readonly display?: string;
    readonly url?: string;
  };
};
