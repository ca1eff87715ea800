/**
 * One HTTP exchange over kept-alive connections, with limits on time and size, recorded whole. What cannot be sent or
 * read is a value that says whether the request may have reached the other side.
 */
import { Agent } from 'undici';
import type { CauseCode } from '../core/causes.ts';
import type { Exchange } from '../core/model.ts';
import type { Clock } from '../core/ports.ts';

type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Absolute. Must hold no patient data. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent, and never recorded. */
  readonly authorization?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** What is recorded in place of the bodies, where these hold secrets. */
  readonly redact?: (body: string) => string;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type Sent =
  | { readonly ok: true; readonly answer: HttpAnswer }
  | { readonly ok: false; readonly cause: CauseCode; readonly detail: string };

export type HttpClient = {
  readonly send: (request: HttpRequest, record: (exchange: Exchange) => void) => Promise<Sent>;
  readonly close: () => Promise<void>;
};

export type HttpLimits = {
  /** Until the connection stands, until the first byte of an answer, and between its bytes. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly answerBytes: number;
};

/** A server that trickles bytes stays below the time limit between bytes, so the whole has a limit too. */
const wholeTimes = 4;

export function httpClient(limits: HttpLimits, clock: Clock): HttpClient {
  const agent = new Agent({
    connections: limits.connections,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    headersTimeout: limits.timeoutMs,
    bodyTimeout: limits.timeoutMs,
    connect: { timeout: limits.timeoutMs },
    maxResponseSize: limits.answerBytes,
  });
  return {
    send: async (request, record) => {
      const startedAt = clock();
      const url = new URL(request.url);
      const redact = request.redact ?? ((body: string) => body);
      const whole = AbortSignal.timeout(limits.timeoutMs * wholeTimes);
      const note = (rest: Pick<Exchange, 'status' | 'responseHeaders' | 'responseBody' | 'error'>): void =>
        record({
          method: request.method,
          url: request.url,
          ...(request.body === undefined ? {} : { requestBody: redact(request.body) }),
          ...rest,
          startedAt,
          durationMs: clock().getTime() - startedAt.getTime(),
        });
      let begun: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
      try {
        const response = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: {
            ...request.headers,
            ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
          },
          ...(request.body === undefined ? {} : { body: request.body }),
          signal: request.signal === undefined ? whole : AbortSignal.any([request.signal, whole]),
        });
        begun = { status: response.statusCode, headers: flat(response.headers) };
        const body = await response.body.text();
        const answer: HttpAnswer = { ...begun, body };
        note({ status: answer.status, responseHeaders: answer.headers, responseBody: redact(body) });
        return { ok: true, answer };
      } catch (error) {
        const failed = classifyError(error);
        note({
          ...(begun === undefined ? {} : { status: begun.status, responseHeaders: begun.headers }),
          error: failed.cause,
        });
        return { ok: false, ...failed };
      }
    },
    close: () => agent.destroy(),
  };
}

const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'EPROTO',
]);
const certificate = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/;
const slow = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'TimeoutError',
  'AbortError',
  'UND_ERR_ABORTED',
]);
const unreadable = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UND_ERR_HEADERS_OVERFLOW']);

/**
 * What a thrown network error means: before the request left nothing can have been written; afterwards it may have
 * been. The detail is the error's code, never its text.
 */
export function classifyError(error: unknown): { readonly cause: CauseCode; readonly detail: string } {
  const code = codeOf(error);
  if (notConnected.has(code) || certificate.test(code) || isConnecting(error)) {
    return { cause: 'send/connection-refused', detail: `no connection (${code})` };
  }
  if (slow.has(code)) return { cause: 'send/timeout', detail: `no answer in time (${code})` };
  if (unreadable.has(code)) return { cause: 'send/answer-unreadable', detail: `the answer was too large (${code})` };
  if (code.startsWith('HPE_')) return { cause: 'send/answer-unreadable', detail: `the answer was not HTTP (${code})` };
  return { cause: 'send/connection-lost', detail: `the connection broke (${code})` };
}

/** By shape, not by class: an error may come from another realm. */
const shaped = (error: unknown): Readonly<Record<string, unknown>> =>
  typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};

function codeOf(error: unknown): string {
  const { code, cause, name } = shaped(error);
  // A DOMException (an aborted signal) has a numeric code and a telling name.
  if (typeof code === 'string') return code;
  if (typeof cause === 'object' && cause !== null) return codeOf(cause);
  return typeof name === 'string' ? name : 'unknown';
}

function isConnecting(error: unknown): boolean {
  const { syscall, message } = shaped(error);
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return typeof message === 'string' && message.includes('before secure TLS connection was established');
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'set-cookie') continue;
    kept[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}
