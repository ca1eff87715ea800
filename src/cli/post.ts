/** Posts batches to `/v1/activities`, patiently. The ledger recognises what it has, so a batch may be sent again. */
import { fetch } from 'undici';
import type { Item } from './activities-file.ts';
import type { Parts } from './parts.ts';
import { CommandError } from './run.ts';

export type ItemResult =
  | { readonly at: string; readonly id: string; readonly state: string; readonly duplicateOf?: string }
  | { readonly at: string; readonly refused: string };

export type Target = { readonly url: string; readonly key: string | undefined; readonly retries: number };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const longestWaitMs = 30_000;

/** Before try number `attempt` (from 1): what the server asks, else 0.5 s doubling to 30 s; jittered. Pure. */
export const waitBefore = (attempt: number, retryAfter: string | null, now: Date, random: number): number => {
  if (retryAfter !== null) {
    const seconds = Number(retryAfter);
    const asked = Number.isFinite(seconds) ? seconds * 1_000 : new Date(retryAfter).getTime() - now.getTime();
    if (Number.isFinite(asked) && asked >= 0) return Math.min(asked, 300_000);
  }
  return Math.min(longestWaitMs, 500 * 2 ** (attempt - 1)) * (0.5 + random / 2);
};

/** Where and what, for at most three errors. The door's texts hold no values of the activity. */
const problemText = (problem: unknown): string => {
  if (!isRecord(problem)) return 'refused';
  const errors = Array.isArray(problem['errors']) ? problem['errors'].filter(isRecord) : [];
  const told = errors.slice(0, 3).map((error) => {
    const { pointer, detail } = error;
    return [pointer, detail].filter((part) => typeof part === 'string' && part !== '').join(' ');
  });
  if (errors.length > 3) told.push(`and ${errors.length - 3} more`);
  const title = typeof problem['title'] === 'string' ? problem['title'] : 'refused';
  return told.length === 0 ? title : told.join('; ');
};

const resultOf = (item: Item, receipt: unknown): ItemResult => {
  if (isRecord(receipt) && typeof receipt['id'] === 'string') {
    const { duplicateOf } = receipt;
    return {
      at: item.at,
      id: receipt['id'],
      state: typeof receipt['state'] === 'string' ? receipt['state'] : 'unknown',
      ...(typeof duplicateOf === 'string' ? { duplicateOf } : {}),
    };
  }
  return { at: item.at, refused: problemText(isRecord(receipt) ? receipt['error'] : undefined) };
};

type Answer = { readonly status: number; readonly retryAfter: string | null; readonly body: unknown };

const postOnce = async ({ url, key }: Target, body: string): Promise<Answer | undefined> => {
  try {
    const response = await fetch(new URL('/v1/activities', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, application/problem+json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body,
      signal: AbortSignal.timeout(120_000),
    });
    const text = await response.text();
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      answer = undefined;
    }
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: answer };
  } catch {
    return undefined;
  }
};

const mayRepeat = (status: number): boolean => status === 429 || status === 502 || status === 503 || status === 504;

/**
 * Sends one batch; repeats it on 429, 502, 503, 504 and lost connections.
 * @throws CommandError when the key is not accepted, or the server did not take it after all retries
 */
export const postBatch = async (
  parts: Parts,
  target: Target,
  batch: readonly Item[],
  onWait: (why: string) => void,
): Promise<readonly ItemResult[]> => {
  const body = `[${batch.map(({ text }) => text).join(',')}]`;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await postOnce(target, body);
    const receipts =
      isRecord(answer?.body) && Array.isArray(answer.body['receipts']) ? answer.body['receipts'] : undefined;
    if (answer && (answer.status === 202 || answer.status === 422) && receipts?.length === batch.length) {
      return batch.map((item, index) => resultOf(item, receipts[index]));
    }
    if (answer?.status === 401 || answer?.status === 403) {
      throw new CommandError(
        `The key is not accepted (${answer.status}).`,
        'Give one by --key or TEJIDO_API_KEY; `tejido keys create NAME` makes one.',
      );
    }
    if (answer && (answer.status === 422 || answer.status === 413 || answer.status === 400)) {
      return batch.map(({ at }) => ({ at, refused: problemText(answer.body) }));
    }
    if (answer && !mayRepeat(answer.status)) {
      throw new CommandError(`The server answered ${answer.status}, which is no answer of Tejido.`, 'Check --url.');
    }
    const why = answer === undefined ? 'no answer' : `answer ${answer.status}`;
    if (attempt > target.retries) {
      throw new CommandError(
        `${target.url} did not take it (${why}) after ${attempt} tries.`,
        'Start it with `tejido start`, or give --url; then send the same file again: nothing is doubled.',
      );
    }
    onWait(why);
    await parts.pause(waitBefore(attempt, answer?.retryAfter ?? null, parts.clock(), parts.random()));
  }
};
