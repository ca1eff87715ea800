/** A listener for subscription notifications, and waiting for something to hold. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './support.ts';

type Notification = {
  readonly body: unknown;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  readonly at: number;
};

export type Hook = {
  readonly got: readonly Notification[];
  readonly url: string;
  readonly subscription: (criteria: string, channel?: Json) => Json;
  readonly close: () => Promise<void>;
};

/** Answers each notification with the next status of the list, the last one from then on. */
export async function startHook(answers: readonly number[] = [200]): Promise<Hook> {
  const got: Notification[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      response.writeHead(answers[Math.min(got.length, answers.length - 1)] ?? 200).end();
      got.push({ body: text === '' ? undefined : JSON.parse(text), text, headers: request.headers, at: Date.now() });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return {
    got,
    url,
    subscription: (criteria, channel = { payload: 'application/fhir+json' }) => ({
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'test',
      criteria,
      channel: { type: 'rest-hook', endpoint: url, ...channel },
    }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Resolves once the condition holds; rejects after some seconds. */
export async function until(holds: () => boolean, withinMs = 8000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('It did not come to hold in time.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
