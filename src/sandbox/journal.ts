/**
 * What keeps the sandbox's data over restarts: a file of one JSON line per committed transaction. A line is handed to
 * the operating system before the answer leaves, so it survives a kill -9 of the process (not of the machine).
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { isRecord, textOf } from './elements.ts';
import type { Change, Store, Version } from './store.ts';

export type Journal = {
  /** Writes the line, whole or not at all. Throws what the file system throws. */
  readonly append: (changes: readonly Change[]) => void;
  readonly clear: () => void;
  readonly close: () => void;
};

type Line = readonly { readonly type: string; readonly id: string; readonly version: Version }[];

const lineOf = (changes: Line): string =>
  `${JSON.stringify(changes.map(({ type, id, version }) => ({ type, id, version })))}\n`;

function writeAll(fd: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  return bytes.length;
}

/** Replays the file into the store, drops a torn last line, compacts the file when it has outgrown its content. */
export async function openJournal(file: string, store: Store, compactAbove = 64 * 1024 * 1024): Promise<Journal> {
  mkdirSync(dirname(file), { recursive: true });
  const replayed = existsSync(file) ? await replay(file, store) : { bytes: 0, changes: 0 };
  if (existsSync(file)) truncateSync(file, replayed.bytes);
  if (replayed.bytes > compactAbove && replayed.changes > 2 * live(store)) compact(file, store);

  const fd = openSync(file, 'a');
  let size = statSync(file).size;
  return {
    append(changes) {
      try {
        size += writeAll(fd, lineOf(changes));
      } catch (error) {
        ftruncateSync(fd, size);
        throw error;
      }
    },
    clear() {
      ftruncateSync(fd, 0);
      size = 0;
    },
    close: () => closeSync(fd),
  };
}

const live = (store: Store): number => store.types().reduce((sum, type) => sum + store.count(type), 0);

async function replay(file: string, store: Store): Promise<{ readonly bytes: number; readonly changes: number }> {
  let bytes = 0;
  let changes = 0;
  let number = 0;
  for await (const line of wholeLines(file)) {
    number++;
    const read = readLine(line);
    if (!read)
      throw new Error(`The sandbox journal cannot be read at line ${number}. Move the file away to start anew.`);
    store.settle(read.map(({ type, id, version }) => store.apply(type, id, version)));
    bytes += line.length + 1;
    changes += read.length;
  }
  return { bytes, changes };
}

/** Lines that end in a newline; what follows the last one was torn by a crash. */
async function* wholeLines(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]);
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
}

function readLine(line: Buffer): Line | undefined {
  let read: unknown;
  try {
    read = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(read)) return undefined;
  const changes = read.flatMap((item: unknown) => {
    if (!isRecord(item) || !isRecord(item['version'])) return [];
    const type = textOf(item['type']);
    const id = textOf(item['id']);
    return type === undefined || id === undefined ? [] : [{ type, id, version: item['version'] as Version }];
  });
  return changes.length === read.length ? changes : undefined;
}

/** Keeps the last version of everything, deletions included; earlier versions are forgotten. */
function compact(file: string, store: Store): void {
  const fresh = `${file}.compacting`;
  const fd = openSync(fresh, 'w');
  for (const entry of store.entries()) {
    const version = entry.versions.at(-1);
    if (!version) continue;
    entry.versions.splice(0, entry.versions.length - 1);
    writeAll(fd, lineOf([{ type: entry.type, id: entry.id, version }]));
  }
  fsyncSync(fd);
  closeSync(fd);
  renameSync(fresh, file);
}
