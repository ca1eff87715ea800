/** Whose a number or code is: a URI where one is known, else the namespace as it was sent. */
import type { OrderNumber } from '../core/lab/model.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { Component } from './message.ts';
import { isNull } from './values.ts';

/** Table 0396 and what is written instead: only those that name a result in its order (core/lab/result-key.ts). */
const codeSystems: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  LOINC: 'http://loinc.org',
  '2.16.840.1.113883.6.1': 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  C4: 'http://www.ama-assn.org/go/cpt',
  CPT: 'http://www.ama-assn.org/go/cpt',
};

/** Of CE.3 and its kin. Never by configuration: it is part of what a result is known by. */
export function codeSystemOf(name: string): string | undefined {
  const plain = name.trim();
  if (plain === '' || isNull(plain)) return undefined;
  const upper = plain.toUpperCase();
  return Object.hasOwn(codeSystems, upper) ? codeSystems[upper] : plain;
}

type Systems = Pick<Hl7Sender, 'systems'>;

/** HD: namespace, universal id, its type. */
export function assignerOf(
  namespace: string,
  universalId: string,
  universalIdType: string,
  { systems }: Systems,
): string | undefined {
  const [name, id] = [namespace, universalId].map((text) => (isNull(text.trim()) ? '' : text.trim())) as [
    string,
    string,
  ];
  for (const known of [name, id]) if (known !== '' && Object.hasOwn(systems, known)) return systems[known];
  if (id !== '') {
    const type = universalIdType.trim().toUpperCase();
    if (/^[0-2](?:\.\d+)+$/.test(id) && (type === 'ISO' || type === '')) return `urn:oid:${id}`;
    if (type === 'UUID' || type === 'GUID') return `urn:uuid:${id.toLowerCase()}`;
    if (type === 'URI' || type === 'URL') return id;
  }
  return name !== '' ? name : id === '' ? undefined : id;
}

/** EI, as components or as the subcomponents of one. Undefined without a number. */
export function numberOf(parts: Component, sender: Systems): OrderNumber | undefined {
  const value = (parts[0] ?? '').trim();
  if (value === '' || isNull(value)) return undefined;
  const system = assignerOf(parts[1] ?? '', parts[2] ?? '', parts[3] ?? '', sender);
  return { value, ...(system === undefined ? {} : { system }) };
}
