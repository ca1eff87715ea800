/**
 * The data of the sandbox: every version of every resource, in memory, with the indexes that keep a search as fast in
 * 200,000 resources as in ten. Writes are applied at once and can be undone until they are committed, so a
 * transaction either stands whole or never was.
 */
import type { Resource } from '../core/ports.ts';
import { identifiersOf, referencesOf, tagsOf } from './elements.ts';

export type Stored = Resource & {
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string; readonly [element: string]: unknown };
};

export type Version = {
  readonly versionId: string;
  readonly lastUpdated: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** Absent: this version is a deletion. */
  readonly resource?: Stored;
  /** Milliseconds: when it could be seen; the index of a lagging search compares with it. */
  readonly committedAt: number;
};

export type Entry = { readonly type: string; readonly id: string; readonly versions: Version[] };

/** One change, in the form that is committed, journalled and told to subscribers. */
export type Change = {
  readonly type: string;
  readonly id: string;
  readonly version: Version;
  readonly before?: Stored;
};

type Postings = Map<string, Entry | Set<Entry>>;
type Dated = { readonly at: number; readonly entry: Entry; readonly version: Version };
type OfType = {
  readonly entries: Map<string, Entry>;
  readonly postings: Postings;
  /** Versions by lastUpdated, oldest first; those overtaken by a later version stay until the list is swept. */
  dated: Dated[];
  live: number;
};

export type Store = {
  readonly entry: (type: string, id: string) => Entry | undefined;
  readonly current: (type: string, id: string) => Stored | undefined;
  readonly types: () => readonly string[];
  /** Every entry, deleted ones included. */
  readonly entries: () => Iterable<Entry>;
  readonly count: (type: string) => number;
  /** Entries filed under a key of `keys`, without duplicates. */
  readonly lookup: (type: string, keys: readonly string[]) => readonly Entry[];
  /** Live entries by lastUpdated, oldest first, from the given instant (milliseconds) on. */
  readonly since: (type: string, from?: number) => Iterable<Entry>;
  readonly apply: (type: string, id: string, version: Version) => Change;
  readonly undo: (changes: readonly Change[]) => void;
  /** After a commit: nothing applied so far will be undone. */
  readonly settle: (changes: readonly Change[]) => void;
  readonly clear: () => void;
};

export const identifierKey = (system: string | undefined, value: string): string => `i${system ?? ''}|${value}`;
export const valueKey = (value: string): string => `v${value}`;
export const tagKey = (system: string | undefined, code: string): string => `t${system ?? ''}|${code}`;
export const referenceKey = (reference: string): string => `r${reference}`;

function keysOf(resource: Stored): Set<string> {
  const keys = new Set<string>();
  for (const { system, value } of identifiersOf(resource)) {
    keys.add(identifierKey(system, value));
    keys.add(valueKey(value));
  }
  for (const { system, value } of tagsOf(resource)) keys.add(tagKey(system, value));
  for (const reference of referencesOf(resource)) keys.add(referenceKey(reference));
  return keys;
}

function post(postings: Postings, key: string, entry: Entry): void {
  const found = postings.get(key);
  if (found === undefined) postings.set(key, entry);
  else if (found instanceof Set) found.add(entry);
  else if (found !== entry) postings.set(key, new Set([found, entry]));
}

function unpost(postings: Postings, key: string, entry: Entry): void {
  const found = postings.get(key);
  if (found === entry) postings.delete(key);
  else if (found instanceof Set) {
    found.delete(entry);
    if (found.size === 0) postings.delete(key);
  }
}

/** The first position whose instant is not before `at`. */
function position(dated: readonly Dated[], at: number): number {
  let low = 0;
  let high = dated.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((dated[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const latest = (entry: Entry): Version | undefined => entry.versions.at(-1);

export function createStore(): Store {
  const byType = new Map<string, OfType>();

  const ofType = (type: string): OfType => {
    let found = byType.get(type);
    if (!found) byType.set(type, (found = { entries: new Map(), postings: new Map(), dated: [], live: 0 }));
    return found;
  };

  const show = (of: OfType, entry: Entry, version: Version | undefined): void => {
    if (!version?.resource) return;
    of.live++;
    for (const key of keysOf(version.resource)) post(of.postings, key, entry);
  };
  const hide = (of: OfType, entry: Entry, version: Version | undefined): void => {
    if (!version?.resource) return;
    of.live--;
    for (const key of keysOf(version.resource)) unpost(of.postings, key, entry);
  };

  const isLive = (dated: Dated): boolean =>
    dated.version.resource !== undefined && latest(dated.entry) === dated.version;

  const date = (of: OfType, entry: Entry, version: Version): void => {
    const dated = { at: Date.parse(version.lastUpdated), entry, version };
    const last = of.dated.at(-1);
    if (!last || last.at <= dated.at) of.dated.push(dated);
    else of.dated.splice(position(of.dated, dated.at + 1), 0, dated);
  };

  return {
    entry: (type, id) => byType.get(type)?.entries.get(id),
    current: (type, id) => {
      const entry = byType.get(type)?.entries.get(id);
      return entry && latest(entry)?.resource;
    },
    types: () => [...byType].filter(([, of]) => of.live > 0).map(([type]) => type),
    count: (type) => byType.get(type)?.live ?? 0,
    lookup(type, keys) {
      const postings = byType.get(type)?.postings;
      if (!postings) return [];
      const found = new Set<Entry>();
      for (const key of keys) {
        const posted = postings.get(key);
        if (posted instanceof Set) for (const entry of posted) found.add(entry);
        else if (posted) found.add(posted);
      }
      return [...found];
    },
    *entries() {
      for (const { entries } of byType.values()) yield* entries.values();
    },
    *since(type, from) {
      const of = byType.get(type);
      if (!of) return;
      const list = of.dated;
      for (let i = from === undefined ? 0 : position(list, from); i < list.length; i++) {
        const dated = list[i];
        if (dated && isLive(dated)) yield dated.entry;
      }
    },
    apply(type, id, version) {
      const of = ofType(type);
      let entry = of.entries.get(id);
      if (!entry) of.entries.set(id, (entry = { type, id, versions: [] }));
      const before = latest(entry);
      hide(of, entry, before);
      entry.versions.push(version);
      show(of, entry, version);
      if (version.resource) date(of, entry, version);
      return { type, id, version, ...(before?.resource ? { before: before.resource } : {}) };
    },
    undo(changes) {
      for (const { type, id } of changes.toReversed()) {
        const of = ofType(type);
        const entry = of.entries.get(id);
        if (!entry) continue;
        hide(of, entry, entry.versions.pop());
        show(of, entry, latest(entry));
        if (entry.versions.length === 0) of.entries.delete(id);
      }
    },
    settle(changes) {
      for (const { type } of changes) {
        const of = ofType(type);
        if (of.dated.length > 2 * of.live + 1000) of.dated = of.dated.filter(isLive);
      }
    },
    clear: () => byType.clear(),
  };
}
