/** One process of ours: started, watched, signalled by its own pid, its output kept in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Program = {
  readonly name: string;
  readonly pid: number;
  readonly running: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ending>;
};

export type ProgramOptions = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdout and stderr are appended to it. */
  readonly log: string;
};

/** What a program of ours needs of the environment to run at all; the rest is what the caller says. */
export function bareEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'USER'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** A source file of this package, beside this one: `.ts` from a clone, `.js` when built. */
export const sourceFile = (name: string): string =>
  fileURLToPath(new URL(`../${name}${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url));

/** Rejects when the program cannot be started. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const log = openSync(options.log, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: { ...bareEnvironment(), ...options.env },
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    name: options.name,
    pid: child.pid ?? 0,
    running: () => child.exitCode === null && child.signalCode === null,
    signal: (signal) => void child.kill(signal),
    ended,
  };
}
