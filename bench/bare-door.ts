/** An Express door that reads the body, answers 202 and keeps nothing: what HTTP alone costs on this machine. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { ended, freePort, until } from './stack.ts';

export async function startBareDoor(): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(port)], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${String(port)}`;
  await until('the bare door answers', async () => (await fetch(url)).status === 202);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = express();
  app.use(express.raw({ type: () => true, limit: '10mb' }));
  app.use((_req, res) => {
    res.status(202).json({ receipts: [{ id: '1', state: 'received' }] });
  });
  app.listen(Number(process.argv[2]), '127.0.0.1');
}
