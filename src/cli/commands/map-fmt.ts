import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readMap, writeMap } from '../../fml/index.ts';
import { plural } from '../format.ts';
import { chosenMaps } from '../map-input.ts';
import { problemsText } from '../map-problems.ts';
import type { Parts } from '../parts.ts';
import { CommandError, json, Unsuccessful } from '../run.ts';

type Options = { check?: true; write?: true; json?: true };

export function registerFormat(map: Command, parts: Parts): void {
  map
    .command('fmt')
    .description('write maps in one form: the same spacing, breaks and quotes; comments stay')
    .argument('[file-or-folder...]', 'maps, or folders with maps; the built-in maps when none is given')
    .option('--check', 'name what is not in that form, and end with 1; for CI')
    .option('--write', 'write it into the files; else it is printed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tejido map fmt visit.fml\n  $ tejido map fmt --write site/maps\n  $ tejido map fmt --check site/maps',
    )
    .action(async (given: readonly string[], options: Options) => {
      if (options.check && options.write) throw new CommandError('--check and --write exclude each other.');
      const { out, err } = parts.terminal;
      const { set, chosen } = await chosenMaps(given);
      const files = set.files.filter(({ name, where }) => name.endsWith('.fml') && chosen.has(where));
      const results: { readonly file: string; readonly state: 'formatted' | 'differs' | 'unreadable' }[] = [];
      for (const { where, text } of files) {
        const { map: read, problems } = readMap(text, where);
        const errors = problems.filter(({ severity }) => severity === 'error');
        // What could not be read would be lost.
        const state = errors.length > 0 ? 'unreadable' : writeMap(read) === text ? 'formatted' : 'differs';
        results.push({ file: where, state });
        if (state === 'unreadable') err(problemsText(errors, set.files));
        else if (options.write && state === 'differs') await writeFile(where, writeMap(read));
        if (options.json || state === 'unreadable') continue;
        if (!options.check && !options.write) out(writeMap(read).trimEnd());
        else if (state === 'differs') out(where);
      }
      if (options.json) out(json(results));
      const count = (state: string): number => results.filter((one) => one.state === state).length;
      if (options.check || options.write)
        err(
          `${plural(files.length, 'map')}, ${count('differs')} ${options.write ? 'written anew' : 'not in form'}` +
            `${count('unreadable') > 0 ? `, ${count('unreadable')} that cannot be read` : ''}.`,
        );
      if (count('unreadable') > 0 || (options.check && count('differs') > 0)) throw new Unsuccessful();
    });
}
