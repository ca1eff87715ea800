/**
 * The sandbox EHR as a process of its own:
 * `node src/sandbox/server.ts --port 8090 --journal ./data/sandbox.ndjson --patients 50 --validate --seed 7`.
 * It prints its FHIR base URL once it is ready.
 */
import express from 'express';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { seededRandom, syntheticPatients } from './patients.ts';
import { createSandbox } from './sandbox.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import { baseR4Validation } from './validate.ts';

export type SandboxServer = {
  readonly url: string;
  readonly port: number;
  readonly sandbox: Sandbox;
  readonly close: () => Promise<void>;
};

/** Serves a sandbox on loopback at `/fhir`; port 0 takes a free one. */
export async function startSandboxServer(
  options: Omit<SandboxOptions, 'baseUrl' | 'clock'> & {
    readonly port?: number;
    readonly clock?: SandboxOptions['clock'];
  } = {},
): Promise<SandboxServer> {
  const { port = 0, clock = () => new Date(), ...rest } = options;
  const app = express().disable('x-powered-by').disable('etag');
  let sandbox: Sandbox | undefined;
  // The journal may take a while to read: until then it is away, not empty.
  app.use('/fhir', (req, res, next) => {
    if (sandbox !== undefined) sandbox.router(req, res, next);
    else res.status(503).set('retry-after', '1').end();
  });
  const server = createServer(app);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${address.port}/fhir`;
  const ready = await createSandbox({ ...rest, baseUrl: url, clock });
  sandbox = ready;
  return {
    url,
    port: address.port,
    sandbox: ready,
    async close() {
      await ready.close();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      journal: { type: 'string' },
      patients: { type: 'string' },
      seed: { type: 'string' },
      validate: { type: 'boolean' },
    },
  });
  const seed = Number(values.seed ?? 1);
  const started = await startSandboxServer({
    port: Number(values.port ?? 0),
    random: seededRandom(seed),
    ...(values.journal === undefined ? {} : { journal: values.journal }),
    ...(values.patients === undefined ? {} : { seedPatients: syntheticPatients(Number(values.patients), seed) }),
    ...(values.validate ? { validate: baseR4Validation() } : {}),
  });
  process.stdout.write(`${started.url}\n`);
  const stop = (): void => void started.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
