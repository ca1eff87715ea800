/**
 * The alternate route: an HTTP POST as Standard Webhooks describes (webhook-id, webhook-timestamp, webhook-signature).
 * Only to addresses of the configuration, and redirects are not followed.
 */
import { Webhook } from 'standardwebhooks';
import type { Clock } from '../core/ports.ts';
import { httpClient } from './http.ts';

export type WebhookTarget = { readonly url: string; readonly secret: string; readonly timeoutMs: number };

/** `status`: of the answer, when one came. `result`: `sent`, or what went wrong as a code. */
export type WebhookTried = {
  readonly ok: boolean;
  readonly status?: number;
  readonly result: string;
  readonly at: Date;
  readonly durationMs: number;
};

export type WebhookSender = {
  /** `id` stays the same when it is sent again, so that the receiver can tell. Never rejects. */
  readonly send: (id: string, body: Readonly<Record<string, unknown>>) => Promise<WebhookTried>;
  readonly close: () => Promise<void>;
};

/** Nobody reads the answer; it is not taken in without a limit either. */
const answerBytes = 65_536;

export function webhookSender({ url, secret, timeoutMs }: WebhookTarget, clock: Clock): WebhookSender {
  const http = httpClient({ timeoutMs, connections: 2, answerBytes }, clock);
  const webhook = new Webhook(secret);
  return {
    send: async (id, body) => {
      const at = clock();
      const text = JSON.stringify(body);
      const sent = await http.send(
        {
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            // Seconds since 1970.
            'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
            'webhook-signature': webhook.sign(id, at, text),
          },
          body: text,
        },
        () => undefined,
      );
      const durationMs = clock().getTime() - at.getTime();
      if (!sent.ok) return { ok: false, result: sent.cause, at, durationMs };
      const { status } = sent.answer;
      const ok = status >= 200 && status < 300;
      return { ok, status, result: ok ? 'sent' : 'refused', at, durationMs };
    },
    close: () => http.close(),
  };
}
