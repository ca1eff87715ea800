/** What it costs to have everything ready: all shipped maps, all shipped profiles and those of US Core. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { cells, cpuOfPromise, time } from './measure.ts';

/** Profiles are compiled when they are first asked for: each is asked for once. */
const allProfiles = async (root: string, folders: readonly string[]): Promise<number> => {
  const { profiles, typeOf, validate } = await loadValidator({
    profileFolders: folders.map((folder) => join(root, folder)),
    igPackages: [],
  });
  for (const url of profiles) {
    const resourceType = typeOf(url);
    if (resourceType !== undefined && resourceType !== 'Extension')
      validate({ resourceType, meta: { profile: [url] } });
  }
  return profiles.length;
};

/** The first in a process that this bench runs, for nothing must be warm. */
export async function benchCompile(root: string, print: (line: string) => void): Promise<void> {
  print(cells('ready to work (CPU, cold)', 'takes'));
  let maps = 0;
  const mapping = await cpuOfPromise(async () => {
    const mapper = await loadMapper({ folders: [join(root, 'mappings')] });
    if (!mapper.ok) throw new Error(mapper.failure.detail);
    maps = mapper.value.kinds.length;
  });
  print(cells(`maps of ${maps} kinds, with checks`, time(mapping)));
  let own = 0;
  const profiles = await cpuOfPromise(async () => (own = await allProfiles(root, ['profiles'])));
  print(cells(`${own} profiles of ours, and R4`, time(profiles)));
  print(`  aim: all maps and profiles that we ship within 1 s; seen: ${time(mapping + profiles)}`);
  const usCore = '../shared/data/us-core/8.0.0';
  if (!existsSync(join(root, usCore))) {
    print('notice: ../shared/data/us-core is absent; its profiles are not compiled');
    return;
  }
  let all = 0;
  const more = await cpuOfPromise(async () => (all = await allProfiles(root, [usCore, 'profiles'])));
  print(cells(`${all} with US Core, by now warm`, time(more)));
}
