/** StructureDefinitions without what validation never reads: a tenth of the size. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { Binding, Constraint, Definition, Element, ElementType } from './definition.ts';

const extensions = 'http://hl7.org/fhir/StructureDefinition/';

type WithExtensions = {
  readonly extension?: readonly {
    readonly url: string;
    readonly valueUrl?: string;
    readonly valueBoolean?: boolean;
    readonly valueCanonical?: string;
    readonly valueCode?: string;
    readonly extension?: WithExtensions['extension'];
  }[];
};

const extensionOf = (element: unknown, name: string) =>
  (element as WithExtensions).extension?.find(({ url }) => url === `${extensions}${name}`);

/** ele-1 and ext-1 stand on every element and hold by the shape of the JSON, which is checked as such. */
const everywhere = new Set(['ele-1', 'ext-1']);

const trimType = (type: NonNullable<ElementDefinition['type']>[number]): ElementType => ({
  // What FHIRPath calls System.String is a string, an id or a uri of FHIR.
  code: type.code.startsWith('http://hl7.org/fhirpath/')
    ? (extensionOf(type, 'structuredefinition-fhir-type')?.valueUrl ?? 'string')
    : type.code,
  ...(type.profile === undefined ? {} : { profile: type.profile }),
  ...(type.targetProfile === undefined ? {} : { targetProfile: type.targetProfile }),
});

const trimConstraint = (constraint: NonNullable<ElementDefinition['constraint']>[number]): Constraint => ({
  key: constraint.key,
  severity: constraint.severity,
  ...(constraint.human === undefined ? {} : { human: constraint.human }),
  ...(constraint.expression === undefined ? {} : { expression: constraint.expression }),
  ...(extensionOf(constraint, 'elementdefinition-bestpractice')?.valueBoolean === true ? { bestPractice: true } : {}),
});

/** Those without a context of use: what holds for some patients or forms only is not ours to judge. */
function additionalOf(binding: WithExtensions): NonNullable<Binding['additional']> {
  return (binding.extension ?? [])
    .filter(
      ({ url, extension }) => url.endsWith('/additional-binding') && !extension?.some((each) => each.url === 'usage'),
    )
    .flatMap(({ extension }): NonNullable<Binding['additional']> => {
      const purpose = extension?.find(({ url }) => url === 'purpose')?.valueCode;
      const valueSet = extension?.find(({ url }) => url === 'valueSet')?.valueCanonical;
      if (valueSet === undefined) return [];
      if (purpose === 'required' || purpose === 'maximum') return [{ strength: 'required', valueSet }];
      return purpose === 'extensible' ? [{ strength: 'extensible', valueSet }] : [];
    });
}

const trimBinding = (binding: NonNullable<ElementDefinition['binding']>): Binding | undefined => {
  const maxValueSet = extensionOf(binding, 'elementdefinition-maxValueSet')?.valueCanonical;
  const additional = additionalOf(binding);
  const judged = binding.strength === 'required' || binding.strength === 'extensible';
  if (maxValueSet === undefined && additional.length === 0 && (!judged || binding.valueSet === undefined))
    return undefined;
  return {
    strength: binding.strength,
    ...(binding.valueSet === undefined ? {} : { valueSet: binding.valueSet }),
    ...(maxValueSet === undefined ? {} : { maxValueSet }),
    ...(additional.length === 0 ? {} : { additional }),
  };
};

/** The value of `fixedCode`, `patternCodeableConcept`, `minValueInteger`, …: at most one of each. */
const valueOf = (element: ElementDefinition, name: string): object => {
  const key = Object.keys(element).find((each) => each.startsWith(name) && /^[A-Z]/u.test(each.slice(name.length)));
  return key === undefined ? {} : { [name]: (element as unknown as Record<string, unknown>)[key] };
};

function trimElement(element: ElementDefinition): Element {
  const constraint = (element.constraint ?? []).filter(({ key }) => !everywhere.has(key)).map(trimConstraint);
  const binding = element.binding === undefined ? undefined : trimBinding(element.binding);
  const { sliceName, slicing, min, max, base, contentReference, type, maxLength, isModifier } = element;
  return {
    path: element.path,
    ...(sliceName === undefined ? {} : { sliceName }),
    ...(slicing === undefined
      ? {}
      : {
          slicing: {
            rules: slicing.rules,
            ...(slicing.discriminator === undefined
              ? {}
              : { discriminator: slicing.discriminator.map((each) => ({ type: each.type, path: each.path })) }),
            ...(slicing.ordered === true ? { ordered: true } : {}),
          },
        }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(base === undefined || base.max === max ? {} : { base: { max: base.max } }),
    ...(contentReference === undefined ? {} : { contentReference }),
    ...(type === undefined ? {} : { type: type.map(trimType) }),
    ...valueOf(element, 'fixed'),
    ...valueOf(element, 'pattern'),
    ...valueOf(element, 'minValue'),
    ...valueOf(element, 'maxValue'),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(isModifier === true ? { isModifier } : {}),
    ...(constraint.length > 0 ? { constraint } : {}),
    ...(binding === undefined ? {} : { binding }),
  };
}

/** The definition as the compiler reads it. One without snapshot stays without. */
export const trimDefinition = (definition: StructureDefinition): Definition => ({
  url: definition.url,
  kind: definition.kind,
  type: definition.type,
  ...(definition.abstract ? { abstract: true } : {}),
  ...(definition.version === undefined ? {} : { version: definition.version }),
  ...(definition.derivation === undefined ? {} : { derivation: definition.derivation }),
  ...(definition.baseDefinition === undefined ? {} : { baseDefinition: definition.baseDefinition }),
  ...(definition.context === undefined
    ? {}
    : { context: definition.context.map(({ type, expression }) => ({ type, expression })) }),
  ...(definition.snapshot === undefined ? {} : { snapshot: { element: definition.snapshot.element.map(trimElement) } }),
});
