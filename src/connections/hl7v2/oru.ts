/**
 * A vital sign or a point-of-care test as ORU^R01 (HL7 v2.5.1 §7.3): an order of its own, whose filler number is our
 * artifact, so that a correction and a withdrawal replace it. Pure.
 */
import type { Resource } from '../../core/ports.ts';
import type { Segment } from '../../hl7v2/message.ts';
import { isObject, objects, text } from '../fhir/json.ts';
import type { Json } from '../fhir/json.ts';
import type { Body, Wanted } from './built.ts';
import { cweOf } from './codes.ts';
import type { Hl7InterfaceConfig } from './config.ts';
import { hashOf, numberOf } from './mdm.ts';
import { personOf } from './people.ts';
import { of, segment } from './segments.ts';
import type { Content } from './segments.ts';
import { dtmOf } from './times.ts';
import { valueOf } from './values.ts';

type Results = NonNullable<Hl7InterfaceConfig['results']>;

/** Table 0085 by R4 status; a correction of a final one is C whatever the map calls it. */
const statuses: Readonly<Record<string, string>> = {
  preliminary: 'P',
  final: 'F',
  amended: 'C',
  corrected: 'C',
  cancelled: 'X',
};

type Part = { readonly code: readonly string[]; readonly holder: Json };

/**
 * May it go as ORU? A vital sign or a laboratory value with a code, a subject and a time, whose values OBX can hold. Who
 * may see it has no place in ORU: what is labelled does not go this way.
 */
export const isResult = (resource: Resource): boolean => partsOf(resource) !== undefined;

function partsOf(resource: Resource): readonly Part[] | undefined {
  if (resource.resourceType !== 'Observation' || !isMeasured(resource) || isLabelled(resource)) return undefined;
  if (dtmOf(resource['effectiveDateTime']) === undefined || statuses[text(resource['status']) ?? ''] === undefined)
    return undefined;
  const components = objects(resource['component']);
  const holders: readonly Json[] = components.length === 0 ? [resource] : components;
  // A value beside components would be lost, or told twice.
  if (components.length > 0 && valueOf(resource) !== undefined) return undefined;
  const parts = holders.flatMap((holder): Part[] => {
    const code = cweOf(holder['code']);
    return code === undefined || valueOf(holder) === 'other' ? [] : [{ code, holder }];
  });
  return parts.length === holders.length && cweOf(resource['code']) !== undefined ? parts : undefined;
}

const isMeasured = (resource: Resource): boolean =>
  objects(resource['category']).some((category) =>
    objects(category['coding']).some(({ code }) => code === 'vital-signs' || code === 'laboratory'),
  );

const isLabelled = ({ meta }: Resource): boolean => isObject(meta) && objects(meta['security']).length > 0;

/** Undefined: it is no such Observation. */
export function oruOf(wanted: Wanted, results: Results, namespace: string): Body | undefined {
  return wanted.do === 'put' ? resultOf(wanted, namespace) : withdrawalOf(wanted, results, namespace);
}

const type = ['ORU', 'R01', 'ORU_R01'] as const;

function resultOf({ artifact, resource, sent }: Extract<Wanted, { do: 'put' }>, namespace: string): Body | undefined {
  const parts = partsOf(resource);
  const service = cweOf(resource['code']);
  const at = dtmOf(resource['effectiveDateTime']);
  if (parts === undefined || service === undefined || at === undefined) return undefined;
  const written = (first: boolean): readonly Segment[] => {
    const status = statusOf(resource, first);
    const obx = parts.map((part, index) => obxOf(part, index + 1, at, status, resource));
    return [...order(artifact, namespace, service, at, status), ...obx, ...notesOf(resource)];
  };
  const hash = hashOf(written(true));
  const number = numberOf(sent, hash);
  return {
    type,
    segments: written(number === 1),
    sent: { hash, number, at, codes: [service, ...parts.map(({ code }) => code)] },
  };
}

function withdrawalOf(
  { artifact, sent }: Extract<Wanted, { do: 'void' }>,
  { voided }: Results,
  namespace: string,
): Body {
  const [service = [], ...codes] = sent.codes;
  return {
    type,
    segments: [
      ...order(artifact, namespace, service, sent.at ?? '', 'C'),
      ...codes.map((code, index) => segment('OBX', { 1: String(index + 1), 3: { of: code }, 11: voided, 14: sent.at })),
    ],
    sent: { ...sent, number: sent.number + 1, hash: 'withdrawn' },
  };
}

/** A first message has nothing to correct: the receiver would look for what it has not. */
function statusOf(resource: Resource, first: boolean): string {
  const status = statuses[text(resource['status']) ?? ''] ?? 'F';
  if (first) return status === 'C' ? 'F' : status;
  return status === 'F' ? 'C' : status;
}

function order(
  artifact: string,
  namespace: string,
  service: readonly string[],
  at: string,
  status: string,
): readonly Segment[] {
  const filler = of(artifact, namespace);
  return [
    segment('ORC', { 1: 'RE', 3: filler }),
    segment('OBR', { 1: '1', 3: filler, 4: { of: service }, 7: at, 25: status }),
  ];
}

function obxOf({ code, holder }: Part, set: number, at: string, status: string, resource: Resource): Segment {
  const value = valueOf(holder);
  const performer = objects(resource['performer']).flatMap((each) => {
    const person = personOf(each);
    return person === undefined || text(each['reference'])?.startsWith('Patient/') === true ? [] : [person];
  })[0];
  const method = cweOf(resource['method']);
  const measured = value === undefined || value === 'other' ? undefined : value;
  return segment('OBX', {
    1: String(set),
    2: measured?.type,
    3: { of: code },
    5: measured?.value,
    6: measured?.units,
    7: rangeOf(holder),
    8: flagsOf(holder),
    // Without a value it was wanted and not obtained.
    11: measured === undefined ? 'X' : status,
    14: at,
    16: performer === undefined ? undefined : { of: performer },
    17: method === undefined ? undefined : { of: method },
  });
}

function flagsOf(holder: Json): Content {
  const codes = objects(holder['interpretation']).flatMap((each) => text(objects(each['coding'])[0]?.['code']) ?? []);
  return codes.length === 0 ? undefined : { each: codes.map((code) => [code]) };
}

function rangeOf(holder: Json): string | undefined {
  const [range] = objects(holder['referenceRange']);
  if (range === undefined) return undefined;
  const limit = (name: string): string | undefined =>
    isObject(range[name]) && typeof range[name]['value'] === 'number' ? String(range[name]['value']) : undefined;
  const [low, high] = [limit('low'), limit('high')];
  if (text(range['text']) !== undefined) return text(range['text']);
  if (low !== undefined && high !== undefined) return `${low}-${high}`;
  return low === undefined ? high && `<${high}` : `>${low}`;
}

/** How it was taken is part of what it means: a home reading is not the clinic's. */
function notesOf(resource: Resource): readonly Segment[] {
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  const told = objects(meta['tag']).some(({ code }) => code === 'patient-supplied');
  const device = isObject(resource['device']) ? text(resource['device']['display']) : undefined;
  const lines = [
    ...(told ? ['Patient supplied.'] : []),
    ...(device === undefined ? [] : [`Device: ${device}.`]),
    ...objects(resource['note']).flatMap((note) => text(note['text'])?.split(/\r\n|\r|\n/) ?? []),
  ];
  return lines.map((line, index) => segment('NTE', { 1: String(index + 1), 3: line }));
}
