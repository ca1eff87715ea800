/** The baseline: MLLP in, @medplum/core's parser, mapping by hand, one transaction to the EHR, then the answer. Keeps nothing. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { ended, freePort, until } from '../stack.ts';
import { bundleByHand } from './by-hand.ts';

export type BareLoop = { readonly port: number; readonly pid: number; readonly stop: () => Promise<void> };

export async function startBareLoop(ehr: string): Promise<BareLoop> {
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(port), ehr], { stdio: 'inherit' });
  await until(
    'the bare loop listens',
    () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', reject);
      }),
  );
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

function listen(port: number, ehr: string): void {
  const { origin, pathname } = new URL(ehr);
  const http = new Pool(origin, { connections: 16 });
  const file = async (text: string): Promise<string> => {
    const { bundle, ack } = bundleByHand(text);
    const answer = await http.request({
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(bundle),
    });
    const told = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`The EHR answered ${answer.statusCode}: ${told.slice(0, 200)}`);
    return ack;
  };
  createServer((socket) => {
    let held = '';
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      held += chunk.toString('utf8');
      const ends = held.indexOf('\x1c');
      if (ends === -1) return;
      const text = held.slice(held.indexOf('\x0b') + 1, ends);
      held = held.slice(ends + 2);
      void file(text).then((ack) => socket.write(`\x0b${ack}\x1c\r`));
    });
  }).listen(port, '127.0.0.1');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) listen(Number(process.argv[2]), process.argv[3] ?? '');
