/** What is measured: real processes on a fresh data folder, without the debts of an earlier run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const key = 'bench-administrator-key-0123456789';

/** The flags of Node that package.json and bin/tejido start with. */
const asStarted = ['--max-semi-space-size=8', '--heap-growing-percent=20'];

export type Tejido = {
  readonly url: string;
  /** Of the HL7 v2 door. */
  readonly mllpPort: number;
  readonly pid: number;
  readonly databaseUrl: string;
  /** Milliseconds from spawn to ready. */
  readonly readyMs: number;
  readonly stop: () => Promise<void>;
};

export type Site = { readonly folder: string; readonly remove: () => Promise<void> };

export async function freshSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tejido-bench-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export async function until(what: string, holds: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${what}: not within ${String(limitMs)} ms`);
    await pause(20);
  }
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

export type TejidoOptions = {
  /** Base URL of a FHIR server; without it the destination answers nothing. */
  readonly ehr?: string;
  readonly mrnSystem?: string;
  /** More of the configuration, as lines of YAML. */
  readonly configuration?: readonly string[];
  /** May name REDIS_URL. */
  readonly env?: Record<string, string>;
};

export async function startTejido(site: Site, options: TejidoOptions = {}): Promise<Tejido> {
  const [port, mllpPort] = [await freePort(), await freePort()];
  const config = path.join(site.folder, 'tejido.yaml');
  await writeFile(
    config,
    [
      'http: { limits: { activitiesPerMinute: 0, sourcesPerMinute: 0, readsPerMinute: 0 } }',
      'destinations:',
      '  - id: ehr',
      '    kind: fhir',
      `    baseUrl: ${options.ehr ?? 'http://127.0.0.1:9/fhir'}`,
      '    auth: { kind: none }',
      `    mrnSystem: ${options.mrnSystem ?? 'urn:tejido:sandbox:mrn'}`,
      ...(options.configuration ?? []),
    ].join('\n'),
  );
  const began = performance.now();
  const child = spawn(process.execPath, [...asStarted, 'src/cli/main.ts', 'start', '--config', config], {
    env: {
      ...process.env,
      TEJIDO_DATA: path.join(site.folder, 'data'),
      TEJIDO_API_KEY: key,
      PORT: String(port),
      MLLP_PORT: String(mllpPort),
      LOG_LEVEL: 'error',
      ...options.env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${String(port)}`;
  await until('Tejido is ready', async () => {
    if (child.exitCode !== null) throw new Error('Tejido ended.');
    return (await fetch(`${url}/healthz`)).ok;
  });
  const readyMs = performance.now() - began;
  const remembered = JSON.parse(await readFile(path.join(site.folder, 'data', 'postgres.json'), 'utf8')) as {
    port: number;
    password: string;
  };
  return {
    url,
    mllpPort,
    pid: child.pid ?? 0,
    readyMs,
    databaseUrl: `postgres://tejido:${remembered.password}@127.0.0.1:${String(remembered.port)}/tejido`,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

/** Resident memory of a process, in MB. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** CPU seconds a process has used, without its children. */
export async function cpuSeconds(pid: number): Promise<number> {
  const { own } = await statOf(pid);
  return own;
}

/** CPU seconds of the Postgres server that has this backend: of all its processes, also those that ended. */
export async function postgresCpuSeconds(backend: number): Promise<number> {
  const { parent: postmaster } = await statOf(backend);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map((pid) => statOf(pid).catch(() => undefined)));
  const children = stats.filter((stat) => stat?.parent === postmaster).reduce((sum, stat) => sum + (stat?.own ?? 0), 0);
  const { own, ended } = await statOf(postmaster);
  return own + ended + children;
}

async function statOf(pid: number): Promise<{ readonly parent: number; readonly own: number; readonly ended: number }> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [
    fields[1],
    fields[11],
    fields[12],
    fields[13],
    fields[14],
  ];
  return { parent, own: (user + system) / 100, ended: (endedUser + endedSystem) / 100 };
}
