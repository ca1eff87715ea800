/**
 * What an EHR's answer means, by its status, the codes of its OperationOutcome, and a few known texts. Pure, and the
 * only place that knows. Nothing of the answer's free text is repeated in a failure: it may name a patient, and the
 * exchange keeps it whole.
 */
import type { CauseCode } from '../../core/causes.ts';
import type { Failure, Issue } from '../../core/outcome.ts';
import type { HttpAnswer } from '../http.ts';
import { retryAfter } from '../pace.ts';
import { isObject, objects, parse, text } from './json.ts';

/**
 * What was asked. `entry`: one entry of a Bundle, whose refusal says nothing about the credentials of the whole.
 * `token`: a token request, which writes nothing.
 */
export type Doing = 'read' | 'search' | 'create' | 'update' | 'bundle' | 'entry' | 'token';

export type FhirAnswer = Pick<HttpAnswer, 'status' | 'headers' | 'body'>;

/** An OperationOutcome's issues without its words: code, vendor code, and where. */
export type OutcomeIssue = {
  readonly severity: string;
  readonly code: string;
  readonly vendorCodes: readonly string[];
  readonly where: readonly string[];
  readonly words: string;
};

export function outcomeIssues(body: unknown): readonly OutcomeIssue[] {
  if (!isObject(body) || body['resourceType'] !== 'OperationOutcome') return [];
  return objects(body['issue']).map((issue) => {
    const details = isObject(issue['details']) ? issue['details'] : {};
    return {
      severity: text(issue['severity']) ?? 'error',
      code: text(issue['code']) ?? 'unknown',
      vendorCodes: objects(details['coding']).flatMap((coding) => text(coding['code']) ?? []),
      where: [...strings(issue['expression']), ...strings(issue['location'])],
      words: [text(details['text']), text(issue['diagnostics'])].filter((each) => each !== undefined).join(' '),
    };
  });
}

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

/** Seen as 400 or 409 when two transactions meet: nothing was written (Medplum, Postgres-backed servers). */
const raceWords =
  /assigned id is already in use|could not serialize|deadlock detected|version constraint|optimistic lock|concurrent (update|modification)/i;
const tooManyWords =
  /too many entries|more (update )?(operations|entries) than allowed|too many (operations|resources)|exceeds the maximum number of/i;
const throttledCodes = new Set(['throttled', 'too-costly', '4135']);
const raceCodes = new Set(['conflict', 'lock-error']);
const authCodes = new Set(['login', 'expired', 'unknown-user']);
const transientCodes = new Set(['transient', 'no-store', 'incomplete']);
/** Epic: this one chart is closed to us (break-the-glass); the credentials are good. */
const chartClosedCodes = new Set(['4130', '4131', '4134']);
/**
 * The failure in an answer, or undefined when its status is one of success. A success may still hide a failure inside
 * (a Bundle's entries): that is read where its content is.
 */
export function classifyAnswer(answer: FhirAnswer, doing: Doing, now: Date): Failure | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const body = parse(answer.body);
  const issues = outcomeIssues(body);
  const cause =
    isPage(answer) && status < 500 && status !== 401 && status !== 403 && status !== 429
      ? 'send/unavailable'
      : causeOfStatus(status, doing, issues, body);
  const wait = cause === 'send/throttled' || cause === 'send/unavailable' ? retryAfter(answer.headers, now) : undefined;
  return {
    cause,
    detail: describe(status, doing, issues, body),
    ...(issues.length === 0 ? {} : { issues: issues.map(withoutWords) }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

/**
 * A web page, or a redirect to somewhere else, does not come from the EHR but from what stands before it: a proxy
 * without its backend answers 404 to everything. It must not be taken for the word that a resource is gone.
 */
const isPage = ({ status, headers, body }: FhirAnswer): boolean =>
  (status >= 300 && status < 400) ||
  (headers['content-type']?.includes('html') === true && body.trimStart().startsWith('<'));

function causeOfStatus(status: number, doing: Doing, issues: readonly OutcomeIssue[], body: unknown): CauseCode {
  const codes = new Set(issues.flatMap((issue) => [issue.code, ...issue.vendorCodes]));
  const has = (wanted: ReadonlySet<string>): boolean => !codes.isDisjointFrom(wanted);
  if (doing === 'token') return tokenCause(status, body);
  if (status === 429 || has(throttledCodes)) return 'send/throttled';
  if (status === 503) return 'send/unavailable';
  if (status >= 500) return serverErrorCause(status, doing);
  if (status === 401) return 'send/auth';
  if (status === 403) return has(chartClosedCodes) || doing === 'entry' ? 'send/refused' : 'send/auth';
  if (has(authCodes)) return 'send/auth';
  if (status === 409 || status === 412 || status === 423) return 'send/write-race';
  if (status === 400 && (has(raceCodes) || issues.some((issue) => raceWords.test(issue.words))))
    return 'send/write-race';
  if (status === 408) return doing === 'read' || doing === 'search' ? 'send/unavailable' : 'send/timeout';
  if (codes.has('not-supported')) return 'send/unsupported';
  if (status === 425 || has(transientCodes)) return 'send/unavailable';
  if (status === 410) return 'send/gone';
  if (status === 404)
    return doing === 'read' || doing === 'update' || doing === 'entry' ? 'send/gone' : 'send/unsupported';
  if (status === 405) return 'send/unsupported';
  return 'send/refused';
}

/** This one chart is closed to us; nothing follows from it for a type, or for the credentials. */
export const isChartClosed = ({ body }: FhirAnswer): boolean =>
  outcomeIssues(parse(body)).some((issue) => issue.vendorCodes.some((code) => chartClosedCodes.has(code)));

/** A 5xx on a write does not say whether it was written before the server fell over. Reading again costs nothing. */
function serverErrorCause(status: number, doing: Doing): CauseCode {
  if (status === 501) return 'send/unsupported';
  if (doing === 'read' || doing === 'search') return 'send/unavailable';
  return status === 504 ? 'send/timeout' : status === 502 ? 'send/connection-lost' : 'send/answer-unreadable';
}

/** RFC 6749 §5.2 says 400 or 401; some servers answer 400 `invalid_request` to a wrong secret. */
function tokenCause(status: number, body: unknown): CauseCode {
  if (status === 429) return 'send/throttled';
  if (status >= 500 || status === 408) return 'send/unavailable';
  const error = isObject(body) ? text(body['error']) : undefined;
  if (error === 'temporarily_unavailable' || error === 'server_error') return 'send/unavailable';
  return 'send/auth';
}

/** Did the server refuse a Bundle for its size alone? Then nothing was written, and smaller ones may pass. */
export function isTooLarge(answer: FhirAnswer): boolean {
  if (answer.status === 413) return true;
  if (answer.status !== 400 && answer.status !== 422) return false;
  return outcomeIssues(parse(answer.body)).some((issue) => issue.code === 'too-long' || tooManyWords.test(issue.words));
}

/** A conditional request found more than one resource (R4 http §3.1.0.8.1: 412). */
export function isMultipleMatches(answer: FhirAnswer): boolean {
  if (answer.status !== 412 && answer.status !== 400) return false;
  const issues = outcomeIssues(parse(answer.body));
  if (
    issues.some(
      (issue) =>
        issue.code === 'multiple-matches' ||
        /multiple (matches|resources)|more than one (match|resource)/i.test(issue.words),
    )
  ) {
    return true;
  }
  return answer.status === 412 && issues.length === 0;
}

const withoutWords = (issue: OutcomeIssue): Issue => ({
  where: issue.where.map(pathOnly).join(', ') || 'answer',
  what: issue.vendorCodes.length === 0 ? issue.code : `${issue.code} (${issue.vendorCodes.map(codeOnly).join(', ')})`,
  code: codeOnly(issue.code),
  severity: issue.severity === 'warning' || issue.severity === 'information' ? 'warning' : 'error',
});

/** A path may quote a value in a filter; a code may be anything a server made up. Keep what is shaped like one. */
const pathOnly = (path: string): string => path.replaceAll(/'[^']*'|"[^"]*"/g, "'…'").slice(0, 200);
const codeOnly = (code: string): string => (/^[\w.-]{1,64}$/.test(code) && !/\d{6}/.test(code) ? code : '…');

function describe(status: number, doing: Doing, issues: readonly OutcomeIssue[], body: unknown): string {
  const oauth = doing === 'token' && isObject(body) ? text(body['error']) : undefined;
  const codes = [...new Set(issues.map((issue) => codeOnly(issue.code)))].join(', ');
  const what = doing === 'token' ? 'the token endpoint' : 'the EHR';
  return [`${what} answered ${status} to a ${doing}`, oauth === undefined ? codes : codeOnly(oauth)]
    .filter((part) => part !== '')
    .join(': ');
}
