/**
 * @medplum/core parses a profile anew for every resource (3 ms for US Core blood pressure, of 5 in all). Under a type
 * name of its own a profile is parsed once: its paths start with that name, and issues are given the real one back.
 */
import { loadDataType, validateTypedValue, type ValidatorOptions } from '@medplum/core';
import type { OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
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

const renamed = (definition: StructureDefinition, name: string): StructureDefinition => {
  const { type } = definition;
  const rename = (path: string): string =>
    path === type || path.startsWith(`${type}.`) ? `${name}${path.slice(type.length)}` : path;
  return {
    ...definition,
    type: name,
    url: `http://hl7.org/fhir/StructureDefinition/${name}`,
    snapshot: {
      element: (definition.snapshot?.element ?? []).map((element) => ({
        ...element,
        path: rename(element.path),
        ...(element.contentReference === undefined
          ? {}
          : {
              contentReference: `#${rename(element.contentReference.slice(element.contentReference.indexOf('#') + 1))}`,
            }),
      })),
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
