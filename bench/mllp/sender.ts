/** A laboratory's interface: one message in flight on each connection, over real sockets. */
import { connect, type Socket } from 'node:net';

export type Connection = {
  /** Sends one message and resolves with MSA-1 of its answer; rejects when the socket ends, or the answer is of another message. */
  readonly send: (message: string, controlId: string) => Promise<string>;
  readonly close: () => void;
};

const [start, end, cr] = ['\x0b', '\x1c', '\r'];

export async function openConnection(port: number): Promise<Connection> {
  const socket = await opened(port);
  let answer = '';
  let waiting: { readonly resolve: (text: string) => void; readonly reject: (error: Error) => void } | undefined;
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
    const ends = answer.indexOf(end);
    if (ends === -1) return;
    const whole = answer.slice(0, ends);
    answer = answer.slice(ends + 2);
    waiting?.resolve(whole);
    waiting = undefined;
  });
  const broken = (): void => {
    waiting?.reject(new Error('The connection ended before the answer.'));
    waiting = undefined;
  };
  socket.on('error', broken);
  socket.on('close', broken);
  return {
    send: async (message, controlId) => {
      const told = await new Promise<string>((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(`${start}${message}${end}${cr}`);
      });
      const [, code = '', about = ''] = /(?:^|\r)MSA\|([^|\r]*)\|([^|\r]*)/.exec(told) ?? [];
      if (about !== controlId) throw new Error(`The answer is of another message: ${code}.`);
      return code;
    },
    close: () => socket.destroy(),
  };
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
