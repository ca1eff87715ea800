/**
 * Laboratory results of a FHIR server: by what a report is known at the door, and what it tells when it is worked on.
 * An order is the same one by HL7 v2 and by FHIR: by its placer's and filler's numbers, and each result by its analyte.
 */
import { isInstant } from '../core/lab/bounded.ts';
import { isFhirObject, objectIn, objectsIn, textIn } from '../core/fhir-json.ts';
import type { FhirLabTree, LabMessage, LabOrder, OrderNumber, StandsAs } from '../core/lab/model.ts';
import { analyteOf, type Coded, resultKeys } from '../core/lab/result-key.ts';
import type { FhirLabSource } from '../core/lab/source.ts';
import { fail, ok, type Failure, type Outcome } from '../core/outcome.ts';
import type { Incoming, PatientIdentifiers, Resource } from '../core/ports.ts';
import { contentHash } from './content-hash.ts';
import { type LabBundle, readLabBundle } from './fhir-lab-bundle.ts';
import { mrnsOf, personOf } from './fhir-person.ts';

export type LabDelivery = {
  /** Base URL of the server, without a slash at its end. */
  readonly base: string;
  /** `DiagnosticReport/…`, or `Observation/…` of a result that no report refers to. */
  readonly about: string;
  /** The resource itself, and what it refers to. */
  readonly resources: readonly Resource[];
  /** Read from the chart: whose it is there, as the ledger knows the person. */
  readonly person?: PatientIdentifiers;
};

/** The message that is kept of one report. Never throws, never refuses: what is wrong is held. */
export function identifyFhirLab(delivery: LabDelivery, source: FhirLabSource): Incoming {
  const raw = bodyOf(delivery);
  const base = {
    raw,
    contentType: 'application/fhir+json',
    source: source.name,
    format: 'fhir-lab',
    actor: source.name,
  };
  const id = `${delivery.base}|${delivery.about}`;
  const bundle = readLabBundle(raw, source.systems);
  if (bundle === undefined) return { ...base, kind: 'unreadable', hold: unreadable };
  const person = delivery.person === undefined ? patientOf(bundle, source) : ok(delivery.person);
  const patient = person.ok ? person.value : undefined;
  const told = [...(bundle.report === undefined ? [] : [bundle.report]), ...bundle.observations, ...bundle.specimens];
  const { demographics: _, ...identifiers } = patient ?? { source: source.name };
  const version = versionOf(told);
  const occurredAt = dateOf(collectedOf(bundle));
  return {
    ...base,
    kind: 'lab-report',
    record: {
      id,
      ...(version === undefined ? {} : { version }),
      contentHash: contentHash([told.map(lasting), identifiers, numbersOf(bundle)]),
    },
    ...(patient === undefined ? {} : { patient }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(person.ok ? {} : { hold: person.failure }),
  };
}

/** What a message of the format `fhir-lab` tells. `source` is absent when it is no longer configured. */
export function readFhirLab(body: Uint8Array, source: FhirLabSource | undefined): Outcome<LabMessage> {
  if (source === undefined) return fail('mapping/no-route', 'The source of this message is no longer configured.');
  const bundle = readLabBundle(body, source.systems);
  if (bundle === undefined) return { ok: false, failure: unreadable };
  const patient = patientOf(bundle, source);
  if (!patient.ok) return patient;
  const { report, observations, specimens } = bundle;
  const main = report ?? observations[0];
  const told = [...(report === undefined ? [] : [report]), ...observations];
  const sent = latestOf(told) ?? textIn(main?.['issued']);
  const issued = textIn(main?.['issued']) ?? sent;
  if (main === undefined || issued === undefined || sent === undefined || ![issued, sent].every(isInstant)) {
    return fail('lab/no-order', 'The report has neither `issued` nor `meta.lastUpdated`: its versions have no order.');
  }
  const keys = resultKeys(observations.map(nameOf));
  const collected = collectedOf(bundle);
  const tree: FhirLabTree = {
    format: 'fhir-lab',
    ...(report === undefined ? {} : { report }),
    observation: observations,
    specimen: specimens,
    around: bundle.around,
    base: bundle.base,
  };
  const order: LabOrder = {
    ...numbersOf(bundle),
    service: analyteOf(nameOf(main)),
    ...(collected === undefined ? {} : { collected }),
    issued,
    sent,
    results: observations.map((one, index) => {
      const at = textIn(one['issued']);
      return { key: keys[index] ?? '', ...(at === undefined ? {} : { at }) };
    }),
    specimens: specimens.map((one, index) => one.id ?? String(index)),
    tree,
    ...(source.chartOf === undefined ? {} : { standsAs: standsAs(bundle, source.chartOf) }),
  };
  return ok({
    ...(patient.value === undefined ? {} : { patient: patient.value }),
    test: told.some(isTest),
    part2: source.part2,
    orders: [order],
  });
}

const unreadable: Failure = {
  cause: 'source/unreadable',
  detail: 'The payload is not a Bundle with a laboratory report.',
};

function bodyOf({ base, about, resources }: LabDelivery): Uint8Array {
  const entry = resources.map((resource) => ({
    fullUrl: `${base}/${resource.resourceType}/${resource.id ?? ''}`,
    resource,
  }));
  return Buffer.from(
    JSON.stringify({ resourceType: 'Bundle', identifier: { system: base, value: about }, type: 'collection', entry }),
  );
}

/** Who it is about; undefined: it names nobody. */
function patientOf(bundle: LabBundle, source: FhirLabSource): Outcome<PatientIdentifiers | undefined> {
  const main = bundle.report ?? bundle.observations[0];
  const at = latestOf(main === undefined ? [] : [main]);
  const read = bundle.patient === undefined ? undefined : personOf(bundle.patient, source.name, source.mrnSystems, at);
  const logical = objectIn(objectIn(main?.['subject'])['identifier']);
  const mrns = new Set([...(read?.mrns ?? []), ...mrnsOf([logical], source.mrnSystems, at)]);
  if (mrns.size > 1) return fail('match/conflict', 'The patient of the report has more than one current MRN.');
  const [mrn] = mrns;
  if (read !== undefined && (mrn === undefined || read.identifiers.mrn === mrn)) return ok(read.identifiers);
  if (mrn === undefined) return ok(undefined);
  const { sourcePatientId: _, ...known } = read?.identifiers ?? { source: source.name };
  return ok({ ...known, mrn });
}

const nameOf = (one: Resource): { codings: readonly Coded[]; text?: string } => {
  const code = objectIn(one['code']);
  const text = textIn(code['text']) ?? objectsIn(code['coding']).flatMap(({ display }) => textIn(display) ?? [])[0];
  const codings = objectsIn(code['coding']).map((coding): Coded => {
    const [system, value] = [textIn(coding['system']), textIn(coding['code'])];
    return { ...(system === undefined ? {} : { system }), ...(value === undefined ? {} : { code: value }) };
  });
  return { codings, ...(text === undefined ? {} : { text }) };
};

/**
 * The numbers of placer and filler: identifiers typed PLAC and FILL (v2-0203) of the report, then of what it is based on,
 * where an untyped one is the placer's. An untyped identifier of the report is the filler's. Without any, the report's place on
 * the server is its number.
 */
function numbersOf(bundle: LabBundle): { readonly placer?: OrderNumber; readonly filler?: OrderNumber } {
  const { report, orders, observations, base, about } = bundle;
  const main = report ?? observations[0];
  const own = objectsIn(main?.['identifier']);
  const ordered = [
    ...orders.flatMap((one) => objectsIn(one['identifier'])),
    ...objectsIn(main?.['basedOn']).flatMap(({ identifier }) => (isFhirObject(identifier) ? [identifier] : [])),
  ];
  const placer = typed(own, 'PLAC') ?? typed(ordered, 'PLAC') ?? untyped(ordered);
  const filler = typed(own, 'FILL') ?? typed(ordered, 'FILL') ?? (report === undefined ? undefined : untyped(own));
  if (placer === undefined && filler === undefined) return { filler: { value: about, system: base } };
  return { ...(placer === undefined ? {} : { placer }), ...(filler === undefined ? {} : { filler }) };
}

type Identifiers = ReturnType<typeof objectsIn>;

const numberOf = (identifier: Identifiers[number] | undefined): OrderNumber | undefined => {
  const [system, value] = [textIn(identifier?.['system']), textIn(identifier?.['value'])];
  return value === undefined ? undefined : { value, ...(system === undefined ? {} : { system }) };
};

const typesOf = (identifier: Identifiers[number]): readonly unknown[] =>
  objectsIn(objectIn(identifier['type'])['coding']).map(({ code }) => code);

const current = (identifiers: Identifiers): Identifiers => identifiers.filter(({ use }) => use !== 'old');

const typed = (identifiers: Identifiers, code: string): OrderNumber | undefined =>
  numberOf(current(identifiers).find((one) => typesOf(one).includes(code)));

const untyped = (identifiers: Identifiers): OrderNumber | undefined =>
  numberOf(current(identifiers).find((one) => typesOf(one).length === 0));

/** Of the report, else of its specimen, else of its first result. */
function collectedOf({ report, observations, specimens }: LabBundle): string | undefined {
  const collections = specimens.map((one) => objectIn(one['collection']));
  return [
    ...(report === undefined ? [] : [effectiveOf(report)]),
    ...collections.map((one) => textIn(one['collectedDateTime']) ?? textIn(objectIn(one['collectedPeriod'])['start'])),
    ...observations.map(effectiveOf),
  ].find((time) => time !== undefined);
}

const effectiveOf = (one: Resource): string | undefined =>
  textIn(one['effectiveDateTime']) ??
  textIn(one['effectiveInstant']) ??
  textIn(objectIn(one['effectivePeriod'])['start']);

const dateOf = (time: string | undefined): Date | undefined => {
  return time === undefined || !isInstant(time) ? undefined : new Date(time);
};

const updatedOf = (one: Resource): string | undefined => textIn(objectIn(one.meta)['lastUpdated']);

/** The newest `meta.lastUpdated`. */
const latestOf = (resources: readonly Resource[]): string | undefined =>
  resources
    .flatMap((one) => updatedOf(one) ?? [])
    .filter((time) => !Number.isNaN(Date.parse(time)))
    .toSorted((a, b) => Date.parse(b) - Date.parse(a))[0];

/** Microseconds: a result may have changed since its report did. */
function versionOf(resources: readonly Resource[]): number | undefined {
  const latest = latestOf(resources);
  return latest === undefined ? undefined : Date.parse(latest) * 1_000;
}

/** What says something: without what the server sets at each save, and without the narrative that it makes of the rest. */
function lasting(one: Resource): Resource {
  const { text: _, meta, ...rest } = one;
  const { security } = objectIn(meta);
  return security === undefined ? rest : { ...rest, meta: { security } };
}

/** v3-ActReason HTEST: made to test a system. */
const isTest = ({ meta }: Resource): boolean =>
  [...objectsIn(objectIn(meta)['security']), ...objectsIn(objectIn(meta)['tag'])].some(({ code }) => code === 'HTEST');

function standsAs({ about, report, observations }: LabBundle, destination: StandsAs['destination']): StandsAs {
  const contained = new Set(objectsIn(report?.['contained']));
  return {
    destination,
    ...(report === undefined ? {} : { report: about }),
    results: observations.map((one) =>
      contained.has(one) ? `${about}#${one.id ?? ''}` : `Observation/${one.id ?? ''}`,
    ),
  };
}
