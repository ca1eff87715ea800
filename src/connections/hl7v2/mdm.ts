/**
 * A note as MDM (HL7 v2.5.1 §9.5, §9.6): T02 for a new one, T10 or T08 for a corrected one, T11 or T10 for one that is
 * withdrawn. Pure.
 */
import { createHash } from 'node:crypto';
import type { SentByV2 } from '../../core/model.ts';
import type { Resource } from '../../core/ports.ts';
import type { Segment } from '../../hl7v2/message.ts';
import { isObject, objects, text } from '../fhir/json.ts';
import { textOf } from '../fhir/tiers/note.ts';
import type { Body, Wanted } from './built.ts';
import { cweOf } from './codes.ts';
import type { Hl7InterfaceConfig } from './config.ts';
import { personOf } from './people.ts';
import { of, segment } from './segments.ts';
import type { Content } from './segments.ts';
import { dtmOf } from './times.ts';

type Documents = NonNullable<Hl7InterfaceConfig['documents']>;
type Event = 'T02' | 'T08' | 'T10' | 'T11';

/** MDM_T02 is the structure of every one of these with content; T11 has none (§9.5, MDM_T01). */
const typeOf = (event: Event): Body['type'] => ['MDM', event, event === 'T11' ? 'MDM_T01' : 'MDM_T02'];

const loinc = 'http://loinc.org';
const withdrawnText = 'Withdrawn: the note that this one replaces was entered in error. It is not to be used.';

/** Undefined: the resource is no note in plain text. */
export function mdmOf(wanted: Wanted, documents: Documents, namespace: string): Body | undefined {
  return wanted.do === 'put' ? noteOf(wanted, documents, namespace) : withdrawalOf(wanted, documents, namespace);
}

function noteOf(
  { artifact, resource, sent }: Extract<Wanted, { do: 'put' }>,
  documents: Documents,
  namespace: string,
): Body | undefined {
  const said = textOf(resource);
  if (said === undefined) return undefined;
  const codes = [documentType(resource, documents)];
  const lines = said.split(/\r\n|\r|\n/);
  const context = isObject(resource['context']) ? resource['context'] : {};
  const start = isObject(context['period']) ? dtmOf(context['period']['start']) : undefined;
  const at = start ?? dtmOf(resource['date']);
  const authors = authorsOf(resource);
  const hash = hashOf([codes, lines, at, authors, confidentiality(resource), title(resource)]);
  const number = numberOf(sent, hash);
  const event: Event = number === 1 ? 'T02' : documents.amended;
  const person: Content = authors.length === 0 ? undefined : { each: authors };
  const txa = segment('TXA', {
    1: '1',
    2: { of: codes[0] ?? [] },
    3: documents.text,
    4: at,
    5: person,
    6: dtmOf(resource['date']),
    9: person,
    ...numbers(artifact, number, event, namespace),
    // Table 0271, 0272, 0273.
    17: resource['docStatus'] === 'preliminary' ? 'IP' : 'AU',
    18: confidentiality(resource),
    19: 'AV',
    25: title(resource),
  });
  return {
    type: typeOf(event),
    segments: [txa, ...linesOf(lines, cweOf(resource['type']) ?? codes[0] ?? [], documents)],
    sent: { hash, number, codes, ...(at === undefined ? {} : { at }) },
  };
}

function withdrawalOf(
  { artifact, sent }: Extract<Wanted, { do: 'void' }>,
  documents: Documents,
  namespace: string,
): Body {
  const event = documents.voided;
  const number = event === 'T11' ? sent.number : sent.number + 1;
  const txa = segment('TXA', {
    1: '1',
    2: { of: sent.codes[0] ?? [] },
    3: documents.text,
    4: sent.at,
    ...numbers(artifact, number, event, namespace),
    17: 'AU',
    19: event === 'T11' ? 'CA' : 'AV',
  });
  return {
    type: typeOf(event),
    segments: event === 'T11' ? [txa] : [txa, ...linesOf([withdrawnText], sent.codes[0] ?? [], documents)],
    sent: { ...sent, number, hash: 'withdrawn' },
  };
}

/** A message that was not acknowledged goes again as it was; what differs from what was acknowledged is the next one. */
export const numberOf = (sent: SentByV2 | undefined, hash: string): number =>
  sent === undefined ? 1 : sent.hash === hash ? sent.number : sent.number + 1;

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);

/** TXA-12 and -13: a replacement has a number of its own, and names the one that it replaces; an edit does not. */
function numbers(artifact: string, number: number, event: Event, namespace: string): Readonly<Record<number, Content>> {
  const named = (n: number): Content => of(n === 1 ? artifact : `${artifact}.${n}`, namespace);
  if (event === 'T08') return { 12: named(1) };
  return event === 'T10' ? { 12: named(number), 13: named(number - 1) } : { 12: named(number) };
}

function documentType(resource: Resource, { types }: Documents): readonly string[] {
  const type = resource['type'];
  const codings = isObject(type) ? objects(type['coding']) : [];
  const code = codings.filter(({ system }) => system === loinc).map((each) => text(each['code']))[0];
  const local = code === undefined ? undefined : types[code];
  return local === undefined ? (cweOf(type) ?? ['', 'Note']) : [local];
}

const authorsOf = (resource: Resource) =>
  objects(resource['author']).flatMap((each) => {
    const person = personOf(each);
    return person === undefined ? [] : [person];
  });

const title = (resource: Resource): string | undefined => text(resource['description']);

/** Table 0272: usual, restricted, very restricted. */
function confidentiality(resource: Resource): string {
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  const labels = objects(meta['security']);
  if (labels.length === 0) return 'U';
  return labels.some(({ code }) => code === 'V') ? 'V' : 'R';
}

/** An empty line is a blank: an empty OBX-5 would say that there is no value. */
const linesOf = (lines: readonly string[], code: readonly string[], { text: kind }: Documents): readonly Segment[] =>
  (kind === 'FT' ? [lines.join('\n')] : lines).map((line, index) =>
    segment('OBX', { 1: String(index + 1), 2: kind, 3: { of: code }, 4: '1', 5: line === '' ? ' ' : line, 11: 'F' }),
  );
