/** What the compiled checks know, and share. Everything is made when it is first asked for, and once. */
import type { TypeTable } from '../definitions/types.ts';
import type { CompiledExpression } from '../fhirpath/index.ts';
import type { JsonObject } from '../definitions/item.ts';
import type { Definition } from './definition.ts';
import type { Run } from './run.ts';
import type { CodeSets } from './terminology.ts';
import type { Node, Tree } from './tree.ts';

/** Definitions at hand. Those of R4 itself may be unpacked when they are asked for. */
export type Definitions = {
  /** A profile, extension or type by its canonical, with or without version. */
  readonly byUrl: (canonical: string) => Definition | undefined;
  /** The definition of a resource or data type of R4 itself. */
  readonly ofType: (type: string) => Definition | undefined;
};

/** Checks all of an object by what R4 says of its type. The place is the object's. */
export type Walk = (object: JsonObject, run: Run) => void;

/** Checks what a profile asks beyond what has been checked already. `extra` is the `_` twin of a primitive. */
export type Delta = (value: unknown, extra: unknown, run: Run) => void;

export type Extension = {
  readonly definition: Definition;
  readonly delta: Delta;
  readonly isModifier: boolean;
  /** The local urls of its parts; undefined when the definition does not say them. */
  readonly parts: ReadonlySet<string> | undefined;
};

export type Knowledge = {
  readonly types: TypeTable;
  readonly codeSets: CodeSets;
  readonly tree: (canonical: string) => Tree | undefined;
  readonly treeOfType: (type: string) => Tree | undefined;
  /** Undefined when R4 has no such type. */
  readonly walk: (type: string) => Walk | undefined;
  /** Of a backbone element of R4. */
  readonly walkNode: (node: Node) => Walk;
  /** Undefined when the profile is not at hand. */
  readonly delta: (canonical: string) => Delta | undefined;
  readonly extension: (url: string) => Extension | undefined;
  /** A resource inside of another. */
  readonly inner: (object: JsonObject, run: Run, contained: boolean) => void;
  /** Undefined when the expression cannot be read. */
  readonly expression: (text: string) => CompiledExpression | undefined;
};
