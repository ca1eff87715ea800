/** The real program as a process of its own, on a folder of its own, as a service manager would start it. */
import { mkdtemp, chmod, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/postgres/port.ts';
import { runningServer } from '../../src/postgres/server.ts';
import { recall } from '../../src/postgres/remembered.ts';
import { roleName } from '../../src/postgres/cluster.ts';
import { type Ending, type Program, sourceFile, startProgram } from '../../src/prove/program.ts';
import { until } from '../../src/prove/until.ts';

export const key = 'a-key-of-the-process-tests';

export type Answer = { readonly status: number; readonly body: unknown; readonly text: string };

export type Site = {
  readonly folder: string;
  readonly url: string;
  /** Of the HL7 v2 door. */
  readonly mllpPort: number;
  readonly env: Record<string, string>;
  /** Spawns `tejido …`; several may run. */
  readonly spawn: (
    args: readonly string[],
    more?: { env?: Record<string, string>; node?: readonly string[] },
  ) => Promise<Program>;
  /** Spawns `tejido start` and waits until it is ready. Rejects with its log when it ends or does not get ready. */
  readonly start: (more?: { env?: Record<string, string>; node?: readonly string[] }) => Promise<Program>;
  readonly run: (args: readonly string[], env?: Record<string, string>) => Promise<Ending & { readonly text: string }>;
  readonly log: () => Promise<string>;
  readonly configure: (yaml: string) => Promise<void>;
  readonly ask: (
    at: string,
    init?: { method?: string; body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
  /** How many resources of a type stand in the sandbox, and they themselves. */
  readonly chart: (search: string) => Promise<readonly Record<string, unknown>[]>;
  readonly databaseUrl: () => Promise<string>;
  readonly end: () => Promise<void>;
};

export async function aSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-process-'));
  await chmod(folder, 0o711);
  const port = await freePort();
  const mllpPort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = path.join(folder, 'data');
  const logFile = path.join(folder, 'tejido.log');
  const env: Record<string, string> = {
    PORT: String(port),
    MLLP_PORT: String(mllpPort),
    TEJIDO_DATA: dataDir,
    TEJIDO_API_KEY: key,
  };
  const programs: Program[] = [];
  const log = () => readFile(logFile, 'utf8').catch(() => '');

  const spawn: Site['spawn'] = async (args, more = {}) => {
    const program = await startProgram({
      name: args[0] ?? 'tejido',
      command: process.execPath,
      args: [...(more.node ?? []), sourceFile('cli/main'), ...args],
      env: { ...env, ...more.env },
      cwd: folder,
      log: logFile,
    });
    programs.push(program);
    return program;
  };
  const ask: Site['ask'] = async (at, { method = 'GET', body, headers = {} } = {}) => {
    const answer = await fetch(`${url}${at}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    let read: unknown;
    try {
      read = JSON.parse(text);
    } catch {
      read = undefined;
    }
    return { status: answer.status, body: read, text };
  };
  return {
    folder,
    url,
    mllpPort,
    env,
    spawn,
    log,
    ask,
    start: async (more) => {
      const program = await spawn(['start'], more);
      const ready = await until(async () => {
        if (!program.running()) return 'ended' as const;
        return (await fetch(`${url}/readyz`)).ok ? ('ready' as const) : undefined;
      }, 110_000);
      if (ready !== 'ready') throw new Error(`tejido start did not get ready:\n${await log()}`);
      return program;
    },
    run: async (args, more = {}) => {
      const before = (await log()).length;
      const program = await spawn(args, { env: more });
      const ending = await program.ended;
      return { ...ending, text: (await log()).slice(before) };
    },
    configure: (yaml) => writeFile(path.join(folder, 'tejido.yaml'), yaml),
    chart: async (search) => {
      const { body } = await ask(`/sandbox/fhir/${search}`);
      const { entry = [] } = body as { entry?: readonly { resource: Record<string, unknown> }[] };
      return entry.map(({ resource }) => resource);
    },
    databaseUrl: async () => {
      const { password, port: postgres } = await recall(dataDir);
      return `postgres://${roleName}:${password}@127.0.0.1:${postgres}/${roleName}`;
    },
    end: async () => {
      for (const program of programs) {
        if (!program.running()) continue;
        program.signal('SIGKILL');
        await program.ended;
      }
      const server = await recall(dataDir)
        .then(({ elsewhere }) => runningServer(elsewhere ?? path.join(dataDir, 'postgres')))
        .catch(() => undefined);
      if (server !== undefined) {
        process.kill(server.pid, 'SIGQUIT');
        await until(
          async () => ((await runningServer(path.join(dataDir, 'postgres'))) === undefined ? true : undefined),
          10_000,
        );
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Listed = { readonly id: string; readonly state: string; readonly kind: string; readonly cause?: string };

export const listed = async (site: Site, query = ''): Promise<readonly Listed[]> =>
  ((await site.ask(`/v1/messages?limit=500${query}`)).body as { messages: readonly Listed[] }).messages;

/** Waits until nothing is on its way; the messages then, newest first. */
export const settled = async (site: Site): Promise<readonly Listed[]> => {
  const found = await until(async () => {
    const all = await listed(site);
    return all.length > 0 && all.every(({ state }) => state !== 'received' && state !== 'filing') ? all : undefined;
  }, 30_000);
  if (found === undefined) throw new Error(`It does not settle: ${JSON.stringify(await listed(site))}`);
  return found;
};
