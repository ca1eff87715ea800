/** What every command does the same way: read the configuration, open and close the ledger, end with a clear error. */
import os from 'node:os';
import type { Command } from 'commander';
import { problemLine } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import type { CliLedger, Parts } from './parts.ts';

/** A refusal for the person at the terminal: what is wrong, and what to do. */
export class CommandError extends Error {
  readonly next: string | undefined;
  constructor(says: string, next?: string) {
    super(says);
    this.name = 'CommandError';
    this.next = next;
  }
}

/** Ends the command unsuccessfully after it has said why. */
export class Unsuccessful extends Error {
  constructor() {
    super('');
    this.name = 'Unsuccessful';
  }
}

/** Errors whose message is written for an operator and holds no payload. Of all others only kind and code are told. */
const toldInFull: ReadonlySet<string> = new Set([
  'CannotListen',
  'CommandError',
  'EmbeddedPostgresError',
  'KnowledgeError',
  'LedgerUnavailable',
]);

export const tellFault = (error: unknown): string => {
  if (!(error instanceof Error)) return 'It ended with a fault of its own.';
  if (toldInFull.has(error.name)) {
    const next = error instanceof CommandError ? error.next : undefined;
    return next === undefined ? error.message : `${error.message}\n  ${next}`;
  }
  const code = 'code' in error && /^[\w/-]{1,60}$/.test(String(error.code)) ? ` (${String(error.code)})` : '';
  return `It ended with a fault of its own: ${error.name}${code}. \`tejido check\` may say more.`;
};

export const actor = (): string => `cli:${os.userInfo().username}`;

const rootOf = (command: Command): Command => (command.parent ? rootOf(command.parent) : command);

/** The configuration named by `--config`; all that is wrong with it is told. */
export const configOf = async (parts: Parts, command: Command): Promise<Config> => {
  const file: unknown = rootOf(command).opts()['config'];
  const loaded = await parts.loadConfig(typeof file === 'string' ? file : undefined);
  if (loaded.ok) return loaded.value;
  for (const problem of loaded.problems) parts.terminal.err(problemLine(problem));
  throw new Unsuccessful();
};

export const withLedger = async <T>(
  parts: Parts,
  command: Command,
  work: (ledger: CliLedger, config: Config) => Promise<T>,
): Promise<T> => {
  const config = await configOf(parts, command);
  const ledger = await parts.openLedger(config);
  try {
    return await work(ledger, config);
  } finally {
    await ledger.close();
  }
};

export const json = (value: unknown): string => JSON.stringify(value, undefined, 2);
