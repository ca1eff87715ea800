/**
 * Business identifiers of what Tejido writes: opaque (a source's record id may itself be a patient's number), stable,
 * and the same for every attempt. `<key>.<slot>`, for example `q3v7….encounter`.
 */
import { createHash } from 'node:crypto';
import type { PatientKey } from './model.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

function key(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\n')).digest();
  // 26 characters of 5 bits: 130 bits of the digest.
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of digest.subarray(0, 17)) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < 26) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

/** Prefix of the artifacts of a record. `generation` rises when an edit moves the record to another person. */
export const recordKey = (source: string, recordId: string, generation: number): string =>
  key('record', source, recordId, String(generation));

/** Prefix of what belongs to the person rather than to one record: goals, care team, episode. */
export const subjectKey = (patient: PatientKey): string => key('subject', patient);

/** Of what a laboratory reports: named by what it is about, not by the message that told it. */
export const labKey = (...parts: readonly string[]): string => key('lab', ...parts);
