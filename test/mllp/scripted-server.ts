/** An HL7 v2 receiver that does what a test says, over real sockets. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { peekHeader } from '../../src/hl7v2/header.ts';
import { frameDecoder } from '../../src/mllp/frames.ts';

export type Got = { readonly controlId: string; readonly bytes: Buffer; readonly socket: Socket; readonly nth: number };

export type Scripted = {
  readonly port: number;
  /** Everything received, in order. */
  readonly got: readonly Got[];
  readonly connections: () => number;
  /** Resolves when so many messages have come. */
  readonly received: (count: number) => Promise<void>;
  /** What it does with each message. */
  answer: (got: Got) => void;
  readonly close: () => Promise<void>;
};

export const ackFor = (controlId: string, code = 'AA', more = ''): string =>
  `MSH|^~\\&|EHR|CLINIC|TEJIDO||20260520120000||ACK|1|P|2.5.1\rMSA|${code}|${controlId}\r${more}`;

export const framed = (text: string): Buffer => Buffer.from(`\x0b${text}\x1c\r`, 'latin1');

export const acknowledge =
  (code = 'AA', more = '') =>
  ({ controlId, socket }: Got): void =>
    void socket.write(framed(ackFor(controlId, code, more)));

export async function scripted(answer: (got: Got) => void = acknowledge(), tls?: TlsOptions): Promise<Scripted> {
  const got: Got[] = [];
  const sockets = new Set<Socket>();
  const waiting: { readonly count: number; readonly done: () => void }[] = [];
  let connections = 0;
  const on = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    const decoder = frameDecoder(10_000_000);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const { bytes } of decoder.push(chunk)) {
        const header = peekHeader(bytes);
        const one: Got = {
          controlId: header.ok ? header.value.controlId : '',
          bytes: Buffer.from(bytes),
          socket,
          nth: got.length,
        };
        got.push(one);
        made.answer(one);
        for (const { count, done } of waiting) if (got.length >= count) done();
      }
    });
  };
  const server = tls === undefined ? createServer(on) : createTlsServer(tls, on);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const made: Scripted = {
    port: (server.address() as AddressInfo).port,
    got,
    connections: () => connections,
    received: (count) =>
      got.length >= count ? Promise.resolve() : new Promise((done) => waiting.push({ count, done })),
    answer,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
}
