/** One request as the parts of the sandbox see it, and what they answer with when they cannot. */
import { normalizeOperationOutcome, OperationOutcomeError } from '@medplum/core';
import type { IncomingHttpHeaders } from 'node:http';
import type { Offer } from './capability.ts';
import type { Answer } from './http.ts';
import { published, statusOf } from './outcome.ts';
import type { Quirks } from './quirks.ts';

export type Asked = {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly quirks: Quirks;
  readonly offer: Offer;
  readonly arrived: Date;
};

export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

export type Preference = 'minimal' | 'representation' | 'OperationOutcome';

export const preferOf = (headers: IncomingHttpHeaders): Preference | undefined => {
  const [, found] = /return=(minimal|representation|OperationOutcome)/.exec(header(headers, 'prefer') ?? '') ?? [];
  return found as Preference | undefined;
};

const invalid = (text: string): Answer => ({
  status: 400,
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', details: { text } }] },
});

/** The answer to an error: an OperationOutcome with its status; what nobody expected is a 500 without details. */
export function failure(error: unknown): Answer {
  if (error instanceof RangeError) return invalid(error.message);
  if (error instanceof SyntaxError) return invalid('The body is not JSON.');
  if (error instanceof URIError) return invalid('The address is not well encoded.');
  if (error instanceof OperationOutcomeError) {
    const outcome = normalizeOperationOutcome(error);
    return { status: statusOf(outcome), body: published(outcome) };
  }
  const text = 'The sandbox met a fault of its own.';
  const issue = [{ severity: 'fatal', code: 'exception', details: { text } }];
  return { status: 500, body: { resourceType: 'OperationOutcome', issue } };
}
