/** What maps of laboratory results can say beside FHIRPath. All are pure: docs/labs.md names them. */
import { Item, isObject, nothing } from '../../definitions/item.ts';
import type { FunctionDef } from '../../fml/index.ts';
import type { Sender } from './concept.ts';
import { conceptOf } from './concept.ts';
import { equivalentOf } from './equivalents.ts';
import { list, object } from './json.ts';
import { limitsOf } from './number.ts';
import { identifierOf, organizationOf, performersOf, personOf } from './party.ts';
import { dateTimeOf, instantOf } from './time.ts';
import { unitOf } from './unit.ts';
import { valuesOf } from './value.ts';

type Items = readonly Item[];

const plain = (json: unknown): Items => (json === undefined ? nothing : [new Item(json, undefined)]);
const first = (items: Items | undefined): unknown => items?.[0]?.json;
const text = (items: Items | undefined): string => {
  const json = first(items);
  return typeof json === 'string' ? json : '';
};

const namespacesOf = (context: unknown): Readonly<Record<string, string>> => {
  const systems = object(context)['systems'];
  return isObject(systems) ? (systems as Readonly<Record<string, string>>) : {};
};

/** Codes of the sender's own: `<artifactSystem>/code/<source>`, with the name of their system when it has one. */
const senderOf = (context: unknown): Sender => ({
  namespaces: namespacesOf(context),
  localBase: `${String(object(object(context)['programme'])['artifactSystem'])}/code/${encodeURIComponent(String(object(context)['source']))}`,
});

/** A function of what it stands after and of the context of the map. */
const withContext = (evaluate: (json: unknown, context: unknown) => unknown): FunctionDef => ({
  min: 1,
  max: 1,
  evaluate: (input, [context]) => input.flatMap(({ json }) => plain(evaluate(json, first(context)))),
});

const ofText = (evaluate: (text: string) => unknown): FunctionDef => ({
  min: 0,
  max: 0,
  evaluate: (input) => plain(evaluate(text(input))),
});

export const labFunctions: Readonly<Record<string, FunctionDef>> = {
  /** CWE → CodeableConcept. */
  v2Concept: withContext((json, context) => conceptOf(json, senderOf(context))),
  /** EI → Identifier. */
  v2Identifier: withContext((json, context) => identifierOf(json, namespacesOf(context))),
  /** XCN or NDL → Reference. */
  v2Person: withContext((json, context) => personOf(json, namespacesOf(context))),
  /** XON, HD or CWE → Reference. */
  v2Organization: withContext((json, context) => organizationOf(json, undefined, namespacesOf(context))),
  /** OBX → References of who made the result. */
  v2Performers: {
    min: 1,
    max: 1,
    evaluate: (input, [context]) => performersOf(first(input), namespacesOf(first(context))).flatMap(plain),
  },
  /** OBX → `value`, or `values` when it repeats: each an object with one of the members of `LabValue`. */
  v2Value: withContext((json, context) => {
    const values = valuesOf(json, senderOf(context));
    if (values.length > 1) return { values };
    return values[0] === undefined ? undefined : { value: values[0] };
  }),
  /** OBX-6 → `unit`, `key`, `ucum`. */
  v2Unit: { min: 0, max: 0, evaluate: (input) => plain(unitOf(first(input))) },
  /** OBX-7 → `low`, `high`. */
  v2Limits: ofText(limitsOf),
  v2DateTime: ofText(dateTimeOf),
  v2Instant: ofText(instantOf),
  /** A Quantity with UCUM code, and the LOINC codes of the result → the value in the other unit that is in use. */
  v2Equivalent: {
    min: 1,
    max: 1,
    evaluate: (input, [codes]) => {
      const { value, comparator, code } = object(first(input));
      if (typeof value !== 'number' || typeof code !== 'string') return nothing;
      const given = typeof comparator === 'string' ? { value, comparator } : { value };
      const loinc = list(codes?.map(({ json }) => json)).filter((each) => typeof each === 'string');
      return plain(equivalentOf(loinc, given, code));
    },
  },
};
