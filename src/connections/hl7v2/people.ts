/** The patient and the author, as HL7 v2 names them. Pure. */
import type { Segment } from '../../hl7v2/message.ts';
import type { Resource } from '../../core/ports.ts';
import { identifiersOf } from '../fhir/identity.ts';
import { isObject, objects, text } from '../fhir/json.ts';
import { of, segment } from './segments.ts';
import type { Components } from './segments.ts';
import { dtmOf } from './times.ts';

/** Table 0001. */
const sexes: Readonly<Record<string, string>> = { female: 'F', male: 'M', other: 'O', unknown: 'U' };

/** CX.4: a namespace, or the OID of the system. */
function authorityOf(mrnSystem: string, namespace: string | undefined): string | readonly string[] {
  if (namespace !== undefined) return namespace;
  return mrnSystem.startsWith('urn:oid:') ? ['', mrnSystem.slice('urn:oid:'.length), 'ISO'] : '';
}

/**
 * PID with what it takes to find the chart, and to see that it is the right one: number, name, date of birth, sex.
 * Undefined when the patient has no number of the chart's own.
 */
export function pidOf(patient: Resource, mrnSystem: string, namespace: string | undefined): Segment | undefined {
  const numbers = identifiersOf(patient).filter((each) => each['system'] === mrnSystem && each['use'] !== 'old');
  const mrn = numbers.map((each) => text(each['value'])).find((each) => each !== undefined);
  if (mrn === undefined) return undefined;
  return segment('PID', {
    1: '1',
    3: of(mrn, undefined, undefined, authorityOf(mrnSystem, namespace), 'MR'),
    5: { of: nameOf(patient) },
    7: dtmOf(patient['birthDate']),
    8: sexes[text(patient['gender']) ?? ''],
  });
}

/** XPN: the official name, else the first. */
function nameOf(patient: Resource): Components {
  const names = objects(patient['name']);
  const name = names.find((each) => each['use'] === 'official') ?? names[0];
  if (name === undefined) return [];
  const given = Array.isArray(name['given']) ? name['given'].filter((each) => typeof each === 'string') : [];
  const family = text(name['family']);
  if (family === undefined && given.length === 0) return [text(name['text'])];
  return [family, given[0], given.slice(1).join(' ')];
}

/** XCN of whom a reference names. A name in words cannot be told apart into its parts: it stands as the family name. */
export function personOf(reference: unknown): Components | undefined {
  if (!isObject(reference)) return undefined;
  const display = text(reference['display']);
  const identifier = isObject(reference['identifier']) ? text(reference['identifier']['value']) : undefined;
  return display === undefined && identifier === undefined ? undefined : [identifier, display];
}
