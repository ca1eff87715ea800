/** FHIR R4 validation: StructureDefinitions compiled to closures. `loadValidator` reads folders and packages. */
export { withBase, readBaseTerminology } from './base.ts';
export { compileValidator, type CompiledValidator, type ValidatorParts } from './compile.ts';
export { outcomeOf, type Issue } from './issue.ts';
export { loadValidator, type Validator, type ValidatorOptions } from './load.ts';
export { compileTerminology, terminologyOf } from './terminology.ts';
export { trimDefinition } from './trim.ts';
