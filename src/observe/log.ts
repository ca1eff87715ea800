/** JSON lines on stderr, by the allow-list of `fields.ts`. */
import type { Writable } from 'node:stream';
import winston from 'winston';
import type { Log } from '../core/ports.ts';
import { keep, tellError } from './fields.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** An event is named `part.what-happened`; anything else is a text, and texts are not logged. */
const eventName = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;

const { createLogger, transports, format } = winston;

/**
 * @param options.stream where the lines go (default stderr)
 * @returns a `Log` that never throws; fields outside the allow-list are dropped and counted in `dropped`
 */
export function createLog(options: { readonly level: LogLevel; readonly stream?: Writable }): Log {
  const { level, stream = process.stderr } = options;
  const logger = createLogger({
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    level: level === 'silent' ? 'error' : level,
    silent: level === 'silent',
    format: format.printf((entry) => String(entry.message)),
    transports: [new transports.Stream({ stream })],
    exitOnError: false,
  });
  logger.on('error', () => undefined);
  return (at, event, given = {}) => {
    if (!logger.isLevelEnabled(at)) return;
    const { fields, dropped } = keep(given);
    const named = eventName.test(event) && event.length <= 60 ? event : 'log.unnamed';
    logger.log(
      at,
      JSON.stringify({
        ...fields,
        ...(dropped > 0 ? { dropped } : {}),
        time: new Date().toISOString(),
        severity: at,
        event: named,
      }),
    );
  };
}

/**
 * A fault nobody caught: one line with kind, code and place, never the message (it may quote a patient's data), then
 * exit code 1. What was accepted stands in the ledger and goes on at the next start.
 */
export function exitOnFault(
  write: (line: string) => void = (line) => void process.stderr.write(line),
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  const told = (event: string) => (error: unknown) => {
    try {
      const entry = { time: new Date().toISOString(), severity: 'error', event, error: tellError(error) };
      write(`${JSON.stringify(entry)}\n`);
    } finally {
      exit(1);
    }
  };
  process.on('uncaughtException', told('process.uncaught-exception'));
  process.on('unhandledRejection', told('process.unhandled-rejection'));
}
