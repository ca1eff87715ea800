/**
 * The maps in use. They can be loaded anew while messages run: a set that is sound takes the place of the old one from
 * the next message on; one that is not is told of, and changes nothing.
 */
import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import type { Issue } from '../core/outcome.ts';
import type { Log, Mapper } from '../core/ports.ts';
import { mapperOf } from '../mapping/load.ts';
import { readMapSet } from '../mapping/map-set.ts';

export type Reloaded =
  | { readonly result: 'unchanged' | 'loaded'; readonly version: string }
  | { readonly result: 'refused'; readonly issues: readonly Issue[] };

export type LiveMaps = {
  readonly now: () => Mapper;
  /** One at a time, in the order they are asked for. */
  readonly reload: () => Promise<Reloaded>;
  readonly attach: (hooks: LoadHooks) => void;
};

export type LoadHooks = {
  /** Before the first message is prepared with it: when it rejects, the set is not taken. */
  readonly before: (mapper: Mapper) => Promise<void>;
  readonly after: (mapper: Mapper) => Promise<void>;
};

const settleMs = 150;

/** `first`: the set to begin with. */
export function liveMaps(first: Mapper, folders: readonly string[], log: Log): LiveMaps {
  let now = first;
  let hooks: LoadHooks = { before: () => Promise.resolve(), after: () => Promise.resolve() };
  let last: Promise<unknown> = Promise.resolve();

  async function load(): Promise<Reloaded> {
    const set = await readMapSet(folders);
    if (set.version === now.version && set.issues.length === 0) return { result: 'unchanged', version: now.version };
    const loaded = mapperOf(set);
    if (!loaded.ok) return { result: 'refused', issues: loaded.failure.issues ?? [] };
    await hooks.before(loaded.value);
    now = loaded.value;
    await hooks.after(now);
    return { result: 'loaded', version: now.version };
  }

  return {
    now: () => now,
    attach: (given) => {
      hooks = given;
    },
    reload: () => {
      const done = last.then(load);
      last = done.catch(() => undefined);
      return done.then(
        (reloaded) => tell(reloaded, log),
        (error: unknown) => {
          log('error', 'maps.not-loaded', { error });
          throw error;
        },
      );
    },
  };
}

/** Places are files of the site; what is wrong there may be read with `tejido map check`. */
function tell(reloaded: Reloaded, log: Log): Reloaded {
  if (reloaded.result === 'loaded') log('info', 'maps.loaded', { version: `sha256:${reloaded.version.slice(0, 12)}` });
  if (reloaded.result === 'refused') {
    log('error', 'maps.refused', { count: reloaded.issues.length });
    for (const { where } of reloaded.issues.slice(0, 20)) {
      const [, file = where, line, column] = /^(.*?)(?::(\d+)(?::(\d+))?)?(?: .*)?$/su.exec(where) ?? [];
      log('error', 'maps.problem', {
        name: path.basename(file),
        ...(line === undefined ? {} : { line: Number(line) }),
        ...(column === undefined ? {} : { column: Number(column) }),
      });
    }
  }
  return reloaded;
}

/** Loads anew whenever a file of the folders changes, once it has been still for a moment. Returns how to stop. */
export function watchMaps(maps: LiveMaps, folders: readonly string[], log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // It has told the log.
      maps.reload().catch(() => undefined);
    }, settleMs);
    timer.unref();
  };
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', (error) => {
        log('warn', 'maps.not-watched', { error });
      });
      return [watcher];
    } catch (error) {
      log('warn', 'maps.not-watched', { error });
      return [];
    }
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
