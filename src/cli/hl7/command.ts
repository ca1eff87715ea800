/** The part of `tejido send` for files of HL7 v2. */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { MllpTarget } from '../../mllp/client.ts';
import { plural, table } from '../format.ts';
import type { Parts } from '../parts.ts';
import { startProgress } from '../progress.ts';
import { CommandError, configOf, json } from '../run.ts';
import { readHl7File } from './file.ts';
import { type Hl7Result, sendHl7 } from './send.ts';

export type Hl7Options = {
  readonly mllp?: { readonly host: string; readonly port: number };
  readonly connections: number;
  readonly ackTimeout: number;
  readonly retries: number;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsName?: string;
  readonly json?: true;
};

/** `host:port`, `[::1]:2575`, or `:2575` for this machine. */
export const hostAndPort = (given: string): { readonly host: string; readonly port: number } => {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(given);
  const port = Number(found?.[3]);
  if (found === null || port < 1 || port > 65_535) throw new InvalidArgumentError('host:port, for example lab:2575.');
  return { host: (found[1] ?? found[2]) || '127.0.0.1', port };
};

const pemOf = async (file: string | undefined): Promise<string | undefined> => {
  if (file === undefined) return undefined;
  return readFile(file, 'utf8').catch(() => {
    throw new CommandError(`${file} cannot be read.`, 'Give a file in PEM.');
  });
};

async function targetOf(parts: Parts, options: Hl7Options, command: Command): Promise<MllpTarget> {
  const config = options.mllp === undefined ? (await configOf(parts, command)).mllp : undefined;
  const host = config?.host === '0.0.0.0' || config?.host === '::' ? '127.0.0.1' : config?.host;
  const at = options.mllp ?? { host: host ?? '127.0.0.1', port: config?.port ?? 0 };
  if (at.port === 0)
    throw new CommandError('The configuration leaves the port of the HL7 v2 door open.', 'Give --mllp host:port.');
  const [ca, cert, key] = await Promise.all([options.tlsCa, options.tlsCert, options.tlsKey].map(pemOf));
  if ((cert === undefined) !== (key === undefined))
    throw new CommandError('--tls-cert and --tls-key belong together.', 'Give both, or neither.');
  const named = options.tlsName;
  const secure = options.tls ?? (config?.tls !== undefined || ca !== undefined || cert !== undefined);
  if (!secure) return at;
  return {
    ...at,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(named === undefined ? {} : { serverName: named }),
    },
  };
}

const mostShown = 20;

const rowOf = ({ at, controlId, result, code, says }: Hl7Result): readonly string[] => [
  at,
  controlId,
  code ?? '',
  result,
  says ?? '',
];

/** True when every message was accepted. */
export async function sendHl7Files(
  parts: Parts,
  files: readonly string[],
  options: Hl7Options,
  command: Command,
): Promise<boolean> {
  const { out, err } = parts.terminal;
  const target = await targetOf(parts, options, command);
  const read = await Promise.all(files.map(readHl7File));
  const items = read.flatMap((each) => each.items);
  for (const note of read.flatMap(({ notes }) => notes)) err(note);
  if (items.length === 0) throw new CommandError('There is no HL7 v2 message in what was given.');
  const progress = startProgress(parts.terminal, 'sent', items.length);
  const results = await sendHl7(parts, items, {
    target: { ...target, connectMs: 10_000, answerMs: options.ackTimeout * 1_000 },
    connections: options.connections,
    retries: options.retries,
    onDone: progress.to,
  });
  progress.end();
  const others = results.filter(({ result }) => result !== 'accepted');
  if (options.json) {
    out(json(results));
    return others.length === 0;
  }
  const shown = results.length <= mostShown ? results : others.slice(0, mostShown);
  if (shown.length > 0) out(table(['FILE', 'MSH-10', 'CODE', 'RESULT', ''], shown.map(rowOf)));
  if (others.length > shown.length) err(`and ${others.length - shown.length} more not accepted; see --json`);
  const accepted = results.length - others.length;
  out(`${accepted} of ${plural(results.length, 'message', 'messages')} accepted by ${target.host}:${target.port}.`);
  if (
    others.some(
      ({ result, tries }) => result === 'unanswered' || result === 'error' || (result === 'not sent' && tries > 0),
    )
  )
    err('Send the same files again when the receiver is back: a message keeps its MSH-10, and is taken once.');
  return others.length === 0;
}
