/** Loads maps, ConceptMaps and routes, checks them, and makes the mapper of them. */
import type { Activity } from '../core/activity.ts';
import { factsOn, wholeKinds } from '../core/fact.ts';
import { functionsOf } from '../core/key-functions.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { Mapped, Mapper, MappingContext, UnmappedCode } from '../core/ports.ts';
import { compileMap } from '../fml/index.ts';
import { answers } from './answers.ts';
import { assemble, type Entry } from './assemble.ts';
import { issueOf, libraryOf, problemsOf } from './check.ts';
import { functions } from './functions.ts';
import { derivedItemOf, itemOf } from './item.ts';
import { mapLab } from './lab.ts';
import { type MapSet, readMapSet } from './map-set.ts';
import { peerSupportOf } from './peer-support.ts';
import { readSet } from './read-set.ts';
import { type Loaded, type MapperOptions, runOne } from './run-one.ts';
import { uuidOf } from './uuid.ts';

export type LoadOptions = MapperOptions & {
  /** Later folders replace files of the same name in earlier ones. */
  readonly folders: readonly string[];
};

/** Reports everything that is wrong with the maps, not only the first. */
export async function loadMapper(options: LoadOptions): Promise<Outcome<Mapper>> {
  return mapperOf(await readMapSet(options.folders), options);
}

/** The mapper of a set of files, or all that is wrong with them. */
export function mapperOf(set: MapSet, options: MapperOptions = {}): Outcome<Mapper> {
  const read = readSet(set);
  const library = libraryOf(read);
  const errors = problemsOf(read, library).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return fail('mapping/failed', 'The maps cannot be loaded.', { issues: errors.map(issueOf) });
  const compileOptions = { functions, ...(options.trace === undefined ? {} : { trace: true as const }) };
  const routed = new Set([
    ...[...read.routes.values()].map(({ map }) => map),
    ...read.derived.values(),
    ...read.labs.values(),
  ]);
  const loaded: Loaded = {
    compiled: new Map(
      read.maps
        .filter(({ url }) => routed.has(url))
        .map((map) => [map.url, { map, run: compileMap(library, map, compileOptions).run }]),
    ),
    homes: new Map(read.maps.map((map) => [map.file, map])),
    routes: read.routes,
    derived: read.derived,
    labs: read.labs,
    peerSupport: peerSupportOf(read.conceptMaps),
    uuidFor: options.uuidFor ?? uuidOf,
    options,
  };
  const empty = new Set(read.maps.filter((map) => map.groups[0]?.rules.length === 0).map(({ url }) => url));
  return ok({
    version: set.version,
    files: set.files,
    kinds: [...read.routes.keys()],
    mapOf: (kind) => read.routes.get(kind)?.map,
    uncharted: [...read.routes].filter(([, { map }]) => empty.has(map)).map(([kind]) => kind),
    map: (activity, context, unmapped = []) => mapMessage(loaded, activity, context, unmapped),
    mapLab: (order, names, context, unmapped = []) => mapLab(loaded, order, names, context, unmapped),
    functionsOf: (activity, others) => functionsOf(activity, undefined, loaded.peerSupport.defaults, others),
    answers: (code) => answers(read, code),
  });
}

function mapMessage(
  loaded: Loaded,
  activity: Activity | undefined,
  context: MappingContext,
  unmapped: UnmappedCode[],
): Outcome<readonly Mapped[]> {
  const own = activity === undefined ? ok([]) : mapActivity(loaded, activity, context, unmapped);
  if (!own.ok) return own;
  const derived = mapDerived(loaded, context, unmapped);
  if (!derived.ok) return derived;
  return assemble([...own.value, ...derived.value], context, loaded.uuidFor);
}

/** What follows from the facts that the message touches. Of a topic that nobody speaks of any more, nothing. */
function mapDerived(loaded: Loaded, context: MappingContext, unmapped: UnmappedCode[]): Outcome<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const topic of context.facts.touched) {
    const url = loaded.derived.get(topic.kind);
    const map = url === undefined ? undefined : loaded.compiled.get(url);
    if (map === undefined || factsOn(topic, context.facts).length === 0) continue;
    const made = runOne(loaded, map, derivedItemOf(topic, context), context, unmapped);
    if (!made.ok) return made;
    const stays = wholeKinds.has(topic.kind) ? ({ stays: true } as const) : {};
    entries.push(...made.value.map((entry): Entry => ({ ...entry, ...stays, shared: true })));
  }
  return ok(entries);
}

function mapActivity(
  loaded: Loaded,
  activity: Activity,
  context: MappingContext,
  unmapped: UnmappedCode[],
): Outcome<readonly Entry[]> {
  const contact = loaded.routes.get(activity.activityType)?.contact === true;
  const entries: Entry[] = [];
  for (const component of [undefined, ...(activity.components ?? [])]) {
    const { activityType } = component ?? activity;
    const url = loaded.routes.get(activityType)?.map;
    const map = url === undefined ? undefined : loaded.compiled.get(url);
    if (map === undefined)
      return fail('mapping/no-route', `No map is configured for the activity type ${activityType}.`, {
        issues: [{ where: 'routes.json', what: `the activity type ${activityType} has no route` }],
      });
    const { defaults, marked } = loaded.peerSupport;
    const purpose = functionsOf(activity, component, defaults, context.facts.others);
    const made = runOne(loaded, map, itemOf(activity, component, contact, purpose, context), context, unmapped);
    if (!made.ok) return made;
    entries.push(
      ...made.value.map((entry) => (entry.merge ? entry : { ...entry, resource: marked(entry.resource, purpose) })),
    );
  }
  return ok(entries);
}
