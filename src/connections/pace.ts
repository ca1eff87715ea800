/**
 * Staying ahead of a rate limit: reads what a server says about its quota, and spreads what is left of it over the time
 * until it is renewed. Pure. Understood: `Retry-After` (RFC 9110 §10.2.3), `RateLimit: "name";r=…;t=…` with
 * `RateLimit-Policy: …;q=…` (draft-ietf-httpapi-ratelimit-headers-08 on), `RateLimit: limit=…, remaining=…, reset=…`
 * and `RateLimit-Limit/-Remaining/-Reset` (older drafts), and their `X-` forms.
 */

export type Headers = Readonly<Record<string, string>>;

export type Quota = { readonly remaining: number; readonly resetsInMs: number; readonly limit?: number };

export type Pace = {
  /** Nothing may leave before this time (epoch ms). */
  readonly notBefore: number;
  /** When the next request may leave, if requests are being spread. */
  readonly nextAt: number;
  readonly quota?: { readonly remaining: number; readonly resetsAt: number; readonly limit?: number };
  /** What one request costs of the quota, as seen. */
  readonly cost: number;
};

export const unhurried: Pace = { notBefore: 0, nextAt: 0, cost: 1 };

/** Spreading begins when less than this share of the quota is left. */
const lowShare = 0.25;
/** Without a known limit: when the quota left would last for fewer requests than this. */
const lowRequests = 20;

/** Milliseconds the server asks us to stay away, when it says so. `now` turns an HTTP date into a duration. */
export function retryAfter(headers: Headers, now: Date): number | undefined {
  const value = headers['retry-after'];
  if (value !== undefined) {
    const seconds = Number(value);
    if (value.trim() !== '' && Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
    const at = Date.parse(value);
    if (!Number.isNaN(at)) return Math.max(0, at - now.getTime());
  }
  return quotaOf(headers, now)?.resetsInMs;
}

/** The quota a response tells of, or undefined. */
export function quotaOf(headers: Headers, now: Date): Quota | undefined {
  const structured = headers['ratelimit'];
  const remaining =
    parameter(structured, 'r') ??
    parameter(structured, 'remaining') ??
    number(headers['ratelimit-remaining']) ??
    number(headers['x-ratelimit-remaining']);
  const reset =
    parameter(structured, 't') ??
    parameter(structured, 'reset') ??
    number(headers['ratelimit-reset']) ??
    number(headers['x-ratelimit-reset']);
  if (reset === undefined) return undefined;
  const limit =
    parameter(structured, 'limit') ??
    parameter(headers['ratelimit-policy'], 'q') ??
    number(headers['ratelimit-limit']) ??
    number(headers['x-ratelimit-limit']);
  // Some servers give the time of the reset as seconds since 1970 rather than the seconds until it.
  const resetsInMs = reset > 1_000_000_000 ? Math.max(0, reset * 1000 - now.getTime()) : reset * 1000;
  return { remaining: remaining ?? 0, resetsInMs, ...(limit === undefined ? {} : { limit }) };
}

/** The pace after an answer. A 429, or a 503 that names a time, holds everything until then. */
export function observe(pace: Pace, status: number, headers: Headers, now: Date): Pace {
  const at = now.getTime();
  const holds = status === 429 || (status === 503 && headers['retry-after'] !== undefined);
  const asked = holds ? retryAfter(headers, now) : undefined;
  const notBefore = asked === undefined ? pace.notBefore : Math.max(pace.notBefore, at + asked);
  const told = quotaOf(headers, now);
  if (told === undefined) return { ...pace, notBefore };
  const spent = pace.quota !== undefined && pace.quota.resetsAt > at ? pace.quota.remaining - told.remaining : 0;
  return {
    ...pace,
    notBefore,
    // Answers overtake each other: only a falling quota tells a cost, and one observation moves it half way.
    cost: spent > 0 ? Math.max(1, (pace.cost + spent) / 2) : pace.cost,
    quota: {
      remaining: told.remaining,
      resetsAt: at + told.resetsInMs,
      ...(told.limit === undefined ? {} : { limit: told.limit }),
    },
  };
}

/** Takes a place in the queue: how long to wait before sending, and the pace with that place taken. */
export function take(pace: Pace, now: Date): { readonly waitMs: number; readonly pace: Pace } {
  const at = now.getTime();
  const { quota } = pace;
  const earliest = Math.max(at, pace.notBefore);
  if (quota === undefined || quota.resetsAt <= earliest || !isLow(quota, pace.cost)) {
    return { waitMs: earliest - at, pace: { ...pace, nextAt: earliest } };
  }
  if (quota.remaining < pace.cost) return { waitMs: quota.resetsAt - at, pace: { ...pace, nextAt: quota.resetsAt } };
  const spacing = ((quota.resetsAt - earliest) * pace.cost) / quota.remaining;
  const slot = Math.max(earliest, pace.nextAt);
  return {
    waitMs: slot - at,
    pace: { ...pace, nextAt: slot + spacing, quota: { ...quota, remaining: quota.remaining - pace.cost } },
  };
}

const isLow = (quota: { remaining: number; limit?: number }, cost: number): boolean =>
  quota.limit === undefined ? quota.remaining < lowRequests * cost : quota.remaining < lowShare * quota.limit;

function parameter(header: string | undefined, name: string): number | undefined {
  const found = header === undefined ? null : new RegExp(`(?:^|[;,\\s])${name}="?(\\d+(?:\\.\\d+)?)`).exec(header);
  return found === null ? undefined : Number(found[1]);
}

const number = (value: string | undefined): number | undefined =>
  value === undefined || !/^\s*\d+(\.\d+)?/.test(value) ? undefined : Number.parseFloat(value);
