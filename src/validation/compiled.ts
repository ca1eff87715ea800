/**
 * @medplum/core parses a profile anew for every resource (3 ms for US Core blood pressure, of 5 in all). Under a type
 * name of its own a profile is parsed once: its paths start with that name, and issues are given the real one back.
 */
import { loadDataType, validateTypedValue, type ValidatorOptions } from '@medplum/core';
import type { ElementDefinition, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Resource } from '../core/ports.ts';

export type Profile = {
  readonly url: string;
  readonly type: string;
  /** Throws an `OperationOutcomeError` with all issues when one is an error. Their paths start with `prefix`. */
  readonly check: (resource: Resource, options: ValidatorOptions) => readonly OperationOutcomeIssue[];
  readonly prefix: string;
};

/** The registry of types is one per process, so are the names. */
let count = 0;

/**
 * An element that takes its content from another has that one's types. The validator does this too, but stumbles when
 * the other is sliced (us-core-provenance).
 */
const referred = (element: ElementDefinition, elements: readonly ElementDefinition[]): ElementDefinition => {
  const path = element.contentReference?.replace(/^[^#]*#/u, '');
  const other = elements.find((each) => each.path === path && each.sliceName === undefined);
  if (other === undefined) return element;
  const { type, base } = other;
  const { contentReference: _, ...own } = element;
  return {
    ...own,
    ...(type === undefined ? {} : { type }),
    base: { path: base?.path ?? other.path, min: element.base?.min ?? 0, max: element.base?.max ?? '*' },
  };
};

const renamed = (definition: StructureDefinition, name: string): StructureDefinition => {
  const { type } = definition;
  const rename = (path: string): string =>
    path === type || path.startsWith(`${type}.`) ? `${name}${path.slice(type.length)}` : path;
  const elements = definition.snapshot?.element ?? [];
  return {
    ...definition,
    type: name,
    url: `http://hl7.org/fhir/StructureDefinition/${name}`,
    snapshot: {
      element: elements.map((element) => {
        const own = referred(element, elements);
        return {
          ...own,
          path: rename(own.path),
          // The base's path names the type of a backbone element, which must be the profile's own.
          ...(own.base === undefined ? {} : { base: { ...own.base, path: rename(own.base.path) } }),
        };
      }),
    },
  };
};

/** Parses the profile when it is first used. */
export function compiled(definition: StructureDefinition): Profile {
  let parsed = false;
  const name = `TejidoProfile${(count += 1)}`;
  return {
    url: definition.url,
    type: definition.type,
    prefix: name,
    check: (resource, options) => {
      if (!parsed) loadDataType(renamed(definition, name));
      parsed = true;
      return validateTypedValue({ type: name, value: resource }, options);
    },
  };
}
