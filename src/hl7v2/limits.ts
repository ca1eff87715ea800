/**
 * How much of one message is read. Everything is read in one go in the process that answers all senders: what takes
 * seconds, or gigabytes, is held and seen by a person, and nobody else waits for it. Far beyond what laboratories send.
 */
import { fail, type Failure } from '../core/outcome.ts';
import type { Delimiters, Hl7Message } from './message.ts';

const most = {
  segments: 20_000,
  /** Fields, repetitions, components and subcomponents. */
  parts: 500_000,
  /** Results of one patient, as they would be filed; the lines of a narrative are one. */
  results: 2_000,
  patients: 500,
  /** Each patient's message keeps all bytes of what came. */
  copiedBytes: 32_000_000,
} as const;

const failure = (where: string, what: string): Failure =>
  fail('source/too-large', what, { issues: [{ where, what }] }).failure;

const told = (count: number, what: string, limit: number): string =>
  `The message has ${String(count)} ${what}; at most ${String(limit)} are read.`;

/** Before it is taken apart: a part costs a hundred times its byte. */
export function tooManyParts(
  text: string,
  { field, component, repetition, subcomponent }: Delimiters,
): Failure | undefined {
  if (text.length <= most.parts) return undefined;
  const separators = new Set([field, component, repetition, subcomponent].map((one) => one.charCodeAt(0)));
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (separators.has(text.charCodeAt(at))) count += 1;
  return count <= most.parts ? undefined : failure('MSH', told(count, 'fields and parts of them', most.parts));
}

export const tooManySegments = (count: number): Failure | undefined =>
  count <= most.segments ? undefined : failure('MSH', told(count, 'segments', most.segments));

export const tooManyResults = (count: number): Failure | undefined =>
  count <= most.results ? undefined : failure('OBX', told(count, 'results of one patient', most.results));

/** `bytes`: of the whole message. */
export function tooManyPatients({ segments }: Hl7Message, bytes: number): Failure | undefined {
  const count = segments.filter(({ name }) => name === 'PID').length;
  if (count > most.patients) return failure('PID', told(count, 'patients', most.patients));
  if (count < 2 || count * bytes <= most.copiedBytes) return undefined;
  return failure('PID', `The message has ${String(count)} patients in ${String(bytes)} bytes: too many for its size.`);
}
