/** Types of FHIR R4 and of logical models, and values with their types: what FHIRPath, FML and validation rest on. */
export { extractTypes, type Definition, type TypeExtract } from './extract.ts';
export { childrenOf, isObject, Item, itemOf, stepTo, type JsonObject, type Step } from './item.ts';
export { isA, readR4Types, TypeTable, type ElementDef, type ElementKey, type TypeDef, type TypeKind } from './types.ts';
