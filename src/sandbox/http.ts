/** The wire: bodies, media types, headers, and how an answer leaves, whole or broken. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { problem } from './outcome.ts';

export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is (give its content-type); anything else as FHIR JSON; absent: no body. */
  readonly body?: unknown;
};

const largest = 50 * 1024 * 1024;

/** The whole body, at most 50 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw problem(413, 'too-long', 'The body is larger than 50 MB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** Reads JSON of one of the media types, or answers 415 (wrong type) or 400 (not JSON). */
export function readJsonBody(body: Buffer, contentType: string | undefined, accepted: readonly string[]): unknown {
  if (!accepted.includes(mediaType(contentType)))
    throw problem(415, 'not-supported', `Content-Type must be ${accepted.join(' or ')}.`);
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw problem(400, 'structure', 'The body is not JSON.');
  }
}

export function readForm(body: Buffer, contentType: string | undefined): string {
  const type = mediaType(contentType);
  if (body.length > 0 && type !== 'application/x-www-form-urlencoded')
    throw problem(415, 'not-supported', 'Content-Type must be application/x-www-form-urlencoded.');
  return body.toString('utf8');
}

export const fhirJson = ['application/fhir+json', 'application/json'] as const;

const ranges = (accept: string | undefined): readonly string[] => (accept ?? '*/*').split(',').map(mediaType);

export const wantsHtml = (accept: string | undefined): boolean => ranges(accept).includes('text/html');

const jsonFormats = new Set(['json', 'application/json', 'application/fhir+json', 'text/json']);

/** `_format` counts more than Accept (R4 §3.1.0.1.11). */
export function acceptsJson(accept: string | undefined, format: string | null): boolean {
  if (format !== null) return jsonFormats.has(mediaType(format.replaceAll(' ', '+')));
  return ranges(accept).some(
    (range) => range === '' || range === '*/*' || range === 'application/*' || jsonFormats.has(range),
  );
}

const has = (faults: readonly Fault[], kind: Fault['fault']): boolean => faults.some(({ fault }) => fault === kind);

/** Sends the answer, unless a fault breaks it. Says what became of it. */
export function send(response: ServerResponse, answer: Answer, faults: readonly Fault[]): number | 'dropped' {
  if (has(faults, 'drop-after-commit')) {
    response.socket?.destroy();
    return 'dropped';
  }
  if (has(faults, 'hang-after-commit')) return 'dropped';
  const { status, headers = {}, body } = answer;
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (bytes && !response.hasHeader('content-type'))
    response.setHeader('content-type', 'application/fhir+json; charset=utf-8');
  response.setHeader('content-length', bytes?.length ?? 0);
  if (bytes && has(faults, 'half-response')) {
    const { socket } = response;
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket?.destroy());
    return 'dropped';
  }
  if (status === 204) response.removeHeader('content-length');
  response.end(bytes);
  return status;
}
