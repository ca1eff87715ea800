import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { Failure } from '../../core/outcome.ts';
import type { Mapped } from '../../core/ports.ts';
import { isObject } from '../../definitions/item.ts';
import { compileMap, type Library, type MapText, MapStopped, type TraceEvent } from '../../fml/index.ts';
import { importedMaps, typeNamed } from '../../fml/link.ts';
import { readableUuid, readInput } from '../../mapping/cases.ts';
import { libraryOf, problemsOf } from '../../mapping/check.ts';
import { functions } from '../../mapping/functions.ts';
import { functionsOf } from '../../core/key-functions.ts';
import { itemOf } from '../../mapping/item.ts';
import { labItemOf } from '../../mapping/lab.ts';
import { readLabInput } from '../../mapping/lab-cases.ts';
import { peerSupportOf } from '../../mapping/peer-support.ts';
import { mapperOf } from '../../mapping/load.ts';
import { type MapSet, mapSetOf } from '../../mapping/map-set.ts';
import { type MapsRead, readSet } from '../../mapping/read-set.ts';
import { mapsOfFolders, readJsonFile } from '../map-input.ts';
import { problemsText, stopText } from '../map-problems.ts';
import { traceLines } from '../map-trace.ts';
import type { Parts } from '../parts.ts';
import { CommandError, json, Unsuccessful } from '../run.ts';

type Options = { maps: readonly string[]; trace?: true; json?: true };
type Asked = { readonly parts: Parts; readonly set: MapSet; readonly read: MapsRead; readonly options: Options };

const shown = ({ artifact, do: action, resource }: Mapped): string =>
  `# ${action} ${resource.resourceType} ${artifact}\n${JSON.stringify(resource, null, 2)}`;

/** Lines of `log` and of the trace go to stderr, so that the result can be piped. */
function listeners({ parts, options }: Pick<Asked, 'parts' | 'options'>) {
  const lines = traceLines();
  return {
    log: parts.terminal.err,
    ...(options.trace
      ? {
          trace: (event: TraceEvent): void => {
            for (const line of lines(event)) parts.terminal.err(line);
          },
        }
      : {}),
  };
}

/** As the pipeline maps it: with its components, artifacts and references. */
function runActivity(asked: Asked, kind: string, input: unknown, file: string): void {
  const { parts, set, options } = asked;
  const given = readInput(input);
  if (given === undefined)
    throw new CommandError(
      `${file} holds no activity.`,
      'An activity with an activityType is expected, or {"activity": …, "context": …}.',
    );
  let stopped: MapStopped | undefined;
  const mapper = mapperOf(set, {
    uuidFor: readableUuid,
    ...listeners(asked),
    onStop: (error) => {
      stopped = error;
    },
  });
  if (!mapper.ok) return refuse(asked, () => true);
  const outcome = mapper.value.map({ ...given.activity, activityType: kind }, given.context);
  if (!outcome.ok) return tellFailure(asked, outcome.failure, stopped);
  parts.terminal.out(options.json ? json(outcome.value) : outcome.value.map(shown).join('\n\n'));
}

function tellFailure({ parts, set, options }: Asked, failure: Failure, stopped: MapStopped | undefined): never {
  if (options.json) parts.terminal.out(json({ failure }));
  else if (stopped !== undefined) parts.terminal.err(`${failure.cause}\n${stopText(stopped, set.files)}`);
  else {
    parts.terminal.err(`${failure.cause}: ${failure.detail}`);
    for (const { where, what } of failure.issues ?? []) parts.terminal.err(`  ${where}\n    ${what}`);
  }
  throw new Unsuccessful();
}

/** Tells what is wrong with the maps that count. */
function refuse({ parts, set, read }: Asked, counts: (file: string) => boolean): never {
  const errors = problemsOf(read, libraryOf(read)).filter((one) => one.severity === 'error' && counts(one.file));
  parts.terminal.err(problemsText(errors, set.files));
  throw new Unsuccessful();
}

/** A map and what it imports, at any depth. */
function withImports(library: Library, map: MapText, found = new Set<MapText>()): ReadonlySet<MapText> {
  if (found.has(map)) return found;
  found.add(map);
  for (const other of importedMaps(library, map)) withImports(library, other, found);
  return found;
}

/** A map by itself: any JSON in, its targets out. */
function runPlain(asked: Asked, map: MapText, input: unknown): void {
  const { parts, set, read, options } = asked;
  const library = libraryOf(read);
  const needed = new Set([...withImports(library, map)].map(({ file }) => file));
  const errors = problemsOf(read, library).filter(({ severity, file }) => severity === 'error' && needed.has(file));
  if (errors.length > 0) refuse(asked, (file) => needed.has(file));
  const sources = sourcesOf(library, map, read, input);
  let count = 0;
  try {
    const { targets, unmapped } = compileMap(library, map, {
      functions,
      ...(options.trace ? { trace: true as const } : {}),
    }).run(
      { sources },
      {
        uuid: () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`,
        now: parts.clock(),
        ...listeners(asked),
      },
    );
    parts.terminal.out(json(targets.length === 1 ? targets[0] : targets));
    for (const { conceptMap, code, policy, where } of unmapped)
      parts.terminal.err(`${where}: ${conceptMap} does not list ${JSON.stringify(code)}; its policy is ${policy}.`);
  } catch (error) {
    if (!(error instanceof MapStopped)) throw error;
    const { code, where, message, path: reading } = error;
    if (options.json) parts.terminal.out(json({ stopped: { code, where, message, path: reading } }));
    else parts.terminal.err(stopText(error, set.files));
    throw new Unsuccessful();
  }
}

/** An item of an activity is made of an activity, that of an order of a case of laboratory results; a map of several sources takes a list of as many. */
function sourcesOf(library: Library, map: MapText, read: MapsRead, input: unknown): readonly unknown[] {
  const inputs = map.groups[0]?.inputs.filter(({ mode }) => mode === 'source') ?? [];
  const [first] = inputs;
  const type = first?.type === undefined ? undefined : typeNamed(library, map, first.type);
  const activity = type?.name === 'ActivityItem' ? readInput(input) : undefined;
  if (activity !== undefined) {
    const contact = [...read.routes.values()].some((route) => route.map === map.url && route.contact);
    const { defaults } = peerSupportOf(read.conceptMaps);
    const functions = functionsOf(activity.activity, undefined, defaults, activity.context.facts.others);
    return [itemOf(activity.activity, undefined, contact, functions, activity.context)];
  }
  const lab = type?.name === 'LabOrder' ? readLabInput(input) : undefined;
  if (lab !== undefined) return [labItemOf(lab.order, lab.names, lab.context)];
  return inputs.length > 1 && Array.isArray(input) ? (input as unknown[]) : [input];
}

/** A map may have any name when it is asked for by it. */
async function withFile(set: MapSet, file: string): Promise<MapSet> {
  if (set.files.some(({ where }) => path.resolve(where) === file)) return set;
  const name = `${path.basename(file)}${file.endsWith('.json') ? '' : '.fml'}`;
  return mapSetOf([...set.files, { name, where: file, text: await readFile(file, 'utf8') }], set.issues);
}

const isMapFile = (name: string): boolean => name.endsWith('.fml') || name.endsWith('.json') || name.endsWith('.map');

async function run(parts: Parts, name: string, file: string, options: Options): Promise<void> {
  const asFile =
    isMapFile(name) &&
    (await stat(name).then(
      (found) => found.isFile(),
      () => false,
    ))
      ? path.resolve(name)
      : undefined;
  const beside = await mapsOfFolders([...options.maps, ...(asFile === undefined ? [] : [path.dirname(asFile)])]);
  const set = asFile === undefined ? beside : await withFile(beside, asFile);
  const read = readSet(set);
  const asked = { parts, set, read, options };
  const input = await readJsonFile(file);
  if (read.routes.has(name)) return runActivity(asked, name, input, file);
  const map = read.maps.find((one) =>
    asFile === undefined ? one.url === name || one.name === name : path.resolve(one.file) === asFile,
  );
  if (map !== undefined) return runPlain(asked, map, input);
  if (isObject(input) && read.maps.length === 0) return refuse(asked, () => true);
  throw new CommandError(
    `${name} has no route, and is no map.`,
    `Routes: ${[...read.routes.keys()].toSorted().join(', ')}. Maps: ${read.maps
      .map((one) => one.name)
      .toSorted()
      .join(', ')}; or the path of an .fml or StructureMap (.json) file.`,
  );
}

export function registerRun(map: Command, parts: Parts): void {
  map
    .command('run')
    .description('run a map on an input and print what it makes; lines of log go to stderr')
    .argument('<map>', 'an activity type that has a route; the url or name of a map; or its file')
    .argument('<input>', 'JSON: an activity, {"activity": …, "context": …}, or for a map by itself anything')
    .option('--maps <folder...>', 'further folders with maps, later ones win', [])
    .option('--trace', 'tell every rule that is entered, with what it read and wrote (on stderr)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tejido map run vital.measure schemas/examples/vital.measure.json --trace\n' +
        '  $ tejido map run site/maps/questionnaire.fml answers.json',
    )
    .action((name: string, file: string, options: Options) => run(parts, name, file, options));
}
