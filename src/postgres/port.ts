/** A free port on the loopback, below the ranges from which systems take ports for outgoing connections. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { EmbeddedPostgresError } from './errors.ts';

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** @throws EmbeddedPostgresError `port-busy` when many tries found none. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(20_000, 30_000);
    if (await isFree(port)) return port;
  }
  throw new EmbeddedPostgresError(
    'port-busy',
    'No free port was found on 127.0.0.1 between 20000 and 29999. Close some servers, then start again.',
  );
}
