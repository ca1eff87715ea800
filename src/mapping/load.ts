/** Loads maps, ConceptMaps and routes from folders, checks them, and makes the mapper of them. */
import { createHash } from 'node:crypto';
import type { Activity } from '../core/activity.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { Mapped, Mapper, MappingContext, Resource, UnmappedCode } from '../core/ports.ts';
import { answers } from './answers.ts';
import { assemble, type Entry } from './assemble.ts';
import { checkMap } from './check.ts';
import { makeEvaluate } from './expression.ts';
import { MapStopped, RuleError } from './faults.ts';
import { itemOf } from './item.ts';
import { type MapSet, readMapSet } from './map-set.ts';
import { readSet, type Route } from './read-set.ts';
import { runMap, type Library } from './run.ts';
import { jsonOf } from './tree.ts';
import { readR4Types, TypeTable } from './types.ts';
import { isObject } from './value.ts';
import type { MapText } from './model.ts';

/** Any constant will do; it must never change, for the fullUrls of a message hang on it. */
const namespace = Buffer.from('5d1c9a0e6f0b4c6c9d2a7e3f8b1a4c50', 'hex');

/** UUID version 5 (RFC 9562 §5.5): the same name gives the same id, in every process and on every replay. */
function uuidOf(name: string): string {
  const hash = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export type MapperOptions = {
  readonly uuidFor?: (name: string) => string;
  /** Lines of `log` in maps, with data of the input: for map authors only. */
  readonly log?: (line: string) => void;
};

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
  const byUrl = new Map(read.maps.map((map) => [map.url, map]));
  const routeIssues = [...read.routes].flatMap(([kind, route]) =>
    byUrl.has(route.map) ? [] : [{ where: `routes.json#/routes/${kind}`, what: `the map ${route.map} is not known` }],
  );
  const issues = [
    ...read.issues,
    ...read.maps.flatMap((map) => checkMap(map, read.maps, read.conceptMaps)),
    ...routeIssues,
  ];
  if (issues.length > 0) return fail('mapping/failed', 'The maps cannot be loaded.', { issues });
  const library: Library = {
    types: new TypeTable(readR4Types()),
    maps: read.maps,
    conceptMaps: read.conceptMaps,
    evaluate: makeEvaluate(),
  };
  const uuidFor = options.uuidFor ?? uuidOf;
  const loaded = { library, byUrl, routes: read.routes, uuidFor, log: options.log };
  return ok({
    version: set.version,
    files: set.files,
    kinds: [...read.routes.keys()],
    mapOf: (kind) => read.routes.get(kind)?.map,
    map: (activity, context, unmapped = []) => mapActivity(loaded, activity, context, unmapped),
    answers: (code) => answers(read.conceptMaps, code),
  });
}

type Loaded = {
  readonly library: Library;
  readonly byUrl: ReadonlyMap<string, MapText>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly uuidFor: (name: string) => string;
  readonly log: ((line: string) => void) | undefined;
};

function mapActivity(
  loaded: Loaded,
  activity: Activity,
  context: MappingContext,
  unmapped: UnmappedCode[],
): Outcome<readonly Mapped[]> {
  const contact = loaded.routes.get(activity.activityType)?.contact === true;
  const entries: Entry[] = [];
  for (const component of [undefined, ...(activity.components ?? [])]) {
    const { activityType } = component ?? activity;
    const route = loaded.routes.get(activityType);
    const map = route === undefined ? undefined : loaded.byUrl.get(route.map);
    if (map === undefined)
      return fail('mapping/no-route', `No map is configured for the activity type ${activityType}.`, {
        issues: [{ where: 'routes.json', what: `the activity type ${activityType} has no route` }],
      });
    const made = runOne(loaded, map, itemOf(activity, component, contact, context), unmapped);
    if (!made.ok) return made;
    entries.push(...made.value);
  }
  return assemble(entries, context, loaded.uuidFor);
}

function runOne(
  loaded: Loaded,
  map: MapText,
  item: ReturnType<typeof itemOf>,
  unmapped: UnmappedCode[],
): Outcome<readonly Entry[]> {
  const { library, uuidFor, log } = loaded;
  let count = 0;
  const uuid = (): string => uuidFor(`${item.artifact}#${(count += 1)}`);
  try {
    const [bundle] = runMap(library, map, { sources: [item] }, { uuid, ...(log === undefined ? {} : { log }) });
    const json = bundle === undefined ? undefined : jsonOf(library.types, bundle);
    const entries: unknown = isObject(json) ? json['entry'] : undefined;
    return ok((Array.isArray(entries) ? (entries as unknown[]) : []).flatMap((entry) => entryOf(entry, map.file)));
  } catch (error) {
    if (error instanceof MapStopped && error.unmapped !== undefined) unmapped.push(error.unmapped);
    if (error instanceof MapStopped)
      return fail(
        error.unmapped !== undefined ? 'mapping/unmapped-code' : 'mapping/failed',
        `${error.where}: ${error.message}`,
        {
          issues: [{ where: error.where, what: error.message, severity: 'error' }],
        },
      );
    if (error instanceof RuleError)
      return fail('mapping/failed', error.message, {
        issues: [{ where: map.file, what: error.message, severity: 'error' }],
      });
    throw error;
  }
}

const isResource = (json: unknown): json is Resource => isObject(json) && typeof json['resourceType'] === 'string';

const entryOf = (entry: unknown, where: string): Entry[] => {
  if (!isObject(entry) || !isResource(entry['resource'])) return [];
  const request = entry['request'];
  return [{ resource: entry['resource'], merge: isObject(request) && request['method'] === 'PATCH', where }];
};
