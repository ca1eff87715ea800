import { describe, expect, test } from '@jest/globals';
import { classifyAnswer, isMultipleMatches, isTooLarge } from '../../src/connections/fhir/classify.ts';
import type { Doing } from '../../src/connections/fhir/classify.ts';
import { classifyError } from '../../src/connections/http.ts';

const now = new Date('2026-03-01T10:00:00Z');
const outcome = (code: string, words = '', vendor?: string): string =>
  JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code,
        details: { text: words, ...(vendor === undefined ? {} : { coding: [{ code: vendor }] }) },
        expression: ['Observation.value'],
      },
    ],
  });

describe('an answer', () => {
  const table: readonly [string, number, Doing, string, string][] = [
    [
      'row 1: an id that two transactions drew',
      400,
      'bundle',
      outcome('invalid', 'Assigned ID is already in use'),
      'send/write-race',
    ],
    [
      'row 1: a serialization failure',
      409,
      'bundle',
      outcome('conflict', 'could not serialize access'),
      'send/write-race',
    ],
    ['a deadlock reported as 400', 400, 'bundle', outcome('exception', 'deadlock detected'), 'send/write-race'],
    ['a stale If-Match', 412, 'update', '', 'send/write-race'],
    ['a conflict by code', 400, 'update', outcome('conflict'), 'send/write-race'],
    ['a locked resource', 423, 'update', '', 'send/write-race'],
    ['401', 401, 'create', '', 'send/auth'],
    ['403', 403, 'create', outcome('forbidden'), 'send/auth'],
    ['403 of one entry', 403, 'entry', outcome('forbidden'), 'send/refused'],
    ['one closed chart (Epic 4130)', 403, 'create', outcome('suppressed', '', '4130'), 'send/refused'],
    ['login asked for in a 400', 400, 'create', outcome('login'), 'send/auth'],
    ['429', 429, 'create', '', 'send/throttled'],
    ['throttling in a 400', 400, 'create', outcome('throttled'), 'send/throttled'],
    ['a daily limit (Epic 4135)', 400, 'create', outcome('business-rule', '', '4135'), 'send/throttled'],
    ['503', 503, 'create', '', 'send/unavailable'],
    ['500 on a write', 500, 'create', outcome('exception'), 'send/answer-unreadable'],
    ['502 on a write', 502, 'bundle', '<html>', 'send/connection-lost'],
    ['504 on a write', 504, 'update', '', 'send/timeout'],
    ['500 on a read', 500, 'read', '', 'send/unavailable'],
    ['502 on a search', 502, 'search', '', 'send/unavailable'],
    ['408 on a write', 408, 'create', '', 'send/timeout'],
    ['410', 410, 'read', '', 'send/gone'],
    ['404 on a read', 404, 'read', '', 'send/gone'],
    ['404 on an update', 404, 'update', '', 'send/gone'],
    ['404 on a create', 404, 'create', '', 'send/unsupported'],
    ['405', 405, 'create', '', 'send/unsupported'],
    ['501', 501, 'bundle', '', 'send/unsupported'],
    ['a transaction not supported', 400, 'bundle', outcome('not-supported'), 'send/unsupported'],
    ['422', 422, 'create', outcome('business-rule'), 'send/refused'],
    ['400', 400, 'create', 'not even JSON', 'send/refused'],
    ['a redirect', 302, 'create', '', 'send/unavailable'],
    ['row 15: a wrong secret', 400, 'token', '{"error":"invalid_request"}', 'send/auth'],
    ['invalid_client', 400, 'token', '{"error":"invalid_client"}', 'send/auth'],
    ['a token server in trouble', 500, 'token', '', 'send/unavailable'],
    ['a token server that is busy', 400, 'token', '{"error":"temporarily_unavailable"}', 'send/unavailable'],
  ];
  test.each(table)('%s (%i to a %s)', (_name, status, doing, body, cause) => {
    expect(classifyAnswer({ status, headers: {}, body }, doing, now)?.cause).toBe(cause);
  });

  test.each(['create', 'read', 'update', 'bundle'] as const)(
    'that is a proxy’s page says nothing about a %s',
    (doing) => {
      const page = {
        status: 404,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<html>Not found</html>',
      };
      expect(classifyAnswer(page, doing, now)?.cause).toBe('send/unavailable');
    },
  );

  test('of success is none', () => {
    expect(classifyAnswer({ status: 201, headers: {}, body: '' }, 'create', now)).toBeUndefined();
  });

  test('tells how long to wait, from any of the headers', () => {
    const wait = (headers: Record<string, string>) =>
      classifyAnswer({ status: 429, headers, body: '' }, 'create', now)?.retryAfterMs;
    expect(wait({ 'retry-after': '3' })).toBe(3000);
    expect(wait({ ratelimit: '"q";r=0;t=9' })).toBe(9000);
    expect(wait({})).toBeUndefined();
  });

  test('is described without its words, which may name a patient', () => {
    const body = outcome('invalid', 'Patient María García, 1961-03-02, was not found', 'María 1961');
    const failure = classifyAnswer({ status: 422, headers: {}, body }, 'create', now);
    expect(JSON.stringify(failure)).not.toMatch(/María|1961/);
    expect(failure?.issues).toEqual([
      {
        where: 'Observation.value',
        what: expect.stringContaining('invalid') as unknown,
        code: 'invalid',
        severity: 'error',
      },
    ]);
  });

  test.each([
    [
      'too many entries',
      400,
      outcome('invalid', 'Transaction requires strict isolation but has too many entries'),
      true,
    ],
    ['too many updates', 400, outcome('invalid', 'Transaction contains more update operations than allowed'), true],
    ['too large a body', 413, '', true],
    ['something else', 400, outcome('invalid', 'no'), false],
  ])('row 2: %s', (_name, status, body, expected) => {
    expect(isTooLarge({ status, headers: {}, body })).toBe(expected);
  });

  test('a stale version is not mistaken for several matches', () => {
    expect(isMultipleMatches({ status: 412, headers: {}, body: outcome('multiple-matches') })).toBe(true);
    expect(isMultipleMatches({ status: 412, headers: {}, body: outcome('conflict', 'version mismatch') })).toBe(false);
  });
});

describe('a network error', () => {
  test.each([
    ['ECONNREFUSED', 'send/connection-refused'],
    ['ENOTFOUND', 'send/connection-refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'send/connection-refused'],
    ['CERT_HAS_EXPIRED', 'send/connection-refused'],
    ['UND_ERR_HEADERS_TIMEOUT', 'send/timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'send/timeout'],
    ['ECONNRESET', 'send/connection-lost'],
    ['EPIPE', 'send/connection-lost'],
    ['UND_ERR_SOCKET', 'send/connection-lost'],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'send/answer-unreadable'],
    ['HPE_INVALID_CONSTANT', 'send/answer-unreadable'],
  ])('%s', (code, cause) => {
    expect(classifyError(Object.assign(new Error('…'), { code })).cause).toBe(cause);
  });
});
