/** What a caller gives to the compiler. */
import type { Item } from '../definitions/item.ts';
import type { Found } from '../definitions/path.ts';
import type { TypeTable } from '../definitions/types.ts';
import type { Arity } from './functions/index.ts';
import type { Env } from './node.ts';

/** A function that the caller adds. */
export type FunctionDef = Arity & {
  readonly evaluate: (input: readonly Item[], parameters: readonly (readonly Item[])[], env: Env) => readonly Item[];
};

export type CompileOptions = {
  readonly types: TypeTable;
  /** `%name` → accessor; undefined: there is no such variable, which is an error with a place. One item may come as itself. */
  readonly variable?: (name: string) => ((env: Env) => Found) | undefined;
  /** FML: a name at the start of a path is a variable where the focus has no such element. */
  readonly bareVariables?: boolean;
  /** A type that is not known is one that nothing has, and no error: profiles name types of other versions of FHIR. */
  readonly foreignTypes?: boolean;
  /** By name; they go before those of FHIRPath. */
  readonly functions?: Readonly<Record<string, FunctionDef>>;
};
