/** Activities from files, cut into bounded batches. The text of each stays as it was written. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseTree } from 'jsonc-parser';
import { CommandError } from './run.ts';

/** One activity as text, and where it stands: `day.ndjson:12` (line) or `day.json[3]` (item). */
export type Item = { readonly text: string; readonly at: string };

const largestJson = 256_000_000;

const cannotRead = (file: string, error: unknown): CommandError => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unreadable';
  return new CommandError(`${file} cannot be read (${code}).`);
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A JSON document: the items of an array, or the one object. */
function* itemsOfJson(file: string, text: string): Generator<Item> {
  // jsonc-parser is lenient; what it gives is trusted only after a strict reading. Neither error text is shown.
  const root = isJson(text) ? parseTree(text, undefined, { disallowComments: true }) : undefined;
  if (root?.type === 'array') {
    for (const [index, item] of (root.children ?? []).entries()) {
      yield { text: text.slice(item.offset, item.offset + item.length), at: `${file}[${index}]` };
    }
  } else if (root?.type === 'object') {
    yield { text: text.slice(root.offset, root.offset + root.length), at: file };
  } else {
    throw new CommandError(`${file} is neither JSON (an activity, or an array of them) nor NDJSON.`);
  }
}

/**
 * NDJSON when the first line that is not blank is a whole JSON object by itself and another follows; else JSON.
 * `-` is standard input. Only JSON documents are held in memory whole, up to 256 MB.
 */
export async function* readItems(file: string): AsyncGenerator<Item> {
  let bytes = 0;
  if (file !== '-') {
    try {
      bytes = (await stat(file)).size;
    } catch (error) {
      throw cannotRead(file, error);
    }
  }
  const input = file === '-' ? process.stdin : createReadStream(file);
  const failed = new Promise<never>((_, reject) =>
    input.once('error', (error: unknown) => reject(cannotRead(file, error))),
  );
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  const next = () => Promise.race([lines.next(), failed]);
  let number = 0;
  let mode: 'unknown' | 'lines' | 'document' = 'unknown';
  const document: string[] = [];
  for (let line = await next(); line.done !== true; line = await next()) {
    number += 1;
    const text = number === 1 ? line.value.replace(/^\uFEFF/, '') : line.value;
    if (mode === 'unknown' && text.trim() !== '') {
      mode = text.trimStart().startsWith('{') && isJson(text) ? 'lines' : 'document';
      if (mode === 'document' && bytes > largestJson) {
        throw new CommandError(`${file} is too large for one JSON document.`, 'Write one activity per line (NDJSON).');
      }
    }
    if (mode === 'document') document.push(text);
    if (mode !== 'lines' || text.trim() === '') continue;
    if (!isJson(text))
      throw new CommandError(`${file}:${number} is not JSON.`, 'Correct the line; those before it were sent.');
    yield { text, at: `${file}:${number}` };
  }
  if (mode === 'document') yield* itemsOfJson(file, document.join('\n'));
}

/** Batches of at most `items` activities and about `bytes` bytes; one that is larger goes alone. */
export async function* batches(
  items: AsyncIterable<Item>,
  most: { readonly items: number; readonly bytes: number },
): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for await (const item of items) {
    const length = Buffer.byteLength(item.text) + 1;
    if (batch.length > 0 && (batch.length >= most.items || bytes + length > most.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}
