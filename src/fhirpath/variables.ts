/** `%name`: the caller's variables, then those of FHIRPath and FHIR (https://hl7.org/fhir/R4/fhirpath.html#vars). */
import type { Ast } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { foundNode, type Node } from './node.ts';
import type { CompileOptions } from './options.ts';
import { stringItem } from './system.ts';

const constants: Readonly<Record<string, string>> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
};

/** `%vs-name` and `%ext-name` (https://hl7.org/fhir/R4/fhirpath.html#vars). */
function canonicalOf(name: string): string | undefined {
  if (name.startsWith('vs-')) return `http://hl7.org/fhir/ValueSet/${name.slice(3)}`;
  return name.startsWith('ext-') ? `http://hl7.org/fhir/StructureDefinition/${name.slice(4)}` : undefined;
}

/** Throws FhirPathSyntaxError at the place of `%name` when nobody knows it. */
export function variable(name: string, { offset, length }: Ast, options: CompileOptions): Node {
  const own = options.variable?.(name);
  if (own !== undefined) return foundNode((_, { env }) => own(env));
  const constant = constants[name] ?? canonicalOf(name);
  if (constant !== undefined) {
    const item = stringItem(constant);
    const items = [item];
    return { items: () => items, found: () => item };
  }
  switch (name) {
    case 'context':
      return { items: (_, { context }) => context };
    case 'resource':
      return foundNode((_, { env, context }) => env.resource ?? context);
    case 'rootResource':
      return foundNode((_, { env, context }) => env.rootResource ?? env.resource ?? context);
    default:
      throw new FhirPathSyntaxError(`there is no variable %${name}`, offset, length, 'unknown-variable');
  }
}
