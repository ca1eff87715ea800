/**
 * One connection: blocks in, answers out in the same order. Several blocks may be under way at once; reading stops while
 * too many are, while all connections together hold too much, and while the sender does not read its answers.
 */
import type { Socket } from 'node:net';
import type { Log } from '../core/ports.ts';
import type { Budget, Holder } from './budget.ts';
import type { Door, ObserveDoor } from './door.ts';
import { type Frame, frameDecoder } from './frames.ts';
import type { Peer } from './sender.ts';

/** Blocks of one connection that are being committed. */
const mostUnderWay = 128;
/** A block whose 0x1C came last is complete when nothing follows for so long: its sender leaves the CR out. */
const endMs = 250;

export type ConnectionLimits = { readonly frameBytes: number; readonly idleMs: number; readonly frameMs: number };

export type Connection = {
  /** Closes what is slow or idle. `now`: of the monotonic clock. */
  readonly check: (now: number) => void;
  /** Since when nothing came and nothing is under way, of the monotonic clock; undefined: it is at work. */
  readonly idleSince: () => number | undefined;
  /** Reads nothing more; what is under way is answered. Resolves when the connection is closed. */
  readonly end: () => Promise<void>;
};

type Slot = { readonly bytes: number; answer?: Buffer | undefined; settled: boolean };

type PauseReason = 'under-way' | 'budget' | 'writing' | 'stopping';

export function serve(
  socket: Socket,
  peer: Peer,
  parts: {
    readonly limits: ConnectionLimits;
    readonly budget: Budget;
    readonly door: Door;
    readonly observe: ObserveDoor;
    readonly log: Log;
  },
): Connection {
  const { limits, budget, door, observe, log } = parts;
  const decoder = frameDecoder(limits.frameBytes);
  const waiting: Slot[] = [];
  const reasons = new Set<PauseReason>();
  let committing = 0;
  let counted = decoder.counts();
  /** Of the monotonic clock: time in which we did not read counts against nobody. */
  let openSince: number | undefined;
  let lastByte = performance.now();
  let pausedAt: number | undefined;
  let writingSince: number | undefined;
  let ending: NodeJS.Timeout | undefined;
  let inputEnded = false;
  let closed = false;
  let onClosed: () => void = () => undefined;
  const whenClosed = new Promise<void>((resolve) => (onClosed = resolve));

  const pause = (reason: PauseReason): void => {
    if (reasons.size === 0) {
      pausedAt = performance.now();
      socket.pause();
    }
    reasons.add(reason);
  };
  const resume = (reason: PauseReason): void => {
    if (!reasons.delete(reason) || reasons.size > 0 || closed) return;
    const waited = performance.now() - (pausedAt ?? performance.now());
    pausedAt = undefined;
    if (openSince !== undefined) openSince += waited;
    lastByte += waited;
    socket.resume();
  };
  const holder: Holder = {
    openSince: () => openSince,
    pause: () => pause('budget'),
    resume: () => resume('budget'),
  };

  const count = (): void => {
    const now = decoder.counts();
    if (now.noise > counted.noise) observe.dropped('noise', now.noise - counted.noise);
    if (now.broken > counted.broken) {
      observe.dropped('broken', now.broken - counted.broken);
      log('warn', 'mllp.block-without-end', { count: now.broken - counted.broken });
    }
    counted = now;
  };

  /** Everything is answered: the connection ends when nothing more can come. */
  const finish = (): void => {
    if (reasons.has('stopping')) socket.destroySoon();
    else if (inputEnded) socket.end();
  };

  const write = (): void => {
    const answers: Buffer[] = [];
    for (let first = waiting[0]; first?.settled === true; first = waiting[0]) {
      waiting.shift();
      committing -= first.bytes;
      if (first.answer !== undefined) answers.push(first.answer);
    }
    if (closed) return;
    if (answers.length > 0 && !socket.write(answers.length === 1 ? (answers[0] ?? '') : Buffer.concat(answers))) {
      writingSince ??= performance.now();
      pause('writing');
    }
    budget.set(holder, decoder.held(), committing);
    if (waiting.length < mostUnderWay) resume('under-way');
    if (waiting.length === 0) finish();
  };

  const answered = async (frame: Frame, slot: Slot): Promise<void> => {
    slot.answer = await door.answer(frame, peer);
    slot.settled = true;
    if (waiting[0] === slot) write();
  };

  const take = (frames: readonly Frame[]): void => {
    for (const frame of frames) {
      const slot: Slot = { bytes: frame.bytes.length, settled: false };
      waiting.push(slot);
      committing += slot.bytes;
      void answered(frame, slot);
    }
    if (waiting.length >= mostUnderWay) pause('under-way');
    count();
    budget.set(holder, decoder.held(), committing);
  };

  socket.setNoDelay(true);
  // A sender that vanished without a word is noticed.
  socket.setKeepAlive(true, 60_000);
  socket.on('data', (chunk: Buffer) => {
    clearTimeout(ending);
    lastByte = performance.now();
    const wasOpen = decoder.open();
    const frames = decoder.push(chunk);
    if (!decoder.open()) openSince = undefined;
    else if (!wasOpen || frames.length > 0) openSince = lastByte;
    if (decoder.ending()) {
      ending = setTimeout(() => {
        openSince = undefined;
        take(decoder.rest());
      }, endMs);
    }
    take(frames);
  });
  socket.on('drain', () => {
    writingSince = undefined;
    resume('writing');
  });
  // The other side has said all it has to say; it may still read our answers.
  socket.on('end', () => {
    clearTimeout(ending);
    inputEnded = true;
    take(decoder.rest());
    decoder.close();
    openSince = undefined;
    count();
    budget.set(holder, 0, committing);
    if (waiting.length === 0) finish();
  });
  socket.on('error', (error) => log('debug', 'mllp.connection-error', { error }));
  socket.on('close', () => {
    closed = true;
    clearTimeout(ending);
    decoder.close();
    count();
    budget.leave(holder);
    onClosed();
  });

  return {
    check: (now) => {
      const slow = openSince !== undefined && pausedAt === undefined && now - openSince > limits.frameMs;
      const deaf = writingSince !== undefined && now - writingSince > limits.frameMs;
      const idle =
        limits.idleMs > 0 && waiting.length === 0 && pausedAt === undefined && now - lastByte > limits.idleMs;
      if (slow || deaf) {
        observe.dropped('slow', 1);
        log('warn', slow ? 'mllp.slow-sender' : 'mllp.answers-not-read', { limitMs: limits.frameMs });
        socket.destroy();
        // Not `end`: who never closes its own side would stay.
      } else if (idle) socket.destroySoon();
    },
    idleSince: () => (waiting.length > 0 || decoder.open() || pausedAt !== undefined ? undefined : lastByte),
    end: () => {
      pause('stopping');
      clearTimeout(ending);
      decoder.close();
      if (waiting.length === 0) finish();
      return whenClosed;
    },
  };
}
