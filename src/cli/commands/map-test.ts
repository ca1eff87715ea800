import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { type CaseResult, findCases, readableUuid, runCase } from '../../mapping/cases.ts';
import { libraryOf, problemsOf } from '../../mapping/check.ts';
import { type Coverage, coverageOf } from '../../mapping/coverage.ts';
import { mapperOf } from '../../mapping/load.ts';
import { readSet } from '../../mapping/read-set.ts';
import { plural } from '../format.ts';
import { mapsOfFolders, ownMappings } from '../map-input.ts';
import { problemsText } from '../map-problems.ts';
import type { Parts } from '../parts.ts';
import { json, Unsuccessful } from '../run.ts';

type Options = { update?: true; coverage?: true; requireCoverage?: true; json?: true };

const coverageText = ({ unexercised }: Coverage): string =>
  ['No case exercises:', ...unexercised.map(({ where, group }) => `  ${where} of group ${group}`)].join('\n');

async function test(parts: Parts, given: readonly string[], options: Options): Promise<void> {
  const { out, err } = parts.terminal;
  const folders = given.length > 0 ? given.map((each) => path.resolve(each)) : [ownMappings];
  const set = await mapsOfFolders(folders);
  const read = readSet(set);
  const coverage = coverageOf();
  const mapper = mapperOf(set, { uuidFor: readableUuid, trace: coverage.trace });
  if (!mapper.ok) {
    const errors = problemsOf(read, libraryOf(read)).filter(({ severity }) => severity === 'error');
    err(problemsText(errors, set.files));
    throw new Unsuccessful();
  }
  const results: CaseResult[] = [];
  for (const folder of folders) {
    const root = path.join(folder, 'cases');
    for (const each of await findCases(root)) results.push(await runCase(mapper.value, root, each));
  }
  const failed = results.filter(({ passed }) => !passed);
  // Only what lies in these folders: their cases are not asked to test the built-in maps.
  const covered = coverage.over(read.maps.filter(({ file }) => folders.includes(path.dirname(path.resolve(file)))));
  if (options.json)
    out(json({ cases: results.map(({ name, passed, difference }) => ({ name, passed, difference })), rules: covered }));
  else {
    for (const { name, passed, difference } of results)
      out(passed ? `ok      ${name}` : `differs ${name}\n${difference ?? ''}`);
    if ((options.coverage || options.requireCoverage) && covered.unexercised.length > 0) out(coverageText(covered));
  }
  if (options.update)
    for (const { folder, actual } of failed) await writeFile(path.join(folder, 'expected.json'), `${json(actual)}\n`);
  const updated = options.update && failed.length > 0 ? `; ${failed.length} updated` : '';
  const unexercised = covered.unexercised.length;
  err(`${results.length - failed.length} of ${results.length} cases pass${updated}.`);
  err(
    `${covered.exercised} of ${plural(covered.rules, 'rule')} exercised` +
      `${unexercised > 0 && !options.coverage && !options.requireCoverage ? '; see --coverage' : ''}.`,
  );
  if (results.length === 0 || (failed.length > 0 && !options.update) || (options.requireCoverage && unexercised > 0))
    throw new Unsuccessful();
}

export function registerTest(map: Command, parts: Parts): void {
  map
    .command('test')
    .description('run the golden cases (cases/<activity-type>/<name>/) of folders with maps')
    .argument('[folder...]', 'folders with maps; the built-in maps when none is given')
    .option('--update', 'show the differences, then write expected.json')
    .option('--coverage', 'name the rules that no case exercises')
    .option('--require-coverage', 'end with 1 when there are such rules; for CI')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido map test\n  $ tejido map test site/maps --require-coverage')
    .action((folders: readonly string[], options: Options) => test(parts, folders, options));
}
