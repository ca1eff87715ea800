/** The FHIR Mapping Language: linking, and running compiled maps. */
export { FhirPathError, type FunctionDef } from '../fhirpath/index.ts';
export type { Library } from './link.ts';
export type { CompileOptions } from './run/compile.ts';
export { faultCodes, MapStopped, type FaultCode, type Unmapped, type UnmappedCode } from './run/fault.ts';
export type { RunOptions } from './run/frame.ts';
export { compileMap, type CompiledMap, type RunInputs, type RunResult } from './run/index.ts';
export type { RuleAt, TraceEvent } from './run/trace.ts';
