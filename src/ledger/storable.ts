/**
 * Postgres' text takes no NUL and no half of a surrogate pair, and an index no key beyond 2,704 bytes. What a sender or an
 * EHR wrote may hold either. The bytes are kept as they came; what the ledger writes beside them is made storable here.
 */
import { createHash } from 'node:crypto';
import type { Demographics } from '../core/matching/demographics.ts';
import type { Incoming, PatientIdentifiers } from '../core/ports.ts';

const longestKey = 1_024;

const plain = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\ufffd');

/** As it is, when it can be stored; else by its hash: different ids stay different. */
function keyOf(id: string): string {
  const storable = plain(id) === id && Buffer.byteLength(id) <= longestKey;
  return storable ? id : `sha256:${createHash('sha256').update(id, 'utf16le').digest('hex')}`;
}

const patientOf = ({ source, sourcePatientId, mrn, dob, demographics }: PatientIdentifiers): PatientIdentifiers => ({
  source: keyOf(source),
  ...(sourcePatientId === undefined ? {} : { sourcePatientId: keyOf(sourcePatientId) }),
  ...(mrn === undefined ? {} : { mrn: keyOf(mrn) }),
  ...(dob === undefined ? {} : { dob: plain(dob) }),
  ...(demographics === undefined ? {} : { demographics: toldOf(demographics) }),
});

/** Nothing a person is called by is longer; what is would only fill the index. */
const word = (text: string): string => plain(text).slice(0, 200);

const toldOf = (told: Demographics): Demographics =>
  Object.fromEntries(
    Object.entries(told).map(([field, value]) => [field, typeof value === 'string' ? word(value) : value?.map(word)]),
  );

export const storable = (item: Incoming): Incoming => ({
  ...item,
  source: keyOf(item.source),
  kind: plain(item.kind).slice(0, 200),
  contentType: plain(item.contentType),
  ...(item.record === undefined ? {} : { record: { ...item.record, id: keyOf(item.record.id) } }),
  ...(item.patient === undefined ? {} : { patient: patientOf(item.patient) }),
  ...(item.dependsOn === undefined ? {} : { dependsOn: item.dependsOn.map(keyOf) }),
});

/** JSON that a jsonb parameter takes. */
export function asJsonb(value: unknown): string {
  const text = JSON.stringify(value);
  return /\\u0000|\\ud[89a-f]/i.test(text)
    ? JSON.stringify(value, (_, one: unknown) => (typeof one === 'string' ? plain(one) : one))
    : text;
}

/** SQLSTATE classes 22, 23 and 54: the data is to blame, not the storage; what came beside it may be written. */
export const blamesData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));
