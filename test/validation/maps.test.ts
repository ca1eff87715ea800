/** What our own maps make must meet base R4, our profiles and US Core: the golden cases are run and validated. */
import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findCases, readInput } from '../../src/mapping/cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';

const usCore = resolve('../shared/data/us-core');
const versions = existsSync(usCore) || process.env['CI'] === 'true' ? ['6.1.0', '8.0.0'] : [];
if (versions.length === 0)
  process.stderr.write('notice: ../shared/data/us-core is absent; our maps are validated without US Core\n');

test.each(versions.length === 0 ? [undefined] : versions)(
  'the resources of every golden case are valid with US Core %s',
  async (version) => {
    const igPackages = version === undefined ? [] : [join(usCore, version)];
    const validator = await loadValidator({ profileFolders: [resolve('profiles')], igPackages });
    const mapper = await loadMapper({ folders: [resolve('mappings')] });
    if (!mapper.ok) throw new Error(JSON.stringify(mapper.failure));
    const faults: string[] = [];
    for (const folder of await findCases(resolve('mappings/cases'))) {
      const input = readInput(JSON.parse(await readFile(join(folder, 'input.json'), 'utf8')));
      const outcome = input === undefined ? undefined : mapper.value.map(input.activity, input.context);
      if (outcome?.ok !== true) continue;
      for (const { do: action, resource } of outcome.value)
        // A merge is a part of a resource and is not valid by itself.
        for (const { where, what, severity } of action === 'put' ? validator.validate(resource) : [])
          if (severity !== 'warning') faults.push(`${folder.slice(folder.indexOf('cases/') + 6)} ${where}: ${what}`);
    }
    expect(faults).toEqual([]);
    expect(validator.problems).toEqual([]);
  },
);
