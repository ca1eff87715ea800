/** `tejido map run` and `tejido map test`: maps without a server, for the people who write them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Failure } from '../../core/outcome.ts';
import type { Mapped, Mapper } from '../../core/ports.ts';
import { findCases, readableUuid, readInput, runCase } from '../../mapping/cases.ts';
import { loadMapper } from '../../mapping/load.ts';
import type { Parts } from '../parts.ts';
import { registerDiff } from './map-diff.ts';
import { registerUnmapped } from './map-unmapped.ts';

const ownMappings = fileURLToPath(new URL('../../../mappings', import.meta.url));

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

function stop(failure: Failure): void {
  complain(`${failure.cause}: ${failure.detail}`);
  for (const { where, what } of failure.issues ?? []) complain(`  ${where}\n    ${what}`);
  process.exitCode = 1;
}

const shown = ({ artifact, do: action, resource }: Mapped): string =>
  `# ${action} ${resource.resourceType} ${artifact}\n${JSON.stringify(resource, null, 2)}`;

async function load(folders: readonly string[], log?: (line: string) => void): Promise<Mapper | undefined> {
  const loaded = await loadMapper({
    folders: [ownMappings, ...folders.map((folder) => resolve(folder)).filter((folder) => folder !== ownMappings)],
    uuidFor: readableUuid,
    ...(log === undefined ? {} : { log }),
  });
  if (loaded.ok) return loaded.value;
  stop(loaded.failure);
  return undefined;
}

async function run(type: string, file: string, options: { maps: string[]; json?: true }): Promise<void> {
  const mapper = await load(options.maps, complain);
  if (mapper === undefined) return;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    complain(`${file}: ${error instanceof Error ? error.message : 'unreadable'}`);
    process.exitCode = 1;
    return;
  }
  const input = readInput(json);
  if (input === undefined || !mapper.kinds.includes(type)) {
    complain(
      input === undefined
        ? `${file}: an activity with an activityType, or {"activity": …, "context": …}, is expected`
        : `${type} has no route; these have: ${mapper.kinds.toSorted().join(', ')}`,
    );
    process.exitCode = 1;
    return;
  }
  const outcome = mapper.map({ ...input.activity, activityType: type }, input.context);
  if (!outcome.ok) return stop(outcome.failure);
  say(options.json ? JSON.stringify(outcome.value, null, 2) : outcome.value.map(shown).join('\n\n'));
}

async function test(folders: readonly string[], options: { update?: true; json?: true }): Promise<void> {
  const mapper = await load(folders);
  if (mapper === undefined) return;
  const results = [];
  for (const folder of folders.length > 0 ? folders.map((each) => resolve(each)) : [ownMappings]) {
    const root = join(folder, 'cases');
    for (const each of await findCases(root)) results.push(await runCase(mapper, root, each));
  }
  const failed = results.filter(({ passed }) => !passed);
  if (options.json)
    say(
      JSON.stringify(
        results.map(({ name, passed, difference }) => ({ name, passed, difference })),
        null,
        2,
      ),
    );
  else
    for (const { name, passed, difference } of results)
      say(passed ? `ok      ${name}` : `differs ${name}\n${difference ?? ''}`);
  if (options.update)
    for (const { folder, actual } of failed)
      await writeFile(join(folder, 'expected.json'), `${JSON.stringify(actual, null, 2)}\n`);
  complain(
    `${results.length - failed.length} of ${results.length} cases pass${options.update && failed.length > 0 ? `; ${failed.length} updated` : ''}`,
  );
  if (results.length === 0 || (failed.length > 0 && !options.update)) process.exitCode = 1;
}

export function registerMapCommands(program: Command, parts: Parts): void {
  const map = program.command('map').description('run and test mappings');
  map
    .command('run')
    .description('map one activity and print the resources; lines of log go to stderr')
    .argument('<type>', 'an activity type that has a route')
    .argument('<input>', 'file with an activity, or {"activity": …, "context": …}')
    .option('--maps <folder...>', 'further folders with maps, later ones win', [])
    .option('--json', 'print JSON')
    .action(run);
  map
    .command('test')
    .description('run the golden cases (cases/<activity-type>/<name>/) of folders with maps')
    .argument('[folder...]', 'folders with maps; the built-in maps when none is given')
    .option('--update', 'show the differences, then write expected.json')
    .option('--json', 'print JSON')
    .action(test);
  registerDiff(map, parts);
  registerUnmapped(map, parts);
}
