/** Where a demo takes place: a folder, a configuration and a sandbox EHR of its own. Nothing of the user's is touched. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Config, problemLine } from '../../config/config.ts';
import { configuration } from '../../demo/programme.ts';
import { freePort, isFree } from '../../postgres/port.ts';
import { bareEnvironment, sourceFile, startProgram } from '../../prove/program.ts';
import { until } from '../../prove/until.ts';
import type { Parts } from '../parts.ts';
import { CommandError, Unsuccessful } from '../run.ts';

export type DemoSite = {
  readonly folder: string;
  readonly config: Config;
  readonly key: string;
  /** FHIR base URL of the sandbox EHR. */
  readonly ehr: string;
  /** Ends the EHR and removes the folder. */
  readonly end: () => Promise<void>;
};

/** Megabytes of heap for the EHR, which keeps everything in memory; about 5 kB a resource. */
const mostHeapMb = Math.min(8_192, Math.floor(os.totalmem() / 2 ** 20 / 2));

/** @throws CommandError when the sandbox EHR does not come up */
export async function openSite(parts: Parts, patients: number, once: boolean): Promise<DemoSite> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-demo-'));
  // Run as root, the account of Postgres must be able to enter.
  await chmod(folder, 0o711);
  const port = await freePort();
  const ehr = `http://127.0.0.1:${String(port)}/fhir`;
  const program = await startProgram({
    name: 'ehr',
    command: process.execPath,
    args: [`--max-old-space-size=${String(mostHeapMb)}`, sourceFile('sandbox/server'), '--port', String(port), '--patients', String(patients), '--seed', '1'],
    env: bareEnvironment(),
    cwd: folder,
    log: path.join(folder, 'ehr.log'),
  }); // prettier-ignore
  const end = async (): Promise<void> => {
    if (program.running()) program.signal('SIGTERM');
    await program.ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const up = await until(() => fetch(`${ehr}/metadata`).then(({ ok }) => (ok ? true : undefined), () => undefined), 60_000); // prettier-ignore
    if (up === undefined) throw new CommandError('The sandbox EHR of the demo did not come up within a minute.');
    const key = `demo-${randomBytes(16).toString('hex')}`;
    return { folder, ehr, key, config: await demoConfig(parts, { folder, ehr, key, once }), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Only what the demo's own file says, and the port asked for if it is free. */
async function demoConfig(
  parts: Parts,
  {
    folder,
    ehr,
    key,
    once,
  }: { readonly folder: string; readonly ehr: string; readonly key: string; readonly once: boolean },
): Promise<Config> {
  const file = path.join(folder, 'tejido.yaml');
  await writeFile(file, configuration(ehr));
  const loaded = await parts.loadConfig(file);
  if (!loaded.ok) {
    for (const problem of loaded.problems) parts.terminal.err(problemLine(problem));
    throw new Unsuccessful();
  }
  const { redisUrl: _, ...config } = loaded.value;
  const port = !once && (await isFree(config.http.port)) ? config.http.port : 0;
  return {
    ...config,
    http: { ...config.http, host: '127.0.0.1', port },
    mllp: { ...config.mllp, host: '127.0.0.1', port: 0 },
    database: { kind: 'embedded' },
    dataDir: path.join(folder, 'data'),
    logLevel: config.logLevel === 'debug' ? 'debug' : 'error',
    apiKey: key,
  };
}

/** The EHR's bad days, in the terms of the sandbox's fault table. */
const faults = [
  { fault: 'status', value: 503, p: 0.04 },
  { fault: 'latency', value: 60, p: 0.1 },
  { fault: 'drop-after-commit', p: 0.03, on: 'write' },
  { fault: 'drop-before-commit', p: 0.02 },
  { fault: 'half-response', p: 0.02 },
];

export async function setMood(ehr: string, mood: 'bad' | 'good'): Promise<void> {
  const answer = await fetch(`${ehr}/$sandbox/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(mood === 'bad' ? faults : []),
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new CommandError(`The sandbox EHR does not take faults (${String(answer.status)}).`);
}
