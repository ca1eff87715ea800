/** FHIRPath (https://hl7.org/fhirpath/N1, with the additions of FHIR R4): parsed once, compiled to closures over items. */
export type { Ast, CallAst, LiteralAst, MemberAst, TypeName } from './ast.ts';
export { compileExpression, type CompiledExpression } from './compile.ts';
export { FhirPathError, FhirPathSyntaxError } from './errors.ts';
export { knownFunctions } from './functions/index.ts';
export type { Env } from './node.ts';
export type { CompileOptions, FunctionDef } from './options.ts';
export { parseExpression } from './parse.ts';
