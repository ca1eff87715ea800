import type { Command } from 'commander';
import { placeOf } from '../../fml/index.ts';
import { libraryOf, problemsOf } from '../../mapping/check.ts';
import { readSet } from '../../mapping/read-set.ts';
import { plural } from '../format.ts';
import { chosenMaps } from '../map-input.ts';
import { countText, problemsText } from '../map-problems.ts';
import type { Parts } from '../parts.ts';
import { json, Unsuccessful } from '../run.ts';

export function registerCheck(map: Command, parts: Parts): void {
  map
    .command('check')
    .description('all that is wrong with maps, known before a message arrives: places, and what to do')
    .argument('[file-or-folder...]', 'maps, or folders with maps; the built-in maps when none is given')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nErrors keep a set of maps from being used, and end with 1; warnings are likely slips.' +
        '\n\nExample:\n  $ tejido map check\n  $ tejido map check site/maps\n  $ tejido map check site/maps/visit.fml',
    )
    .action(async (given: readonly string[], options: { json?: true }) => {
      const { set, chosen } = await chosenMaps(given);
      const read = readSet(set);
      const known = new Set(set.files.map(({ where }) => where));
      // What belongs to no file (a route, a folder) is told always.
      const problems = problemsOf(read, libraryOf(read)).filter(({ file }) => chosen.has(file) || !known.has(file));
      if (options.json) parts.terminal.out(json(problems.map((problem) => ({ ...problem, where: placeOf(problem) }))));
      else {
        if (problems.length > 0) parts.terminal.out(problemsText(problems, set.files));
        parts.terminal.err(`${plural(chosen.size, 'file')}: ${countText(problems)}.`);
      }
      if (problems.some(({ severity }) => severity === 'error')) throw new Unsuccessful();
    });
}
