/**
 * MLLP blocks out of a stream of bytes (HL7 v2 Transport: MLLP release 1): 0x0B, the message, 0x1C 0x0D, cut anywhere.
 *
 *   0x1C            ends a block when CR, LF or 0x0B follows, or when nothing follows for a while (`rest`). Before any
 *                   other byte it is part of the message: to end there would acknowledge a message that goes on.
 *   0x0B before MSH, FHS or BHS inside a block: the block before it has no end. It is dropped and counted: half a message
 *                   is never handed on. Any other 0x0B is text (word processors write it for a line break).
 *   between blocks  everything up to the next 0x0B is skipped; what is not a line end or NUL is counted.
 *   too large       the bytes are not kept, the block is read to its end and then told, so that it can be answered.
 */
const start = 0x0b;
const end = 0x1c;
const cr = 0x0d;
const lf = 0x0a;

/** Enough of a message that is not kept to answer it: its MSH. */
const headBytes = 4_096;
const smallestBuffer = 8_192;
/** A buffer that is larger is given back after its message. */
const keptBuffer = 65_536;
const nothing = Buffer.alloc(0);

export type Frame =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** Beyond the limit: `bytes` is its beginning. */
  | { readonly kind: 'too-large'; readonly bytes: Buffer; readonly size: number };

export type FrameCounts = {
  /** Bytes between blocks. */
  readonly noise: number;
  /** Blocks without an end, or without content. */
  readonly broken: number;
};

export type FrameDecoder = {
  /** The blocks that are complete with this chunk, in order. They may share its memory. */
  readonly push: (chunk: Buffer) => readonly Frame[];
  /** Nothing came for a while: a block whose 0x1C came last is complete. */
  readonly rest: () => readonly Frame[];
  /** No more will come: a block that is open is broken. */
  readonly close: () => void;
  /** A block has begun and not ended. */
  readonly open: () => boolean;
  /** It waits for what follows 0x1C. */
  readonly ending: () => boolean;
  /** Bytes held of the open block. */
  readonly held: () => number;
  readonly counts: () => FrameCounts;
};

/** A message that begins inside of a block; of bytes as Latin-1. */
const begins = /\v[ \t\r\n\xef\xbb\xbf]{0,8}(?=MSH|FHS|BHS)/g;
/** All but the last byte of the longest of them. */
const tailBytes = 11;

/** Between blocks these say nothing. */
const isSilent = (byte: number): boolean => byte === cr || byte === lf || byte === 0 || byte === end;

/** Where it says something. */
const inkIn = (bytes: Buffer): number => bytes.findIndex((byte) => byte > 0x20);

/** `limit`: bytes of the largest message. Holds at most about twice as many. */
export function frameDecoder(limit: number): FrameDecoder {
  let state: 'between' | 'inside' | 'ending' = 'between';
  let noise = 0;
  let broken = 0;
  /** Bytes of the open block, also those that are not kept. */
  let size = 0;
  /** Where it begins to say something. */
  let ink = -1;
  let tail: Buffer = nothing;
  let store: Buffer = nothing;
  let kept = 0;

  const begin = (): void => {
    size = 0;
    kept = 0;
    ink = -1;
    tail = nothing;
  };

  const append = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    if (ink < 0) {
      const at = inkIn(bytes);
      if (at >= 0) ink = size + at;
    }
    size += bytes.length;
    tail = bytes.length >= tailBytes ? bytes.subarray(-tailBytes) : Buffer.concat([tail, bytes]).subarray(-tailBytes);
    const room = (size > limit ? headBytes : limit) - kept;
    const taken = bytes.subarray(0, Math.max(0, room));
    if (store.length < kept + taken.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(smallestBuffer, store.length * 2, kept + taken.length));
      store.copy(grown, 0, 0, kept);
      store = grown;
    }
    taken.copy(store, kept);
    kept = size > limit ? Math.min(headBytes, kept + taken.length) : kept + taken.length;
  };

  /** Bytes of the open block. What begins inside of it takes the place of what stood before. */
  const take = (bytes: Buffer): void => {
    if (!bytes.includes(start) && !tail.includes(start)) return append(bytes);
    const before = tail.length;
    const window = Buffer.concat([tail, bytes]);
    let from = before;
    for (const found of window.toString('latin1').matchAll(begins)) {
      const at = found.index + found[0].length;
      if (at + 3 <= before) continue;
      const cut = size - from + found.index;
      append(window.subarray(from, Math.max(from, found.index)));
      // What follows 0x0B may have been appended before it was known to begin a message.
      if (ink >= 0 && ink < cut) broken += 1;
      begin();
      from = at;
    }
    append(window.subarray(from));
  };

  /** `last`: bytes of the block that were not taken yet. */
  const finish = (last: Buffer): readonly Frame[] => {
    const whole = size === 0 && last.length <= limit && !last.includes(start);
    if (!whole) take(last);
    const bytes = whole ? last : Buffer.from(store.subarray(0, kept));
    const [all, empty] = whole ? [last.length, inkIn(last) < 0] : [size, ink < 0];
    reset();
    if (all > limit) return [{ kind: 'too-large', bytes, size: all }];
    if (!empty) return [{ kind: 'message', bytes }];
    broken += 1;
    return [];
  };

  const reset = (): void => {
    state = 'between';
    begin();
    if (store.length > keptBuffer) store = nothing;
  };

  const skip = (bytes: Buffer): void => {
    for (const byte of bytes.subarray(0, headBytes)) if (!isSilent(byte)) noise += 1;
    noise += Math.max(0, bytes.length - headBytes);
  };

  const push = (chunk: Buffer): readonly Frame[] => {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (state === 'between') {
        const next = chunk.indexOf(start, at);
        skip(chunk.subarray(at, next < 0 ? chunk.length : next));
        if (next < 0) break;
        state = 'inside';
        at = next + 1;
      } else if (state === 'ending') {
        const next = chunk[at];
        if (next === cr || next === lf || next === start) {
          frames.push(...finish(nothing));
          // CR and LF are skipped as what stands between; 0x0B begins the next.
        } else {
          state = 'inside';
          take(Buffer.of(end));
        }
      } else {
        const ends = endIn(chunk, at);
        if (ends < 0) {
          const open = chunk.at(-1) === end;
          take(chunk.subarray(at, open ? chunk.length - 1 : chunk.length));
          if (open) state = 'ending';
          break;
        }
        frames.push(...finish(chunk.subarray(at, ends)));
        at = ends + 1;
      }
    }
    return frames;
  };

  return {
    push,
    rest: () => (state === 'ending' ? finish(nothing) : []),
    close: () => {
      if (state !== 'between') broken += 1;
      reset();
    },
    open: () => state !== 'between',
    ending: () => state === 'ending',
    held: () => kept,
    counts: () => ({ noise, broken }),
  };
}

/** The first 0x1C from `from` that ends a block by what follows it in this chunk. */
function endIn(chunk: Buffer, from: number): number {
  for (let at = chunk.indexOf(end, from); at >= 0; at = chunk.indexOf(end, at + 1)) {
    const next = chunk[at + 1];
    if (next === cr || next === lf || next === start) return at;
  }
  return -1;
}
