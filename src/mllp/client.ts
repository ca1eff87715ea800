/**
 * Sends HL7 v2 over MLLP: one message in flight on a connection, each answer held against the control id that was sent.
 *
 *   send ─▶ connect ─▶ write ─▶ answer ─┬─ AA CA ▶ accepted
 *              │          │             ├─ AE CE ▶ retryable
 *              │          │             ├─ AR CR ▶ rejected
 *              │          │             └─ no ACK, or of another message ▶ unreadable
 *              │          └─ silence, or hung up ▶ ambiguous: it may have been taken
 *              └─ unreachable: nothing was written
 *
 * After an ambiguous or unreadable end the socket is dropped: a late answer must never meet the next message. An answer
 * about an earlier message of the same connection (the application's, after CA) is told by `onLate` and passed over.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AckCode } from '../hl7v2/ack.ts';
import { readAck, type ReadAck } from '../hl7v2/read-ack.ts';
import { type Frame, frameDecoder } from './frames.ts';

export type MllpTarget = {
  readonly host: string;
  readonly port: number;
  /** Present: TLS 1.2 or later, and the server must prove itself. PEM texts; `cert` and `key` for mutual TLS. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    /** The name that its certificate must bear; else `host`. */
    readonly serverName?: string;
  };
};

export type MllpClientOptions = MllpTarget & {
  readonly connectMs: number;
  /** From the last byte written until the whole answer is there. */
  readonly answerMs: number;
  /** A connection that nothing was sent over for so long is closed. Absent: kept open. */
  readonly idleMs?: number;
  /** About an answer that came after its message was settled. */
  readonly onLate?: (ack: ReadAck) => void;
};

export type SendOutcome =
  | { readonly kind: 'accepted' | 'retryable' | 'rejected'; readonly ack: ReadAck; readonly answer: Buffer }
  /** The bytes were written, and no answer came: it may have been taken. */
  | { readonly kind: 'ambiguous'; readonly why: 'timeout' | 'connection-lost' | 'stopped' }
  /** What came is no acknowledgement of this message; it may have been taken. `why` holds nothing of the answer. */
  | { readonly kind: 'unreadable'; readonly why: string; readonly answer: Buffer }
  /** Nothing was written. `why` is a code: `ECONNREFUSED`, `timeout`. */
  | { readonly kind: 'unreachable'; readonly why: string };

export type MllpClient = {
  /** Sends one message; those asked for meanwhile wait their turn. Never rejects. `controlId`: its MSH-10. */
  readonly send: (message: Uint8Array, controlId: string, signal?: AbortSignal) => Promise<SendOutcome>;
  /** Connects without sending anything; undefined when that worked, else why not. */
  readonly probe: () => Promise<string | undefined>;
  /** Waits for what is in flight, then hangs up. */
  readonly close: () => Promise<void>;
};

/** Larger than any acknowledgement. */
const answerBytes = 1_000_000;
/** An answer whose 0x1C came last is complete when nothing follows for so long. */
const restMs = 200;

/** Control ids of one connection that are remembered: an answer may still be about an earlier message. */
const remembered = 1_000;

const framed = (message: Uint8Array): Buffer => Buffer.concat([Buffer.of(0x0b), message, Buffer.of(0x1c, 0x0d)]);

type Connection = {
  readonly exchange: (message: Uint8Array, controlId: string, signal?: AbortSignal) => Promise<SendOutcome>;
  /** May this message go over it? Not a second one of an id: an answer could be about the first. */
  readonly takes: (controlId: string) => boolean;
  readonly drop: () => void;
};

export function mllpClient(options: MllpClientOptions): MllpClient {
  let connection: Connection | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const open = async (controlId = ''): Promise<Connection | string> => {
    if (connection?.takes(controlId) === true) return connection;
    connection?.drop();
    connection = undefined;
    const socket = await connectTo(options);
    if (typeof socket === 'string') return socket;
    connection = over(socket, options);
    return connection;
  };
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    send: (message, controlId, signal) =>
      inTurn(async (): Promise<SendOutcome> => {
        if (signal?.aborted === true) return { kind: 'unreachable', why: 'stopped' };
        const ready = await open(controlId);
        if (typeof ready === 'string') return { kind: 'unreachable', why: ready };
        return ready.exchange(message, controlId, signal);
      }),
    probe: () =>
      inTurn(async () => {
        const ready = await open();
        return typeof ready === 'string' ? ready : undefined;
      }),
    close: () =>
      inTurn(() => {
        connection?.drop();
        connection = undefined;
        return Promise.resolve();
      }),
  };
}

/** The socket, connected and, with TLS, secured; else the code of what went wrong. */
async function connectTo({ host, port, tls, connectMs }: MllpClientOptions): Promise<Socket | string> {
  const serverName = tls?.serverName ?? (isIP(host) === 0 ? host : undefined);
  const socket =
    tls === undefined
      ? connectPlain({ host, port })
      : connectTls({
          host,
          port,
          minVersion: 'TLSv1.2',
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
          ...(serverName === undefined ? {} : { servername: serverName }),
        });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve('timeout'), connectMs);
  const failed = (error: Error): void => resolve(codeOf(error));
  const closed = (): void => resolve('ECONNRESET');
  socket.once('error', failed).once('close', closed);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => resolve(undefined));
  const why = await promise;
  clearTimeout(timer);
  socket.off('close', closed).off('error', failed);
  if (why === undefined) return socket;
  socket.on('error', () => undefined).destroy();
  return why;
}

const codeOf = (error: Error & { readonly code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name;

/** TLS 1.3: the server says only after our handshake that it does not take our certificate; it has read nothing then. */
const refusesUs = (code: string): boolean => /^ERR_SSL_.*ALERT.*(CERTIFICATE|CERT|_CA$|ACCESS)/.test(code);

type Outgoing = { readonly controlId: string; readonly done: (outcome: SendOutcome) => void };

function over(socket: Socket, { answerMs, idleMs, onLate }: MllpClientOptions): Connection {
  const decoder = frameDecoder(answerBytes);
  const settled = new Set<string>();
  let waiting: Outgoing | undefined;
  let usable = true;
  let strange = 0;
  let timer: NodeJS.Timeout | undefined;
  let resting: NodeJS.Timeout | undefined;

  const drop = (): void => {
    usable = false;
    clearTimeout(timer);
    clearTimeout(resting);
    socket.destroy();
  };
  const settle = (outcome: SendOutcome): void => {
    const one = waiting;
    if (one === undefined) return;
    waiting = undefined;
    clearTimeout(timer);
    settled.add(one.controlId);
    if (settled.size > remembered) for (const oldest of [...settled].slice(0, remembered / 2)) settled.delete(oldest);
    if (outcome.kind === 'ambiguous' || outcome.kind === 'unreadable' || outcome.kind === 'unreachable') drop();
    else if (usable && idleMs !== undefined) timer = setTimeout(drop, idleMs);
    one.done(outcome);
  };
  const unreadable = (why: string, answer: Buffer): void => {
    settle({ kind: 'unreadable', why, answer });
    drop();
  };
  const take = (answer: Buffer): void => {
    const read = readAck(answer.toString('latin1'));
    if (!read.ok) return unreadable(read.failure.detail, answer);
    const ack = read.value;
    if (ack.controlId === waiting?.controlId) settle({ kind: kinds[ack.code], ack, answer });
    else if (settled.has(ack.controlId)) onLate?.(ack);
    else unreadable('MSA-2 is not the MSH-10 that was sent', answer);
  };
  const takeAll = (frames: readonly Frame[]): void => {
    for (const frame of frames) {
      if (!usable) return;
      if (frame.kind === 'message') take(frame.bytes);
      else unreadable('the answer is too large for an acknowledgement', frame.bytes);
    }
  };

  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  socket.on('data', (chunk: Buffer) => {
    clearTimeout(resting);
    takeAll(decoder.push(chunk));
    const { noise, broken } = decoder.counts();
    if (!usable) return;
    if (noise + broken > strange) unreadable('what came is no MLLP block', chunk);
    else if (decoder.ending()) resting = setTimeout(() => takeAll(decoder.rest()), restMs);
    strange = noise + broken;
  });
  const lost = (code?: string): void => {
    // It may have said all, and hung up before CR.
    takeAll(decoder.rest());
    settle(
      code !== undefined && refusesUs(code)
        ? { kind: 'unreachable', why: code }
        : { kind: 'ambiguous', why: 'connection-lost' },
    );
    drop();
  };
  socket.on('error', (error) => lost(codeOf(error)));
  socket.on('end', () => lost());
  socket.on('close', () => lost());
  if (idleMs !== undefined) timer = setTimeout(drop, idleMs);

  return {
    drop,
    takes: (controlId) => usable && socket.writable && !settled.has(controlId),
    exchange: (message, controlId, signal) =>
      new Promise((resolve) => {
        clearTimeout(timer);
        const stop = (): void => settle({ kind: 'ambiguous', why: 'stopped' });
        const done = (outcome: SendOutcome): void => {
          signal?.removeEventListener('abort', stop);
          resolve(outcome);
        };
        waiting = { controlId, done };
        signal?.addEventListener('abort', stop, { once: true });
        // Also while the bytes do not go out: nobody reads them.
        timer = setTimeout(() => settle({ kind: 'ambiguous', why: 'timeout' }), answerMs);
        socket.write(framed(message), () => {
          if (waiting?.done === done) timer?.refresh();
        });
      }),
  };
}

const kinds: Readonly<Record<AckCode, 'accepted' | 'retryable' | 'rejected'>> = {
  AA: 'accepted',
  CA: 'accepted',
  AE: 'retryable',
  CE: 'retryable',
  AR: 'rejected',
  CR: 'rejected',
};
