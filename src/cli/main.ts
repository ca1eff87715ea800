/** The program `tejido`. */
import { createParts } from '../assembly/parts.ts';
import { run } from './program.ts';

const write = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(`${text}\n`);

// `tejido messages list | head`: the reader has gone, that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(
  process.argv.slice(2),
  createParts(process.env, {
    out: write(process.stdout),
    err: write(process.stderr),
    interactive: process.stderr.isTTY && process.env['TERM'] !== 'dumb',
  }),
);
// The command is done; a connection that somebody forgot must not keep the process.
setTimeout(() => process.exit(), 2_000).unref();
