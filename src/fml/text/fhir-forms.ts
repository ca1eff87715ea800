/** What text, R4 and R5 StructureMap call the same thing, and where R4 keeps what only R5 or the text has a place for. */
import type { LiteralType } from '../model.ts';

export type FhirRelease = 'R4' | 'R5';

/** HL7's own way to carry R5 elements in R4 (inter-version extensions). */
const r5Element = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap.';
const own = 'https://tejido.dev/fhir/StructureDefinition/fml-';

export const extensions = {
  /** On the map: nested `name` (id) and `value` (string). */
  constant: `${r5Element}const`,
  /** On a source: the default as FHIRPath. */
  defaultValue: `${r5Element}group.rule.source.defaultValue`,
  /** On a call: each parameter in its order, `value[x]` as in targets. */
  callParameter: `${r5Element}group.rule.dependent.parameter`,
  /** On a parameter: its string is FHIRPath, not the text. */
  expression: `${own}expression`,
  /** On a parameter in R4: its string is a date, dateTime or time. */
  literal: `${own}literal`,
  /** On `logMessage`: the text, not FHIRPath. */
  text: `${own}text`,
  /** On the map: a `///` line that no element is for. */
  metadata: `${own}metadata`,
} as const;

/** HAPI's name for the variables of a rule that default groups do, and for the group it then calls. */
export const automaticVariable = 'vvv';
export const automaticGroup = 'DefaultMappingGroupAnonymousAlias';

/** Elements of StructureMap that are strings, by their `///` key. */
export const textKeys = [
  'id',
  'url',
  'version',
  'name',
  'title',
  'status',
  'date',
  'publisher',
  'description',
  'purpose',
  'copyright',
] as const;

/** `value[x]` of R5 for each type of a constant; R4 has the first four. */
export const valueElements: Readonly<Record<LiteralType, string>> = {
  string: 'valueString',
  integer: 'valueInteger',
  decimal: 'valueDecimal',
  boolean: 'valueBoolean',
  date: 'valueDate',
  dateTime: 'valueDateTime',
  time: 'valueTime',
};

export const isDateType = (type: string): type is 'date' | 'dateTime' | 'time' =>
  type === 'date' || type === 'dateTime' || type === 'time';

/** R5 relationship of each R4 equivalence; `unmatched` is `noMap` there. */
export const relationships: Readonly<Record<string, string>> = {
  relatedto: 'related-to',
  inexact: 'related-to',
  equivalent: 'equivalent',
  equal: 'equivalent',
  wider: 'source-is-narrower-than-target',
  subsumes: 'source-is-narrower-than-target',
  narrower: 'source-is-broader-than-target',
  specializes: 'source-is-broader-than-target',
  disjoint: 'not-related-to',
};

/** R4 equivalence of each R5 relationship. */
export const equivalences: Readonly<Record<string, string>> = {
  'related-to': 'relatedto',
  equivalent: 'equivalent',
  'source-is-narrower-than-target': 'wider',
  'source-is-broader-than-target': 'narrower',
  'not-related-to': 'disjoint',
};
