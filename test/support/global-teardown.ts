/** Stops the run's Postgres, whatever the tests did, and removes its folder. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { runningServer, stopServer } from '../../src/postgres/server.ts';
import { dropLeftovers } from './postgres.ts';

export async function endRun(folder: string): Promise<void> {
  const cluster = path.join(folder, 'postgres');
  const server = await runningServer(cluster);
  if (server) await stopServer(server.pid, cluster, 10_000);
  await rm(folder, { recursive: true, force: true });
}

export default async function teardown(): Promise<void> {
  const given = process.env['TEST_DATABASE_URL'];
  const folder = process.env['TEJIDO_TEST_RUN'];
  try {
    if (given) await dropLeftovers(given);
  } finally {
    if (folder) await endRun(folder);
  }
}
