/** The parts of a StructureDefinition that validation reads. */
export type Binding = {
  readonly strength: string;
  readonly valueSet?: string;
  /** Extension `elementdefinition-maxValueSet`: outside of this a code is wrong, whatever the strength. */
  readonly maxValueSet?: string;
  /** Extension `additional-binding`, where it holds always: required ones and extensible ones. */
  readonly additional?: readonly { readonly strength: 'required' | 'extensible'; readonly valueSet: string }[];
};

export type Constraint = {
  readonly key: string;
  readonly severity: string;
  readonly human?: string;
  readonly expression?: string;
  /** Good advice (dom-6): never judged. */
  readonly bestPractice?: boolean;
};

export type ElementType = {
  readonly code: string;
  readonly profile?: readonly string[];
  readonly targetProfile?: readonly string[];
};

export type Discriminator = { readonly type: string; readonly path: string };

export type SlicingRules = {
  readonly discriminator?: readonly Discriminator[];
  readonly rules?: string;
  readonly ordered?: boolean;
};

/** `fixed[x]`, `pattern[x]`, `minValue[x]` and `maxValue[x]` stand without their types: JSON says enough. */
export type Element = {
  readonly path: string;
  readonly sliceName?: string;
  readonly slicing?: SlicingRules;
  readonly min?: number;
  readonly max?: string;
  readonly base?: { readonly path?: string; readonly max?: string };
  readonly contentReference?: string;
  readonly type?: readonly ElementType[];
  readonly fixed?: unknown;
  readonly pattern?: unknown;
  readonly minValue?: unknown;
  readonly maxValue?: unknown;
  readonly maxLength?: number;
  readonly isModifier?: boolean;
  readonly constraint?: readonly Constraint[];
  readonly binding?: Binding;
};

export type Definition = {
  readonly url: string;
  readonly version?: string;
  readonly kind?: string;
  readonly type: string;
  readonly abstract?: boolean;
  readonly derivation?: string;
  readonly baseDefinition?: string;
  /** Of an extension: where it may stand. */
  readonly context?: readonly { readonly type: string; readonly expression: string }[];
  readonly snapshot?: { readonly element: readonly Element[] };
};

export const withoutVersion = (canonical: string): string => {
  const bar = canonical.indexOf('|');
  return bar < 0 ? canonical : canonical.slice(0, bar);
};

export const core = 'http://hl7.org/fhir/StructureDefinition/';

/** `…/StructureDefinition/Patient` → `Patient` for what HL7 defines in R4 itself. */
export const coreName = (canonical: string): string | undefined =>
  canonical.startsWith(core) ? withoutVersion(canonical.slice(core.length)) : undefined;
