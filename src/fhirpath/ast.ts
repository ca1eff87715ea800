/** FHIRPath as written: the tree of https://hl7.org/fhirpath/N1/#grammar, with the place of everything in the text. */

type Placed = { readonly offset: number; readonly length: number };

export type BinaryOperator =
  | '*'
  | '/'
  | 'div'
  | 'mod'
  | '+'
  | '-'
  | '&'
  | '|'
  | '<'
  | '<='
  | '>'
  | '>='
  | '='
  | '~'
  | '!='
  | '!~'
  | 'in'
  | 'contains'
  | 'and'
  | 'or'
  | 'xor'
  | 'implies';

export type TypeName = Placed & { readonly namespace?: string; readonly name: string };

/** Dates and times are as FHIR writes them: without `@`, and without the `T` of a time or of a partial dateTime. */
export type LiteralAst = Placed &
  (
    | { readonly kind: 'literal'; readonly type: 'string' | 'date' | 'dateTime' | 'time'; readonly value: string }
    | { readonly kind: 'literal'; readonly type: 'integer' | 'decimal'; readonly value: number }
    | { readonly kind: 'literal'; readonly type: 'boolean'; readonly value: boolean }
    | {
        readonly kind: 'literal';
        readonly type: 'quantity';
        readonly value: number;
        readonly unit: string;
        /** `6 months`, not `6 'mo'`. */
        readonly calendar: boolean;
      }
  );

/** `of` is absent at the start of a path: the name is then one of the focus, a type, or a variable. */
export type MemberAst = Placed & {
  readonly kind: 'member';
  readonly of?: Ast;
  readonly name: string;
  readonly nameOffset: number;
};

export type CallAst = Placed & {
  readonly kind: 'call';
  readonly of?: Ast;
  readonly name: string;
  readonly nameOffset: number;
  readonly arguments: readonly Ast[];
};

export type Ast =
  | LiteralAst
  | (Placed & { readonly kind: 'empty' })
  /** `%name`; `vs-…` and `ext-…` stand in the name. */
  | (Placed & { readonly kind: 'variable'; readonly name: string })
  | (Placed & { readonly kind: 'this' | 'index' | 'total' })
  | MemberAst
  | CallAst
  | (Placed & { readonly kind: 'item'; readonly of: Ast; readonly at: Ast })
  | (Placed & { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly of: Ast })
  | (Placed & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Ast;
      readonly right: Ast;
      readonly operatorOffset: number;
    })
  | (Placed & { readonly kind: 'type'; readonly operator: 'is' | 'as'; readonly of: Ast; readonly type: TypeName });
