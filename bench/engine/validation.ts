/** One resource against base R4 and US Core: by @medplum/core's validateResource, by our validator. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { Resource as FhirResource, StructureDefinition } from '@medplum/fhirtypes';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { cells, cpuOf, cpuOnce, time, times, type Effort } from './measure.ts';

const usCore = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';

/** Of `test/validation/examples`: each with the profile it is measured by. */
const measured: readonly (readonly [name: string, example: string, profile: string | undefined])[] = [
  ['base Observation', 'observation-lab', undefined],
  ['US Core laboratory result', 'observation-lab', `${usCore}observation-lab`],
  ['US Core blood pressure', 'blood-pressure', `${usCore}blood-pressure`],
  ['US Core CarePlan', 'careplan', `${usCore}careplan`],
  ['US Core ServiceRequest', 'servicerequest', `${usCore}servicerequest`],
];

export type Example = {
  readonly name: string;
  readonly resource: Resource;
  readonly profile: StructureDefinition | undefined;
};

/** Nothing but the base where US Core is not at hand. */
export function examplesOf(root: string, folder: string): readonly Example[] {
  const definitions = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.startsWith('StructureDefinition-'))
        .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as StructureDefinition)
    : [];
  return measured.flatMap(([name, example, url]) => {
    const profile = definitions.find((each) => each.url === url);
    if (url !== undefined && profile === undefined) return [];
    const { meta: _, ...resource } = JSON.parse(
      readFileSync(join(root, `test/validation/examples/${example}.json`), 'utf8'),
    ) as Resource;
    return [
      {
        name,
        profile,
        resource: { ...resource, ...(url === undefined ? {} : { meta: { profile: [url] } }) },
      },
    ];
  });
}

/** An error is thrown as the outcome; either way it has been validated. */
const byMedplum = (resource: FhirResource, profile: StructureDefinition | undefined): unknown => {
  try {
    return validateResource(resource, profile === undefined ? {} : { profile });
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
    throw error;
  }
};

export async function benchValidation(root: string, effort: Effort, print: (line: string) => void): Promise<void> {
  const folder = join(root, '../shared/data/us-core/8.0.0');
  if (!existsSync(folder))
    print('notice: ../shared/data/us-core is absent; validation is measured against base R4 alone');
  const { validate } = await loadValidator({ profileFolders: existsSync(folder) ? [folder] : [], igPackages: [] });
  print(cells('validation (CPU a call)', '@medplum/core', 'Tejido', 'faster', 'first: theirs', 'first: ours'));
  for (const { name, resource, profile } of examplesOf(root, folder)) {
    const ours = (): unknown => validate(resource);
    const theirs = (): unknown => byMedplum(resource as unknown as FhirResource, profile);
    if (validate(resource).some(({ severity }) => severity !== 'warning')) throw new Error(`${name} is not valid`);
    const [fresh, freshTheirs] = [
      await loadValidator({ profileFolders: profile === undefined ? [] : [folder], igPackages: [] }),
      cpuOnce(theirs),
    ];
    const freshOurs = cpuOnce(() => fresh.validate(resource));
    const [own, other] = [cpuOf(ours, effort), cpuOf(theirs, effort)];
    print(cells(name, time(other), time(own), times(other / own), time(freshTheirs), time(freshOurs)));
  }
  print('  aims: ≥ 20× faster than @medplum/core (which checks no bindings), ≤ 100 µs for US Core blood pressure');
}
