/** The listening server: limits against slow and many clients, and an end that lets running requests finish. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../core/ports.ts';

export type ListenOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  readonly maxConnections?: number;
  /** To the end of the headers. */
  readonly headersTimeoutMs?: number;
  /** To the end of the body. */
  readonly requestTimeoutMs?: number;
};

export type Listening = {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Takes no new connections; running requests have `graceMs` to end, then their connections are cut. */
  readonly close: (graceMs: number) => Promise<void>;
};

const sweepMs = 100;

/** Rejects with the error of the socket (EADDRINUSE, EACCES). */
export function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const headersTimeout = options.headersTimeoutMs ?? 10_000;
  const server = createServer(
    {
      headersTimeout,
      requestTimeout: options.requestTimeoutMs ?? 60_000,
      connectionsCheckingInterval: Math.min(1_000, headersTimeout),
      // Above the usual 60 s of a reverse proxy: it must be the one to close.
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      noDelay: true,
    },
    app,
  );
  server.maxHeadersCount = 100;
  server.maxConnections = options.maxConnections ?? 2_000;
  server.on('drop', () => options.log('warn', 'http.connection-refused', { limit: server.maxConnections }));

  const close = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(cut);
        resolve();
      });
    });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      server.on('error', (error) => options.log('error', 'http.server-error', { error }));
      const { port } = server.address() as AddressInfo;
      const host = options.host.includes(':') ? `[${options.host}]` : options.host;
      resolve({ host: options.host, port, url: `http://${host}:${port}`, close });
    });
  });
}
