/**
 * What may stand in a log line: the allow-list. A patient's data can reach a logger in a hundred ways (an error text of
 * a library, a URL, an object given whole); so nothing is logged but known fields with values of a known shape.
 */
import { isNativeError } from 'node:util/types';

/** Fields whose value is a word of ours: an id, a state, a code, a name from the configuration. */
const words = [
  'id',
  'messageId',
  'deliveryId',
  'attemptId',
  'destination',
  'state',
  'from',
  'to',
  'cause',
  'source',
  'kind',
  'format',
  'name',
  'code',
  'reason',
  'version',
  'resourceType',
  'method',
  'status',
  'action',
  'actor',
  'outcome',
  'signal',
  'host',
  'schedule',
  'role',
  'requestId',
  'subscription',
  'level',
  'field',
] as const;

/** Fields whose value is a number or yes/no. */
const figures = [
  'durationMs',
  'ageMs',
  'limitMs',
  'limit',
  'everyMs',
  'delayMs',
  'retryAfterMs',
  'attempt',
  'attempts',
  'count',
  'total',
  'accepted',
  'filed',
  'held',
  'failed',
  'superseded',
  'duplicates',
  'bytes',
  'size',
  'port',
  'pid',
  'line',
  'column',
  'exitCode',
  'heals',
  'parallel',
  'rebuilt',
  'healthy',
  'embedded',
] as const;

const wordFields: ReadonlySet<string> = new Set(words);
const figureFields: ReadonlySet<string> = new Set([...figures, 'status', 'version', 'code', 'exitCode']);

const longest = 200;

/** Also for errors of another realm (a worker, a vm). */
const isError = (value: unknown): value is Error => value instanceof Error || isNativeError(value);

/** A word of ours has a letter (phone numbers and MRNs often have none) and no space. */
const word = /^(?=.*[A-Za-z])[\w.:/@+-]+$/;
const semver = /^\d+\.\d+(?:\.\d+)?(?:[-+][\w.]+)?$/;
/** The above, or a code of ours such as storage-unavailable. */
const errorWord = /^(?:[A-Z][A-Z0-9_]{1,59}|[0-9A-Z]{5}|[a-z]+\/[a-z-]{1,40}|[a-z]+(?:-[a-z]+)+)$/;
const errorName = /^[A-Z][A-Za-z]{0,59}$/;
/** ECONNREFUSED, ERR_INVALID_ARG, 23505 (SQLSTATE), send/timeout. */
const errorCode = /^(?:[A-Z][A-Z0-9_]{1,59}|[0-9A-Z]{5}|[a-z]+\/[a-z-]{1,40})$/;
const isoDate = /\b\d{4}-\d{2}-\d{2}\b(?!T)/;
/** A path of ours with placeholders: no value of a request stands in it. */
const route = /^\/[a-z0-9/:{}._-]*$/i;
const path = /^(?=.*[A-Za-z])[\w./~@+-]+$/;

export type Fields = Readonly<Record<string, unknown>>;
export type Kept = { readonly fields: Record<string, unknown>; readonly dropped: number };

/** The URL without user, query and fragment; FHIR logical ids and search values are cut with the query. */
const withoutQuery = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`.slice(0, longest);
};

/** `file:line:column` of each frame, without function arguments or message. */
export const framesOf = (error: Error): readonly string[] =>
  (error.stack ?? '')
    .split('\n')
    .flatMap((line) => {
      const at = /^\s+at .*?((?:file:\/\/|node:|\/|[A-Za-z]:\\)[^():]+:\d+:\d+)\)?$/.exec(line)?.[1];
      return at === undefined
        ? []
        : [at.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|src|test|dist)\//, '$1/')];
    })
    .slice(0, 12);

const codeOf = (error: object): string | undefined => {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && errorCode.test(code) ? code : undefined;
};

export type ToldError = {
  readonly name: string;
  readonly code?: string;
  readonly at: readonly string[];
  readonly cause?: ToldError;
};

/** What may be told of an error: its kind, its code, where it arose. Never its message: libraries quote values in it. */
export const tellError = (error: unknown, depth = 0): ToldError => {
  if (typeof error === 'string' && errorWord.test(error)) return { name: 'code', code: error, at: [] };
  if (!isError(error)) return { name: typeof error, at: [] };
  const name = errorName.test(error.name) ? error.name : 'Error';
  const code = codeOf(error);
  const told = { name, ...(code === undefined ? {} : { code }), at: framesOf(error) };
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined || depth >= 2 ? told : { ...told, cause: tellError(inner, depth + 1) };
};

const keptValue = (field: string, value: unknown): unknown => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return figureFields.has(field) && Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > longest) return undefined;
  if (field === 'url') return withoutQuery(value);
  if (field === 'path') return path.test(value) && !isoDate.test(value) ? value : undefined;
  if (field === 'route') return route.test(value) ? value : undefined;
  if (field === 'code' && errorCode.test(value)) return value;
  if (field === 'version' && semver.test(value)) return value;
  if (!wordFields.has(field)) return undefined;
  return word.test(value) && !isoDate.test(value) ? value : undefined;
};

/** Keeps what the allow-list knows, in the shape it knows; counts what it dropped. Pure. */
export const keep = (given: Fields): Kept => {
  const fields: Record<string, unknown> = {};
  let dropped = 0;
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const kept = field === 'error' || isError(value) ? tellError(value) : keptValue(field, value);
    if (kept === undefined) dropped += 1;
    else fields[isError(value) ? 'error' : field] = kept;
  }
  return { fields, dropped };
};
