/** Errors as `application/problem+json` (RFC 9457). `detail` ends with what to do; it never repeats what was sent. */
import type { Response } from 'express';
import type { Issue } from '../core/outcome.ts';

export type Problem = {
  /** Last part of the type URI; stable, for programs. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly issues?: readonly Issue[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members. */
  readonly more?: Readonly<Record<string, unknown>>;
};

const problemType = (code: string): string => `https://tejido.dev/problems/${code}`;

/** The document; `errors` lists every issue with its JSON pointer. */
export const problemBody = (problem: Problem): Record<string, unknown> => ({
  type: problemType(problem.code),
  title: problem.title,
  status: problem.status,
  ...(problem.detail === undefined ? {} : { detail: problem.detail }),
  ...(problem.issues === undefined
    ? {}
    : {
        errors: problem.issues.map(({ where, what, code }) => ({
          pointer: where,
          detail: what,
          ...(code === undefined ? {} : { code }),
        })),
      }),
  ...problem.more,
});

export function sendProblem(res: Response, problem: Problem): void {
  for (const [name, value] of Object.entries(problem.headers ?? {})) res.setHeader(name, value);
  const body = JSON.stringify({ ...problemBody(problem), requestId: res.locals['requestId'] as string });
  res.status(problem.status).type('application/problem+json').send(body);
}

/** Thrown where a handler cannot go on; the app turns it into its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export const refuse = (problem: Problem): never => {
  throw new Refusal(problem);
};

export const unavailable = (detail: string): Problem => ({
  code: 'unavailable',
  status: 503,
  title: 'Nothing was accepted; try again',
  detail,
  headers: { 'retry-after': '5' },
});

/** Any error as a problem. What is not expected says nothing of itself to the caller. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof Error && error.name === 'LedgerUnavailable') return unavailable(error.message);
  const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : '';
  switch (type) {
    case 'entity.too.large':
      return {
        code: 'body-too-large',
        status: 413,
        title: 'The body is too large',
        detail: 'Send the items in several requests.',
      };
    case 'encoding.unsupported':
      return {
        code: 'encoding-unsupported',
        status: 415,
        title: 'This Content-Encoding is not read',
        detail: 'Use gzip, deflate, br, or none.',
      };
    case 'request.aborted':
    case 'request.size.invalid':
      return {
        code: 'body-incomplete',
        status: 400,
        title: 'The body did not arrive whole',
        detail: 'Nothing was accepted. Send it again.',
      };
    default:
  }
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return {
      code: 'bad-request',
      status,
      title: 'The request could not be read',
      detail: 'Check the URL and the headers.',
    };
  }
  return {
    code: 'internal',
    status: 500,
    title: 'Tejido met a fault of its own',
    detail: 'Nothing was accepted. Report it with the requestId.',
  };
}
