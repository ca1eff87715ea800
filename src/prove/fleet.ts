/**
 * The real processes of a proof: Tejido, its workers, the EHR, Redis, and the Postgres that Tejido starts. Each that
 * dies is started again, as a service manager would. Nothing is signalled but what was started here.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../postgres/port.ts';
import { recall } from '../postgres/remembered.ts';
import { runningServer } from '../postgres/server.ts';
import { type Program, sourceFile, startProgram } from './program.ts';
import { answers, flush } from './redis.ts';
import type { Blow } from './schedule.ts';
import { mood } from './schedule.ts';
import { until } from './until.ts';

export type FleetOptions = {
  /** Everything is kept in it. */
  readonly folder: string;
  readonly patients: number;
  readonly seed: number;
  readonly workers: number;
  readonly redis: boolean;
  readonly random: () => number;
  readonly onBlow: (says: string) => void;
};

export type Fleet = {
  readonly url: string;
  /** Where the HL7 v2 door listens, for the sender PROVE. */
  readonly mllpPort: number;
  readonly key: string;
  readonly dataDir: string;
  readonly journal: string;
  readonly redisUrl: string | undefined;
  readonly logs: () => readonly string[];
  /** Settles when the blow has been dealt and what it hit is being started again; false: there was nothing to hit. */
  readonly strike: (blow: Blow) => Promise<boolean>;
  readonly setMood: (on: boolean) => Promise<void>;
  /** Runs a command of the program against this data, with its output. */
  readonly command: (args: readonly string[], log: string) => Promise<number | null>;
  readonly stop: () => Promise<void>;
};

/** Short: so that a lease runs out while a process is paused, within a proof. */
const leaseMs = 4_000;
const pausedMs = leaseMs + 1_500;
export const artifactSystem = 'https://tejido.dev/fhir/artifact';

const configuration = (ehr: string): string => `# Written by tejido prove.
programme: { id: prove, name: Programme of the proof, artifactSystem: '${artifactSystem}' }
http: { limits: { readsPerMinute: 0, activitiesPerMinute: 0 } }
destinations:
  - id: ehr
    kind: fhir
    baseUrl: ${ehr}
    mrnSystem: urn:tejido:sandbox:mrn
    auth: { kind: none }
    timeoutMs: 3000
    lanes: { leaseMs: ${String(leaseMs)} }
    retry: { attempts: 10000, baseMs: 100, capMs: 2000 }
progress: { sweepMs: 2000, lateMs: 5000, stopMs: 10000 }
mllp: { senders: [{ name: prove, match: { facility: PROVE }, mrnAuthorities: [PROVE], timeZone: America/Chicago }] }
`;

/** Rejects when it does not come up. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { folder, random, onBlow } = options;
  const dataDir = path.join(folder, 'data');
  const journal = path.join(folder, 'ehr.ndjson');
  const configFile = path.join(folder, 'tejido.yaml');
  const [port, mllpPort, ehrPort, redisPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${String(port)}`;
  const ehrUrl = `http://127.0.0.1:${String(ehrPort)}/fhir`;
  const redisUrl = options.redis ? `redis://127.0.0.1:${String(redisPort)}` : undefined;
  const key = `prove-${randomBytes(16).toString('hex')}`;
  await writeFile(configFile, configuration(ehrUrl));
  const env = {
    TEJIDO_DATA: dataDir,
    TEJIDO_CONFIG: configFile,
    TEJIDO_API_KEY: key,
    PORT: String(port),
    MLLP_PORT: String(mllpPort),
    LOG_LEVEL: 'info',
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
  };
  const logs = new Set<string>();
  const programs = new Map<string, Program>();
  const resting = new Set<Promise<unknown>>();
  let stopping = false;
  let faulty = false;

  const start = async (name: string, command: string, args: readonly string[], given: Record<string, string>) => {
    const log = path.join(folder, `${name}.log`);
    logs.add(log);
    const program = await startProgram({ name, command, args, env: given, cwd: folder, log });
    programs.set(name, program);
    // As a service manager would, whatever the reason was.
    const again = (async () => {
      await program.ended;
      await pause(100 + random() * 900);
      if (!stopping) await start(name, command, args, given);
    })();
    resting.add(again);
    void again.finally(() => resting.delete(again));
  };
  const main = sourceFile('cli/main');
  const startEhr = () =>
    start('ehr', process.execPath, [sourceFile('sandbox/server'), '--port', String(ehrPort), '--journal', journal, '--patients', String(options.patients), '--seed', String(options.seed)], {}); // prettier-ignore

  const admin = async (method: string, what: string, body?: unknown): Promise<true | undefined> => {
    const answer = await fetch(`${ehrUrl}/$sandbox/${what}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
    await answer.arrayBuffer();
    return answer.ok ? true : undefined;
  };
  const setMood = async (on: boolean): Promise<void> => {
    faulty = on;
    await until(() => admin('PUT', 'faults', on ? mood : []), 30_000);
    if (!on) await until(() => admin('DELETE', 'quirks'), 30_000);
  };
  const quirk = async (name: string, value: unknown, ms: number): Promise<void> => {
    await admin('PUT', 'quirks', { [name]: value }).catch(() => undefined);
    await pause(ms);
    await admin('PUT', 'quirks', { [name]: false }).catch(() => undefined);
  };
  const postgres = async () => {
    const place = (await recall(dataDir)).elsewhere ?? path.join(dataDir, 'postgres');
    return runningServer(place);
  };
  /** What was hit a moment ago is let come back: each blow is to hit something. */
  const alive = (name: string): Promise<Program | undefined> =>
    until(() => {
      const program = programs.get(name);
      return program?.running() === true ? program : undefined;
    }, 10_000);
  const kill = async (name: string): Promise<boolean> => {
    const program = await alive(name);
    if (program === undefined) return false;
    onBlow(`kill -9 ${name} (pid ${String(program.pid)})`);
    program.signal('SIGKILL');
    await program.ended;
    return true;
  };
  const killPostgres = async (): Promise<boolean> => {
    const server = await until(postgres, 10_000);
    if (server === undefined) return false;
    onBlow(`kill -9 postgres (pid ${String(server.pid)})`);
    process.kill(server.pid, 'SIGKILL');
    return true;
  };
  const pauseProgram = async (name: string): Promise<boolean> => {
    const program = await alive(name);
    if (program === undefined) return false;
    onBlow(`SIGSTOP ${name} for ${String(pausedMs)} ms`);
    program.signal('SIGSTOP');
    try {
      await pause(pausedMs);
    } finally {
      program.signal('SIGCONT');
    }
    return true;
  };
  const flushRedis = async (): Promise<boolean> => {
    onBlow('FLUSHALL');
    return (await until(() => flush(redisUrl ?? ''), 5_000)) !== undefined;
  };
  const aWorker = (): string => `worker-${String(1 + Math.floor(random() * options.workers))}`;

  const strike = async (blow: Blow): Promise<boolean> => {
    switch (blow) {
      case 'kill-tejido':
        return kill('tejido');
      case 'kill-worker':
        return kill(aWorker());
      case 'kill-redis':
        return kill('redis');
      case 'kill-ehr': {
        const hit = await kill('ehr');
        // What it was told about faults died with it.
        if (faulty) await setMood(true);
        return hit;
      }
      case 'kill-postgres':
        return killPostgres();
      case 'flush-redis':
        return flushRedis();
      case 'pause-tejido':
        return pauseProgram('tejido');
      case 'pause-worker':
        return pauseProgram(aWorker());
      case 'batch-for-transaction':
        onBlow('the EHR runs transactions as batches');
        await quirk('transaction-as-batch', true, 2_000);
        return true;
      case 'race':
        onBlow('the EHR lets conditional bundles collide');
        await quirk('conditional-race', 0.3, 3_000);
    }
    return true;
  };

  const stop = async (): Promise<void> => {
    stopping = true;
    for (const name of ['worker-1', 'worker-2', 'worker-3', 'worker-4', 'tejido', 'ehr', 'redis']) {
      const program = programs.get(name);
      if (program?.running() !== true) continue;
      program.signal('SIGCONT');
      program.signal('SIGTERM');
      const gone = await until(() => (program.running() ? undefined : true), 20_000);
      if (gone === undefined) program.signal('SIGKILL');
      await program.ended;
    }
    await Promise.allSettled(resting);
    // Tejido stops its Postgres; one that was killed meanwhile may have left it behind.
    const server = await postgres().catch(() => undefined);
    if (server !== undefined) process.kill(server.pid, 'SIGQUIT');
  };

  try {
    if (redisUrl !== undefined) {
      await start('redis', 'redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {}); // prettier-ignore
      if ((await until(() => answers(redisUrl), 15_000)) === undefined)
        throw new Error('redis-server does not answer.');
    }
    await startEhr();
    const ehrUp = await until(() => admin('GET', 'counts'), 30_000);
    if (ehrUp === undefined) throw new Error('The sandbox EHR does not answer.');
    await start('tejido', process.execPath, [main, 'start'], env);
    const up = await until(async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 60_000);
    if (up === undefined) throw new Error(`Tejido does not get ready; see ${path.join(folder, 'tejido.log')}.`);
    for (let n = 1; n <= options.workers; n += 1)
      await start(`worker-${String(n)}`, process.execPath, [main, 'worker'], env);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    mllpPort,
    key,
    dataDir,
    journal,
    redisUrl,
    logs: () => [...logs],
    strike,
    setMood,
    command: async (args, log) => {
      const program = await startProgram({
        name: 'command',
        command: process.execPath,
        args: [main, ...args],
        env,
        cwd: folder,
        log,
      });
      return (await program.ended).code;
    },
    stop,
  };
}
