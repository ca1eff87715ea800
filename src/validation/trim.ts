/** StructureDefinitions without what validation never reads: a tenth of the size. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';

const kept = /^(?:id|path|sliceName|slicing|min|max|base|type|contentReference|fixed[A-Z].*|pattern[A-Z].*)$/u;

/** ele-1 and ext-1 hold by the shape of the JSON, which is checked otherwise; they stand on every element. */
const trimElement = (element: ElementDefinition): ElementDefinition => {
  const trimmed = Object.fromEntries(
    Object.entries(element).filter(([key]) => kept.test(key)),
  ) as unknown as ElementDefinition;
  const constraint = (element.constraint ?? [])
    .filter(({ key, severity }) => key !== 'ele-1' && severity === 'error')
    .map(({ key, severity, human, expression }) => ({
      key,
      severity,
      human,
      ...(expression === undefined ? {} : { expression }),
    }));
  const { binding } = element;
  return {
    ...trimmed,
    ...(constraint.length > 0 ? { constraint } : {}),
    ...(binding?.valueSet === undefined ? {} : { binding: { strength: binding.strength, valueSet: binding.valueSet } }),
  };
};

export const trimDefinition = (definition: StructureDefinition): StructureDefinition => ({
  resourceType: 'StructureDefinition',
  url: definition.url,
  name: definition.name,
  status: definition.status,
  kind: definition.kind,
  abstract: definition.abstract,
  type: definition.type,
  ...(definition.version === undefined ? {} : { version: definition.version }),
  ...(definition.derivation === undefined ? {} : { derivation: definition.derivation }),
  ...(definition.baseDefinition === undefined ? {} : { baseDefinition: definition.baseDefinition }),
  snapshot: { element: (definition.snapshot?.element ?? []).map(trimElement) },
});
