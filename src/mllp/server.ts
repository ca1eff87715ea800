/** The HL7 v2 door: a TCP or TLS listener for MLLP, its limits, and an end that answers what is being committed. */
import { createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { KeepIntake } from '../core/intake.ts';
import type { Clock, Log } from '../core/ports.ts';
import { createBudget } from './budget.ts';
import { type Connection, type ConnectionLimits, serve } from './connection.ts';
import { createDoor, type ObserveDoor } from './door.ts';
import { type Peer, plainAddress, type Senders } from './sender.ts';

export type MllpOptions = Senders & {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM texts. With `clientCa` a client must show a certificate that it signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  readonly limits: ConnectionLimits & { readonly bytesInFlight: number; readonly connections: number };
  readonly keep: KeepIntake;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observe: ObserveDoor;
};

export type MllpServer = {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Bytes held now, of all connections: for tests. */
  readonly held: () => number;
  /** Takes no new connections and reads nothing more; what is being committed has `graceMs` to be answered. */
  readonly close: (graceMs: number) => Promise<void>;
};

const handshakeMs = 10_000;

/** MSH-10 of our answers: unique over processes and restarts, at most 20 characters. */
function controlIds(clock: Clock, random: () => number): () => string {
  const start = `T${clock().getTime().toString(36)}${Math.floor(random() * 36 ** 3).toString(36)}`;
  let n = 0;
  return () => `${start}${(n += 1).toString(36)}`;
}

/** Rejects with the error of the socket (EADDRINUSE, EACCES) or of the certificate. */
export async function listenMllp(options: MllpOptions): Promise<MllpServer> {
  const { limits, log, observe } = options;
  const budget = createBudget(limits.bytesInFlight);
  const door = createDoor({
    ...options,
    frameBytes: limits.frameBytes,
    controlId: controlIds(options.clock, options.random),
  });
  const open = new Map<Socket, Connection>();

  /** Also those that have not finished their handshake. */
  const sockets = new Set<Socket>();

  const accept = (socket: Socket, certificate?: string): void => {
    const peer: Peer = {
      address: plainAddress(socket.remoteAddress ?? ''),
      ...(certificate === undefined ? {} : { certificate }),
    };
    open.set(socket, serve(socket, peer, { limits, budget, door, observe, log }));
    observe.connections(open.size);
    socket.on('close', () => {
      open.delete(socket);
      observe.connections(open.size);
    });
  };

  /** Connections that only stand there must not keep everybody else out: the one that said nothing for longest goes. */
  const makeRoom = (): void => {
    const idle = Array.from(open, ([socket, connection]) => ({ socket, since: connection.idleSince() ?? Infinity }));
    const [longest] = idle.toSorted((a, b) => a.since - b.since);
    if (longest !== undefined && performance.now() - longest.since > limits.frameMs) longest.socket.destroySoon();
  };

  const server = listenerOf(options, accept);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.maxConnections = limits.connections;
  server.on('drop', () => {
    log('warn', 'mllp.connection-refused', { limit: limits.connections });
    makeRoom();
  });
  const shortest = Math.min(limits.frameMs, limits.idleMs > 0 ? limits.idleMs : limits.frameMs);
  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const connection of open.values()) connection.check(now);
    },
    Math.min(1_000, shortest / 4),
  );
  sweep.unref();

  const close = async (graceMs: number): Promise<void> => {
    clearInterval(sweep);
    const listening = new Promise<void>((resolve) => server.close(() => resolve()));
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    await Promise.all([...Array.from(open.values(), (connection) => connection.end()), listening]);
    clearTimeout(cut);
  };

  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      clearInterval(sweep);
      reject(error);
    });
    server.listen(options.port, options.host, () => {
      server.removeAllListeners('error');
      server.on('error', (error) => log('error', 'mllp.server-error', { error }));
      const { port } = server.address() as AddressInfo;
      const secure = options.tls !== undefined;
      resolve({ host: options.host, port, secure, held: budget.total, close });
    });
  });
}

function listenerOf(
  { tls, log }: Pick<MllpOptions, 'tls' | 'log'>,
  accept: (socket: Socket, certificate?: string) => void,
): TcpServer {
  // A sender may close its side and still read our answers.
  const common = { allowHalfOpen: true, pauseOnConnect: false };
  if (tls === undefined) return createServer(common, (socket) => accept(socket));
  const mutual = tls.clientCa !== undefined;
  const server = createTlsServer(
    {
      ...common,
      key: tls.key,
      cert: tls.cert,
      ...(mutual ? { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true } : {}),
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMs,
    },
    (socket: TLSSocket) => {
      const name = mutual ? socket.getPeerCertificate().subject.CN : undefined;
      accept(socket, Array.isArray(name) ? name[0] : name);
    },
  );
  server.on('tlsClientError', (error, socket) => {
    log('warn', 'mllp.tls-refused', { error });
    socket.destroy();
  });
  return server;
}
