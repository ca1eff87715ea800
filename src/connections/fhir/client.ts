/** One request to the EHR: authorised, paced, recorded, and its answer classified. */
import type { Exchange } from '../../core/model.ts';
import type { Failure } from '../../core/outcome.ts';
import type { Clock } from '../../core/ports.ts';
import type { HttpAnswer, HttpClient } from '../http.ts';
import { observe, take, unhurried } from '../pace.ts';
import { classifyAnswer, outcomeIssues } from './classify.ts';
import type { Doing } from './classify.ts';
import { parse } from './json.ts';
import type { Authorizer } from './smart.ts';

export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>;

/** What belongs to one call of the destination: where exchanges are kept, and who may stop it. */
export type Call = { readonly record: (exchange: Exchange) => void; readonly signal?: AbortSignal | undefined };

export type FhirRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Relative to the base URL; '' is the base itself. */
  readonly path: string;
  readonly doing: Doing;
  readonly body?: unknown;
  /** A form body, for `_search`: the one place where patient data may be search parameters. */
  readonly form?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
};

/** `json` is undefined when a successful answer had no body. A failure keeps the answer it was read from. */
export type Reply =
  | { readonly ok: true; readonly answer: HttpAnswer; readonly json: unknown }
  | { readonly ok: false; readonly failure: Failure; readonly answer?: HttpAnswer };

export type FhirClient = {
  readonly ask: (request: FhirRequest, call: Call) => Promise<Reply>;
  /** For `next` links: the path below our own base URL, or undefined for any other place. */
  readonly pathOf: (url: string) => string | undefined;
};

const defaultPaceMs = 5_000;

export function fhirClient(
  options: { readonly baseUrl: string; readonly paceMs?: number | undefined },
  deps: { readonly http: HttpClient; readonly authorizer: Authorizer; readonly clock: Clock; readonly wait: Wait },
): FhirClient {
  const { http, authorizer, clock, wait } = deps;
  const longest = options.paceMs ?? defaultPaceMs;
  let pace = unhurried;

  /** Takes its turn under the rate limit; a failure when that is too far off to wait for here. */
  const turn = async (signal: AbortSignal | undefined): Promise<Failure | undefined> => {
    const taken = take(pace, clock());
    if (taken.waitMs > longest) {
      return { cause: 'send/throttled', detail: 'held back to stay below the rate limit', retryAfterMs: taken.waitMs };
    }
    pace = taken.pace;
    if (taken.waitMs > 0) await wait(taken.waitMs, signal);
    return undefined;
  };

  const once = async (request: FhirRequest, call: Call, authorization: string | undefined): Promise<Reply> => {
    const held = await turn(call.signal);
    if (held !== undefined) return { ok: false, failure: held };
    if (call.signal?.aborted === true)
      return { ok: false, failure: { cause: 'send/unavailable', detail: 'stopped before sending' } };
    const body = request.form?.toString() ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    const sent = await http.send(
      {
        method: request.method,
        url: request.path === '' ? options.baseUrl : `${options.baseUrl}/${request.path}`,
        headers: {
          accept: 'application/fhir+json',
          ...(body === undefined
            ? {}
            : {
                'content-type':
                  request.form === undefined ? 'application/fhir+json' : 'application/x-www-form-urlencoded',
              }),
          ...request.headers,
        },
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { body }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
      call.record,
    );
    const harmless = request.doing === 'read' || request.doing === 'search';
    if (!sent.ok) {
      // Reading writes nothing: a lost answer to it leaves no doubt, only a need to ask again.
      const cause = harmless && sent.cause !== 'send/connection-refused' ? 'send/unavailable' : sent.cause;
      return { ok: false, failure: { cause, detail: sent.detail } };
    }
    const { answer } = sent;
    pace = observe(pace, answer.status, answer.headers, clock());
    const failure = classifyAnswer(answer, request.doing, clock());
    if (failure !== undefined) return { ok: false, failure, answer };
    const json = parse(answer.body);
    const garbled = json === undefined && answer.body.trim() !== '';
    const contradicts = outcomeIssues(json).some((issue) => issue.severity === 'error' || issue.severity === 'fatal');
    if (garbled || contradicts) {
      const detail = garbled
        ? `the ${answer.status} answer is not JSON`
        : `a ${answer.status} answer reports an error inside`;
      return {
        ok: false,
        failure: { cause: harmless ? 'send/unavailable' : 'send/answer-unreadable', detail },
        answer,
      };
    }
    return { ok: true, answer, json };
  };

  return {
    ask: async (request, call) => {
      const first = await authorizer.header(call.record);
      if (!first.ok) return first;
      const reply = await once(request, call, first.value);
      // 401 means that nothing was done: one fresh token, one more try.
      if (reply.ok || reply.answer?.status !== 401 || !authorizer.refused(first.value)) return reply;
      const second = await authorizer.header(call.record);
      return second.ok ? once(request, call, second.value) : second;
    },
    pathOf: (url) => {
      if (!URL.canParse(url, `${options.baseUrl}/`)) return undefined;
      const { href } = new URL(url, `${options.baseUrl}/`);
      if (href === options.baseUrl) return '';
      if (href.startsWith(`${options.baseUrl}?`)) return href.slice(options.baseUrl.length);
      return href.startsWith(`${options.baseUrl}/`) ? href.slice(options.baseUrl.length + 1) : undefined;
    },
  };
}
