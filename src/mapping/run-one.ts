/** Runs one compiled map over one item, and says what stopped it. */
import type { CauseCode } from '../core/causes.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { Resource, UnmappedCode } from '../core/ports.ts';
import { isObject } from '../definitions/item.ts';
import { type CompiledMap, MapStopped, type MapText, type TraceEvent } from '../fml/index.ts';
import type { Entry } from './assemble.ts';
import type { TejidoItem } from './item.ts';
import type { PeerSupport } from './peer-support.ts';
import type { Route } from './read-set.ts';

export type MapperOptions = {
  readonly uuidFor?: (name: string) => string;
  /** Lines of `log` in maps, with data of the input: for map authors only. */
  readonly log?: (line: string) => void;
  /** Everything that the rules read and write: for map authors only. */
  readonly trace?: (event: TraceEvent) => void;
  /** A map that stopped, with the value that was in the way: for map authors only. */
  readonly onStop?: (stopped: MapStopped) => void;
};

export type RunnableMap = CompiledMap & { readonly map: MapText };

/** A set of maps, ready to run. */
export type Loaded = {
  /** By canonical. */
  readonly compiled: ReadonlyMap<string, RunnableMap>;
  /** By file. */
  readonly homes: ReadonlyMap<string, MapText>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly derived: ReadonlyMap<string, string>;
  readonly labs: ReadonlyMap<string, string>;
  readonly peerSupport: PeerSupport;
  readonly uuidFor: (name: string) => string;
  readonly options: MapperOptions;
};

/** `receivedAt` is the time that maps know: the same message gives the same resources on every replay. */
export function runOne(
  loaded: Loaded,
  { map, run }: RunnableMap,
  item: TejidoItem,
  context: { readonly receivedAt: string },
  unmapped: UnmappedCode[],
): Outcome<readonly Entry[]> {
  const { uuidFor, options } = loaded;
  const { log, trace } = options;
  let count = 0;
  const uuid = (): string => uuidFor(`${item.artifact}#${(count += 1)}`);
  try {
    const made = run(
      { sources: [item] },
      {
        uuid,
        now: new Date(context.receivedAt),
        ...(log === undefined ? {} : { log }),
        ...(trace === undefined ? {} : { trace }),
      },
    );
    for (const one of made.unmapped) unmapped.push(unmappedCode(one, one.policy, loaded));
    const [bundle] = made.targets;
    const entries: unknown = isObject(bundle) ? bundle['entry'] : undefined;
    return ok((Array.isArray(entries) ? (entries as unknown[]) : []).flatMap((entry) => entryOf(entry, map.file)));
  } catch (error) {
    if (!(error instanceof MapStopped)) throw error;
    options.onStop?.(error);
    if (error.unmapped !== undefined)
      unmapped.push(unmappedCode({ ...error.unmapped, where: error.where }, 'hold', loaded));
    const what = error.path === undefined ? error.message : `${error.message} (reading ${error.path})`;
    return fail(causeOfStop[error.code] ?? 'mapping/failed', `${error.where}: ${what}`, {
      issues: [{ where: error.where, what, code: error.code, severity: 'error' }],
    });
  }
}

const causeOfStop: Partial<Record<MapStopped['code'], CauseCode>> = {
  'unmapped-code': 'mapping/unmapped-code',
  'check-failed': 'mapping/check-failed',
};

/** `#id` names a ConceptMap of the map it stands in: outside, it needs the canonical of that map before it. */
function unmappedCode(
  found: { conceptMap: string; system?: string; code?: string; display?: string; where: string },
  policy: UnmappedCode['policy'],
  { homes }: Loaded,
): UnmappedCode {
  const { conceptMap, system, code = '', display, where } = found;
  const home = conceptMap.startsWith('#') ? homes.get(where.replace(/(?::\d+:\d+)?(?: rule ".*")?$/u, '')) : undefined;
  return {
    conceptMap: `${home?.url ?? ''}${conceptMap}`,
    ...(system === undefined ? {} : { system }),
    code,
    ...(display === undefined ? {} : { display }),
    policy,
  };
}

const isResource = (json: unknown): json is Resource => isObject(json) && typeof json['resourceType'] === 'string';

/** `Task?_elements=output,statusReason`: these are answered for, and go where the map does not set them. */
const clearedBy = (url: unknown): readonly string[] | undefined =>
  typeof url === 'string' ? /\?_elements=([A-Za-z,]+)$/u.exec(url)?.[1]?.split(',') : undefined;

const entryOf = (entry: unknown, where: string): Entry[] => {
  if (!isObject(entry) || !isResource(entry['resource'])) return [];
  const request = isObject(entry['request']) ? entry['request'] : {};
  const clears = clearedBy(request['url']);
  const clearing = clears === undefined ? {} : { clears };
  return [{ resource: entry['resource'], merge: request['method'] === 'PATCH', ...clearing, where }];
};
