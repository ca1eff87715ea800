/** A report of a FHIR server: as it is known at the door, as it is read, and as it is filed. */
import { describe, expect, test } from '@jest/globals';
import type { LabMessage, LabOrder } from '../../src/core/lab/model.ts';
import type { FhirLabSource } from '../../src/core/lab/source.ts';
import type { Incoming, Mapped, Resource } from '../../src/core/ports.ts';
import { fhirLabMapped } from '../../src/mapping/fhir-lab.ts';
import { identifyFhirLab, readFhirLab } from '../../src/sources/fhir-lab.ts';
import { aReport, aResult } from '../support/fhir-labs.ts';

const base = 'https://lab.test/fhir';
const source: FhirLabSource = {
  name: 'quest',
  mrnSystems: ['urn:mrn'],
  systems: { 'urn:theirs': 'urn:ours' },
  part2: false,
};
const meta = { versionId: '3', lastUpdated: '2026-05-04T20:00:00Z' };
const patient = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'urn:mrn', value: 'MRN-1' }],
  name: [{ use: 'official', given: ['Rosa'], family: 'Ejemplo' }],
  birthDate: '1961-03-02',
  ...more,
});

const known = (resources: readonly Resource[], about = 'DiagnosticReport/r1', from = source): Incoming =>
  identifyFhirLab({ base, about, resources }, from);
const message = (resources: readonly Resource[], about = 'DiagnosticReport/r1', from = source): LabMessage => {
  const read = readFhirLab(known(resources, about, from).raw, from);
  if (!read.ok) throw new Error(`${read.failure.cause}: ${read.failure.detail}`);
  return read.value;
};
const order = (...given: Parameters<typeof message>): LabOrder => message(...given).orders[0] as LabOrder;

const filed = (one: LabOrder): readonly Mapped[] => {
  const names = {
    report: 'a.report',
    results: one.results.map((_, n) => `a.r${String(n)}`),
    specimens: one.specimens.map((_, n) => `a.s${String(n)}`),
  };
  const context = {
    patient: { reference: 'Patient/here' },
    programme: { artifactSystem: 'urn:artifact', timeZone: 'America/Chicago' },
    source: 'quest',
    receivedAt: '2026-05-05T00:00:00Z',
    filed: {},
  };
  const made = fhirLabMapped(one, names, context, (name) => name);
  if (!made.ok) throw new Error(made.failure.detail);
  return made.value;
};
const resourceOf = (mapped: readonly Mapped[], artifact: string): Resource =>
  mapped.find((one) => one.artifact === artifact)?.resource ?? { resourceType: 'none' };

describe('at the door', () => {
  test('it is known by its place on the server, and a save that changes nothing is the same', () => {
    const first = known([aReport('r1', ['o1'], { meta }), aResult('o1', 7.9), patient()]);
    const saved = { meta: { versionId: '4', lastUpdated: '2026-05-05T20:00:00Z' }, text: { status: 'generated' } };
    const second = known([aReport('r1', ['o1'], saved), aResult('o1', 7.9), patient({ telecom: [] })]);
    expect(first.record?.id).toBe(`${base}|DiagnosticReport/r1`);
    expect(second.record?.contentHash).toBe(first.record?.contentHash);
    expect(second.record?.version).toBeGreaterThan(first.record?.version ?? 0);
    const other = known([aReport('r1', ['o1'], { meta }), aResult('o1', 8), patient()]);
    expect(other.record?.contentHash).not.toBe(first.record?.contentHash);
  });

  test('the patient is the one of the current MRN; two of them are a contradiction', () => {
    const old = { system: 'urn:mrn', value: 'OLD', use: 'old' };
    const ended = { system: 'urn:mrn', value: 'ENDED', period: { end: '2020-01-01' } };
    const now = { system: 'urn:mrn', value: 'MRN-1' };
    const of = (...identifier: readonly object[]) => known([aReport('r1', [], { meta }), patient({ identifier })]);
    expect(of(old, ended, now).patient).toMatchObject({ mrn: 'MRN-1', dob: '1961-03-02' });
    expect(of(now, { system: 'urn:mrn', value: 'MRN-2' }).hold).toMatchObject({ cause: 'match/conflict' });
    expect(of({ system: 'urn:other', value: 'x' }).patient).toMatchObject({
      sourcePatientId: 'p1',
      demographics: { given: 'Rosa', family: 'Ejemplo' },
    });
    const logical = { subject: { identifier: { system: 'urn:mrn', value: 'MRN-7' } } };
    expect(known([aReport('r1', [], { meta, ...logical })]).patient).toMatchObject({ mrn: 'MRN-7' });
    expect(known([aReport('r1', [], { meta, subject: { display: 'x' } })]).patient).toBeUndefined();
  });

  test('what is no report is kept and held', () => {
    expect(known([], 'DiagnosticReport/r1')).toMatchObject({ hold: { cause: 'source/unreadable' } });
  });
});

describe('reading', () => {
  test('placer and filler by their types, by the order, or by the place on the server', () => {
    expect(order([aReport('r1', [], { meta })])).toMatchObject({
      placer: { value: 'P-r1', system: 'urn:lab:orders' },
      filler: { value: 'F-r1', system: 'urn:lab:orders' },
    });
    const ordered: Resource = {
      resourceType: 'ServiceRequest',
      id: 's1',
      identifier: [{ value: 'P-9', system: 'urn:p' }],
    };
    const based = { meta, identifier: [{ value: 'A-1' }], basedOn: [{ reference: 'ServiceRequest/s1' }] };
    expect(order([aReport('r1', [], based), ordered])).toMatchObject({
      placer: { value: 'P-9', system: 'urn:p' },
      filler: { value: 'A-1' },
    });
    expect(order([aReport('r1', [], { meta, identifier: [] })]).filler).toEqual({
      value: 'DiagnosticReport/r1',
      system: base,
    });
  });

  test('results in the order of the report, with members of panels, by LOINC', () => {
    const panel = aResult('panel', 0, {
      code: { coding: [{ system: 'urn:theirs', code: 'PNL' }] },
      hasMember: [{ reference: `${base}/Observation/o2/_history/4` }],
    });
    const one = order([aReport('r1', ['panel', 'o1', 'lost'], { meta }), aResult('o1', 7), aResult('o2', 8), panel]);
    expect(one.results.map(({ key }) => key)).toEqual([
      'urn:ours|PNL',
      'http://loinc.org|4548-4',
      'http://loinc.org|4548-4#2',
    ]);
    expect(one).toMatchObject({
      service: 'http://loinc.org|4548-4',
      collected: '2026-05-04T08:15:00-05:00',
      issued: '2026-05-04T14:00:00-05:00',
      sent: '2026-05-04T20:00:00Z',
    });
  });

  test('a contained result is a result; a test record is told', () => {
    const contained = [{ ...aResult('in', 7.9) }];
    const one = message([
      aReport('r1', [], {
        meta: { ...meta, security: [{ code: 'HTEST' }] },
        contained,
        result: [{ reference: '#in' }],
      }),
    ]);
    expect(one.test).toBe(true);
    expect(one.orders[0]?.results).toHaveLength(1);
    const mapped = filed(one.orders[0] as LabOrder);
    expect(resourceOf(mapped, 'a.report')).toMatchObject({ result: [{ reference: 'urn:uuid:a.r0' }] });
    expect(resourceOf(mapped, 'a.report')).not.toHaveProperty('contained');
  });

  test('without a time its versions have no order', () => {
    const undated = known([aReport('r1', [], { issued: undefined })]);
    expect(readFhirLab(undated.raw, source)).toMatchObject({ ok: false, failure: { cause: 'lab/no-order' } });
  });
});

describe('filing', () => {
  const specimen: Resource = {
    resourceType: 'Specimen',
    id: 'sp1',
    subject: { reference: 'Patient/p1' },
    collection: { collector: { reference: 'Practitioner/9' } },
  };
  const laboratory: Resource = {
    resourceType: 'Organization',
    id: 'org',
    name: 'County Lab',
    identifier: [{ value: 'CLIA' }],
  };
  const whole = filed(
    order([
      aReport('r1', ['o1'], {
        meta: { ...meta, source: 'x', security: [{ system: 'urn:s', code: 'R' }] },
        text: { status: 'generated', div: '<div>x</div>' },
        specimen: [{ reference: 'Specimen/sp1' }],
        performer: [{ reference: 'Organization/org' }, { reference: 'Practitioner/nobody' }],
        encounter: { reference: 'Encounter/5' },
        contained: [
          { resourceType: 'Device', id: 'd' },
          { resourceType: 'Patient', id: 'me' },
        ],
        presentedForm: [{ contentType: 'application/pdf', url: 'Binary/7' }],
        media: [{ link: { reference: 'Media/3' } }],
        extension: [{ url: 'urn:x', valueReference: { reference: '#d' } }],
      }),
      aResult('o1', 7.9, {
        meta,
        specimen: { reference: 'Specimen/sp1' },
        referenceRange: [{ text: '4.0-5.6' }],
        component: [{ code: { text: 'part' }, valueString: 'as it was' }],
      }),
      specimen,
      laboratory,
      patient(),
    ]),
  );
  const report = resourceOf(whole, 'a.report');
  const result = resourceOf(whole, 'a.r0');

  test('what is referred to comes first, each under our identifier and about our patient', () => {
    expect(whole.map(({ artifact }) => artifact)).toEqual(['a.s0', 'a.r0', 'a.report']);
    for (const { resource, artifact } of whole) {
      expect(resource['subject']).toEqual({ reference: 'Patient/here' });
      expect(resource['identifier']).toContainEqual({ system: 'urn:artifact', value: artifact });
      expect(resource).not.toHaveProperty('id');
    }
  });

  test('status, codes, values, ranges and components are left alone', () => {
    const { status, code, valueQuantity, referenceRange, component, issued, effectiveDateTime } = aResult('o1', 7.9, {
      referenceRange: [{ text: '4.0-5.6' }],
      component: [{ code: { text: 'part' }, valueString: 'as it was' }],
    });
    expect(result).toMatchObject({
      status,
      code,
      valueQuantity,
      referenceRange,
      component,
      issued,
      effectiveDateTime,
    });
    expect(result['specimen']).toEqual({ reference: 'urn:uuid:a.s0' });
  });

  test('what is of that server alone does not come along; what leads nowhere becomes a name, or is left out', () => {
    expect(report['meta']).toEqual({
      profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-lab'],
      security: [{ system: 'urn:s', code: 'R' }],
    });
    for (const name of ['text', 'encounter', 'media']) expect(report).not.toHaveProperty(name);
    expect(report['performer']).toEqual([
      { type: 'Organization', identifier: { value: 'CLIA' }, display: 'County Lab' },
    ]);
    expect(report['contained']).toEqual([{ resourceType: 'Device', id: 'd' }]);
    expect(report['presentedForm']).toEqual([{ contentType: 'application/pdf', url: `${base}/Binary/7` }]);
    expect(resourceOf(whole, 'a.s0')).not.toHaveProperty('collection');
  });

  test('what may turn the meaning into its opposite is not filed', () => {
    const turned = order([
      aReport('r1', ['o1'], { meta }),
      aResult('o1', 7.9, { modifierExtension: [{ url: 'urn:not' }] }),
    ]);
    expect(() => filed(turned)).toThrow('modifierExtension');
  });
});
