/** The FHIR Mapping Language: reading, writing, checking and running maps. */
export { FhirPathError, type FunctionDef } from '../fhirpath/index.ts';
export { checkMap, type CheckOptions } from './check/check.ts';
export type { Library } from './link.ts';
export type { MapText } from './model.ts';
export { placeOf, problemCodes, type Problem, type ProblemCode } from './problem.ts';
export type { CompileOptions } from './run/compile.ts';
export { faultCodes, MapStopped, type FaultCode, type Unmapped, type UnmappedCode } from './run/fault.ts';
export type { RunOptions } from './run/frame.ts';
export { compileMap, type CompiledMap, type RunInputs, type RunResult } from './run/index.ts';
export type { RuleAt, TraceEvent } from './run/trace.ts';
export { readMap } from './text/read.ts';
export { fromStructureMap } from './text/structure-map-read.ts';
export { toStructureMap } from './text/structure-map-write.ts';
export { writeMap } from './text/write.ts';
